"""`./dev test`: what may share the machine on four processes, then, alone, what measures time.

Options alone (`-v`, `-x`) go to both; arguments that name tests, or choose them, make it one run of those.
"""

import subprocess
import sys

PYTEST = [sys.executable, "-m", "pytest"]
TOGETHER = ["-n", "4", "--dist", "loadfile", "-m", "not soak and not alone"]
ALONE = ["-m", "alone and not soak"]


def main(*arguments: str) -> int:
    """The greater of pytest's own statuses."""
    if any(not argument.startswith("-") for argument in arguments):
        return subprocess.run([*PYTEST, *arguments], check=False).returncode
    options = arguments or ("-q",)
    return max(subprocess.run([*PYTEST, *options, *chosen], check=False).returncode for chosen in (TOGETHER, ALONE))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

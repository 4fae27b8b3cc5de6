"""`./dev test`: what may share the machine on four processes, then, alone, what measures time; arguments name tests."""

import subprocess
import sys

PYTEST = [sys.executable, "-m", "pytest"]
TOGETHER = ["-n", "4", "--dist", "loadfile", "-m", "not soak and not alone"]
ALONE = ["-m", "alone and not soak"]


def main(*arguments: str) -> int:
    """Pytest's own status; with arguments a single run of exactly that."""
    if arguments:
        return subprocess.run([*PYTEST, *arguments], check=False).returncode
    statuses = [subprocess.run([*PYTEST, "-q", *chosen], check=False).returncode for chosen in (TOGETHER, ALONE)]
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

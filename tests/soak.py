"""`./dev soak`: the long runs, then the figures of the fault bars in full, written to `docs/fault-report.md`.

With arguments it is one run of the tests that they choose.
"""

import subprocess
import sys

PYTEST = [sys.executable, "-m", "pytest", "-m", "soak", "-n", "2"]
FIGURES = [sys.executable, "-m", "tests.fault.figures", "full"]


def main(*arguments: str) -> int:
    """The greater of the statuses."""
    commands = [[*PYTEST, *arguments]] if arguments else [PYTEST, FIGURES]
    return max(subprocess.run(command, check=False).returncode for command in commands)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""The tools, each run in a process of its own on the interpreter's own environment."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path


def tool(*command: str) -> Callable[[Path], list[str]]:
    """A check that runs `command` from the environment's own bin in the tree's root; its output is the findings."""

    def run(root: Path) -> list[str]:
        return run_tool(root, [str(Path(sys.executable).parent / command[0]), *command[1:]])

    return run


def run_tool(root: Path, command: Sequence[str]) -> list[str]:
    """The lines of a failed command; none when it succeeded."""
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    return [line for line in (done.stdout + done.stderr).splitlines() if line.strip()] or [f"exit {done.returncode}"]

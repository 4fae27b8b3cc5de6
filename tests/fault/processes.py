"""Processes as an operating system sees them."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def without_settings() -> dict[str, str]:
    """The environment of this process, but for the settings that somebody may have made in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GATEHOUSE_")}


def lives(pid: int) -> bool:
    """A zombie does not: it holds nothing any more, and some process 1 reap late."""
    with suppress(FileNotFoundError, ProcessLookupError):
        if sys.platform == "linux":
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        os.kill(pid, 0)
        return True
    return False


def eventually(holds: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether `holds()` comes true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True

"""Whom the servers run as: PostgreSQL refuses root, and we neither make accounts nor open anybody's folders.

Whoever owns the data folder runs them. Where that is root, they run in a user namespace in which root is an ordinary
user; where namespaces are forbidden (some containers), a fresh folder is given to the user id 65534 instead.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from errors import NotConfigured
from storage.embedded.server import WATCHDOG, private_folder
from storage.embedded.watchdog import CANNOT_RUN

_NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Identity:
    """`name` is what the watchdog understands; `user` is the owner of the files, seen from outside."""

    name: str
    user: int


def settle(folder: Path) -> Identity:
    """Makes `folder` if missing, and says whom the servers on it run as. Raises NotConfigured when it is not ours."""
    user = os.getuid()
    if user != 0:
        private_folder(folder, user)
        return Identity("self", user)
    private_folder(folder, folder.stat().st_uid if folder.exists() else 0)
    is_fresh = not (folder / "postgres").exists()
    if is_fresh and folder.stat().st_uid == 0 and not namespaces_allowed():
        _require_passage(folder)
        os.chown(folder, _NOBODY, -1)
    owner = folder.stat().st_uid
    return Identity(str(owner) if owner else "namespace", owner)


def find_closed(path: Path) -> Path | None:
    """The first folder on the way to `path`, itself left out, that others than its owner and group may not pass."""
    return next((folder for folder in reversed(path.absolute().parents) if not folder.stat().st_mode & 0o001), None)


def _require_passage(folder: Path) -> None:
    closed = find_closed(folder) or find_closed(Path(sys.prefix))
    if closed:
        raise NotConfigured(
            f"PostgreSQL will not run as root, user namespaces are forbidden here, and no other user may pass {closed}:"
            " run as an ordinary user, or set GATEHOUSE_DATA_DIR and install in folders that others may pass."
        )


def namespaces_allowed() -> bool:
    """Tries one, for kernels and containers forbid them in several ways."""
    trial = [sys.executable, "-I", "-S", str(WATCHDOG), "namespace", "SIGTERM", sys.executable, "-I", "-S", "-c", ""]
    finished = subprocess.run(trial, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return finished.returncode != CANNOT_RUN

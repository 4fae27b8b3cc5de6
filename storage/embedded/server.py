"""One server process under its watchdog, the lock that says whose data folder it is, and where sockets may live."""

import fcntl
import hashlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from errors import NotConfigured, Unavailable

WATCHDOG = Path(__file__).with_name("watchdog.py")
_SOCKET_FOLDER = re.compile(r"[A-Za-z0-9/._+-]{1,80}")
"""Short, for a socket's whole path may have about 104 bytes; and nothing that means something in a connection URL."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `pid` is the server's own; stopping and killing wait until it is gone."""

    name: str
    pid: int
    log: Path
    watchdog: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Cleanly; idempotent."""
        if self.watchdog.stdin:
            self.watchdog.stdin.close()
        self.watchdog.wait()
        if self.watchdog.stdout:
            self.watchdog.stdout.close()

    def kill(self) -> None:
        """As a crash would, by SIGKILL; for tests."""
        if self.watchdog.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
        self.stop()


def launch(
    name: str, command: list[str], *, log: Path, lock: "Lock", stop: signal.Signals, identity: str = "self"
) -> Server:
    """Starts `command` under a watchdog, its output appended to `log`; not yet ready. Call from the main thread."""
    with log.open("ab") as output:
        watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", str(WATCHDOG), identity, stop.name, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            pass_fds=[lock.descriptor],
            start_new_session=True,
        )
    first_line = watchdog.stdout.readline() if watchdog.stdout else b""
    server = Server(name, int(first_line or 0), log, watchdog)
    if not first_line:
        raise failed(server)
    return server


def wait_until(server: Server, ready: Callable[[], bool], *, timeout_seconds: float = 60) -> None:
    """Returns when `ready()` says so; raises Unavailable with the end of the log when it exits or is too slow."""
    deadline = time.monotonic() + timeout_seconds
    while not ready():
        if server.watchdog.poll() is not None or time.monotonic() > deadline:
            raise failed(server)
        time.sleep(0.01)


def failed(server: Server) -> Unavailable:
    """What to raise when `server` did not come up; it is stopped first."""
    server.stop()
    lines = server.log.read_text(errors="replace").splitlines()[-6:]
    return Unavailable(f"{server.name} did not start; the end of {server.log} says:\n  " + "\n  ".join(lines))


@dataclass(frozen=True, slots=True)
class Lock:
    """An exclusive lock on a file, held while any process that inherited `descriptor` lives."""

    descriptor: int

    @classmethod
    def take(cls, path: Path, *, patience_seconds: float = 0) -> Self | None:
        """None when somebody else still holds it after `patience_seconds`."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + patience_seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return cls(descriptor)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    return None
            time.sleep(0.05)

    def release(self) -> None:
        os.close(self.descriptor)


def packaged(package: str, pattern: str) -> Path:
    """The file of an installed package that matches `pattern`; the package is not imported, for its import acts."""
    spec = importlib.util.find_spec(package)
    for root in (spec.submodule_search_locations if spec else None) or ():
        for path in sorted(Path(root).glob(pattern)):
            return path
    raise NotConfigured(
        f"The embedded servers are not installed ({package}): install gatehouse[embedded], "
        "or set GATEHOUSE_DATABASE_URL and GATEHOUSE_REDIS_URL."
    )


def private_folder(path: Path, owner: int) -> Path:
    """`path`, made if missing, `owner`'s and open to nobody else. Raises NotConfigured when it is somebody else's."""
    try:
        path.mkdir(mode=0o700, parents=True)
        os.chown(path, owner, -1)
    except FileExistsError:
        pass
    except PermissionError as fault:
        raise NotConfigured(f"{path} cannot be made: set GATEHOUSE_DATA_DIR to a folder of yours.") from fault
    if path.is_symlink() or path.stat().st_uid != owner:
        raise NotConfigured(
            f"{path} belongs to another user: remove it, or set GATEHOUSE_DATA_DIR to a folder of yours."
        )
    path.chmod(0o700)
    return path


def socket_folder(folder: Path) -> Path:
    """Where the sockets of `folder` live: inside it, or else in a place derived from it that suits sockets better."""
    name = f"gatehouse-{os.getuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"
    candidates = (folder / "sockets", Path(tempfile.gettempdir()) / name)
    return next(
        (path for path in candidates if _SOCKET_FOLDER.fullmatch(str(path))),
        Path("/tmp") / name,  # noqa: S108 - private_folder checks whose it is
    )

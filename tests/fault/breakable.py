"""Servers of a test's own, to be killed, paused and started again."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import run

from storage.embedded import parts, postgres, valkey
from storage.embedded.identity import settle
from storage.embedded.server import Lock, Server
from storage.migrate import migrate

HEALED_SECONDS = 8


async def eventually(holds: Callable[[], Awaitable[bool]], seconds: float = HEALED_SECONDS) -> None:
    """Returns when `holds()` does; a TimeoutError when it does not within `seconds`."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.05)


@dataclass
class Breakable:
    """Durable, so that a crash loses nothing that was acknowledged. Call `close` when nothing runs on them any more."""

    folder: Path
    postgres: Server
    valkey: Server
    addresses: parts.Addresses
    _locks: list[Lock]

    def kill_redis(self) -> None:
        self.valkey.kill()

    def pause_redis(self) -> None:
        """As `pause_postgres`."""
        os.kill(self.valkey.pid, signal.SIGSTOP)

    def resume_redis(self) -> None:
        os.kill(self.valkey.pid, signal.SIGCONT)

    async def start_redis(self) -> None:
        self.valkey = await asyncio.to_thread(
            valkey.start, self.addresses.valkey, lock=self._locks[0], identity=settle(self.folder)
        )

    def kill_postgres(self) -> None:
        self.postgres.kill()

    async def start_postgres(self) -> None:
        self.postgres = await asyncio.to_thread(
            postgres.start, self.addresses.postgres, lock=self._locks[0], identity=settle(self.folder)
        )

    def pause_postgres(self) -> None:
        """It neither answers nor hangs up."""
        for pid in family(self.postgres.pid):
            os.kill(pid, signal.SIGSTOP)

    def resume_postgres(self) -> None:
        for pid in family(self.postgres.pid):
            os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        self.valkey.stop()
        self.postgres.stop()
        for lock in self._locks:
            lock.release()


def start_breakable(folder: Path) -> Breakable:
    started = parts.start(folder)
    again = Lock.take(folder / "again.lock")
    assert again is not None
    breakable = Breakable(folder, started.postgres, started.valkey, started.addresses, [again, started.owner_lock])
    try:
        asyncio.run(migrate(breakable.addresses.owner_url, postgres.APP))
    except BaseException:
        breakable.close()
        raise
    return breakable


def family(pid: int) -> list[int]:
    """A process and its children, the process first."""
    return [pid, *(child for child, parent in _parents() if parent == pid)]


def _parents() -> Iterator[tuple[int, int]]:
    if sys.platform == "linux":
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(FileNotFoundError, ProcessLookupError):
                yield int(path.parent.name), int(path.read_text().rpartition(")")[2].split()[1])
        return
    listed = run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, check=True, text=True)
    for line in listed.stdout.splitlines():
        child, parent = line.split()
        yield int(child), int(parent)

"""Real worker processes to be killed. Run as a program it is their nursery: imports once, then forks one for each line.

Each line of stdin is the JSON of `Task`; a worker says its process id when it starts, and `syncing` at each sync where
the task says so. What is logged goes elsewhere: nobody may read on, and who writes to a full pipe stands still.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
import structlog

from billing.queue import Claimed
from billing.stripe import StripeApi
from billing.sync import Syncing, sync_claimed
from storage.database import connect
from tests.clock import FixedClock
from tests.stripe_server.catalogues import catalogue_of
from tests.stripe_server.history import load_histories
from tests.stripe_server.server import API_KEY
from webhooks.worker import Worker

ROOT = Path(__file__).parents[2]
LEASE_SECONDS = 0.2


@dataclass(frozen=True)
class Task:
    """What one worker process works on; `now` is its clock, in seconds since 1970. `tells`: of each sync."""

    database_url: str
    stripe_url: str
    history: str
    now: int
    tells: bool = False


class Nursery:
    """The program at the other end of two pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def start(self, task: Task) -> int:
        """A new worker; its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(orjson.dumps(asdict(task)) + b"\n")
        while not (line := await self._line()).startswith(b"started"):
            pass
        return int(line.split()[1])

    async def syncing(self, seconds: float) -> bool:
        """True once a worker that tells has begun a sync; False when none does in so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await self._line() != b"syncing\n":
                    pass
                return True
        return False

    async def _line(self) -> bytes:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        assert line, "the nursery has died"
        return line


@asynccontextmanager
async def nursery() -> AsyncGenerator[Nursery]:
    pipe = asyncio.subprocess.PIPE
    program = [sys.executable, "-m", "tests.fault.worker_processes"]
    process = await asyncio.create_subprocess_exec(*program, stdin=pipe, stdout=pipe, cwd=ROOT)
    try:
        yield Nursery(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    load_histories()
    for line in sys.stdin.buffer:
        if os.fork() == 0:
            _say(f"started {os.getpid()}")
            asyncio.run(_work(Task(**orjson.loads(line))))
            return


async def _work(task: Task) -> None:
    history = next(each for each in load_histories() if each.name == task.history)
    catalogue = catalogue_of(history.catalogue, history.policy)
    clock = FixedClock(datetime.fromtimestamp(task.now, UTC))
    stripe = StripeApi(API_KEY, base_address=task.stripe_url)
    syncing = Syncing(connect(task.database_url), stripe, catalogue, clock, "user_id", LEASE_SECONDS)
    sync = _announced if task.tells else sync_claimed
    await Worker(syncing, poll_seconds=0.1, sync=sync).run(asyncio.Event())


async def _announced(claimed: Claimed, syncing: Syncing) -> None:
    _say("syncing")
    await sync_claimed(claimed, syncing)


def _say(line: str) -> None:
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


if __name__ == "__main__":
    main()

"""`python -m bench.propagation`: how long after a commit another process answers by it.

One process commits and publishes as a worker does; another serves members from the store and says when its answer has
changed. Both read the same monotonic clock. `--changes` at `--rate` a second, one member after the other.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clock import SystemClock
from gating.model import Grant, Source
from gating.postgres import PostgresSnapshots
from gating.publish import run_publisher
from gating.record import record_grants
from gating.redis import RedisSnapshots
from gating.store import EntitlementStore
from identity.members import ensure_member
from storage.database import Database, connect
from storage.embedded import parts
from storage.embedded.postgres import APP
from storage.migrate import migrate
from storage.redis import connect_redis

MEMBERS = 20
BARS = {"p50": 0.05, "p99": 0.5, "max": 2.0}
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds."""

    changes: int
    p50: float
    p99: float
    max: float

    def lines(self) -> list[str]:
        told = {"p50": self.p50, "p99": self.p99, "max": self.max}
        return [
            f"{name:4} {seconds * 1000:8.1f} ms   bar {BARS[name] * 1000:6.0f} ms   "
            + ("met" if seconds < BARS[name] else "NOT met")
            for name, seconds in told.items()
        ]


def figures_of(took: Sequence[float]) -> Figures:
    """By nearest rank."""
    ordered = sorted(took)
    return Figures(
        len(ordered), ordered[(len(ordered) - 1) // 2], ordered[-(-99 * len(ordered) // 100) - 1], ordered[-1]
    )


async def measure(database_url: str, redis_url: str, changes: int, rate: float) -> Figures:
    """Each of `changes` is committed when its turn comes, however late the answers to the others are."""
    database, redis, clock = connect(database_url), connect_redis(redis_url), SystemClock()
    for member in range(MEMBERS):
        async with database.transaction() as connection:
            await ensure_member(connection, _id(member))
    source, cache = PostgresSnapshots(database), RedisSnapshots(redis, clock)
    publisher = asyncio.create_task(run_publisher(database, source, cache, clock))
    arguments = ("-m", "bench.propagation", "--follow", database_url, redis_url)
    follower = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    try:
        assert follower.stdout
        await follower.stdout.readline()  # it listens
        answered = asyncio.create_task(_listen(follower.stdout, changes))
        committed = await _commit(database, changes, rate)
        async with asyncio.timeout(30):
            seen = await answered
        return figures_of([seen[change] - at for change, at in committed.items()])
    finally:
        follower.kill()
        await follower.wait()
        publisher.cancel()
        await asyncio.gather(publisher, return_exceptions=True)
        await redis.aclose()
        await database.close()


Change = tuple[str, int]
"""A member and its revision."""


async def _commit(database: Database, changes: int, rate: float) -> dict[Change, float]:
    """When each was committed."""
    committed: dict[Change, float] = {}
    began = time.monotonic()
    for number in range(changes):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        member_id, revision = _id(number % MEMBERS), number // MEMBERS + 1
        grant = Grant("downloads", Source.MANUAL, f"gift_{number}")
        async with database.transaction() as connection:
            now = SystemClock().now()
            await record_grants(
                connection, member_id, owner=f"bench:{member_id}", grants=[grant], limits=(), cause="bench", now=now
            )
        committed[member_id, revision] = time.monotonic()
    return committed


async def _listen(lines: asyncio.StreamReader, changes: int) -> dict[Change, float]:
    """When the other process first answered by each change, or by a later one of the same member."""
    seen: dict[Change, float] = {}
    while len(seen) < changes:
        member_id, revision, at = (await lines.readline()).split()
        for passed in range(int(revision), 0, -1):
            if (member_id.decode(), passed) in seen:
                break
            seen[member_id.decode(), passed] = float(at)
    return seen


async def follow(database_url: str, redis_url: str) -> None:
    """The other process: its memory never ages, so that nothing but a message makes it ask again."""
    clock = SystemClock()
    cache = RedisSnapshots(connect_redis(redis_url), clock)
    store = EntitlementStore(PostgresSnapshots(connect(database_url)), cache, clock, monotonic=lambda: 0.0)
    listening = asyncio.create_task(store.run())
    for member in range(MEMBERS):
        await store.snapshot_of(_id(member))
    _say("listening")
    async for member_id in store.changes():
        for each in [member_id] if member_id else map(_id, range(MEMBERS)):
            revision = (await store.snapshot_of(each)).revision
            if revision:
                _say(f"{each} {revision} {time.monotonic()}")
    await listening


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _id(member: int) -> str:
    return f"mem_{member}"


def main(arguments: argparse.Namespace) -> None:
    if arguments.follow:
        asyncio.run(follow(*arguments.follow))
        return
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        running = parts.start(Path(folder) / "data")
        try:
            asyncio.run(migrate(running.addresses.owner_url, APP))
            places = running.addresses
            figures = asyncio.run(measure(places.app_url, places.redis_url, arguments.changes, arguments.rate))
        finally:
            running.stop()
    print(f"{figures.changes} changes at {arguments.rate:g} a second, from commit to another process's answer")
    print("\n".join(figures.lines()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.propagation", description=__doc__)
    parser.add_argument("--changes", type=int, default=600)
    parser.add_argument("--rate", type=float, default=20.0, help="changes a second")
    parser.add_argument("--follow", nargs=2, metavar=("DATABASE", "REDIS"), help=argparse.SUPPRESS)
    main(parser.parse_args())

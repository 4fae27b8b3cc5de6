"""Writers, publishers and readers as processes of their own, racing over a few members on real servers.

Run as a program it is their nursery: it imports once, then forks a racer for each line of stdin, the JSON of `Race`. A
racer writes what it saw to `path`, as JSON, and says `done`.
"""

import asyncio
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any, Literal

import orjson
from sqlalchemy import text

from clock import SystemClock
from gating.model import Grant, Snapshot, Source
from gating.postgres import PostgresSnapshots
from gating.publish import publish_pending
from gating.record import record_grants
from gating.redis import PUT, RedisSnapshots
from gating.store import EntitlementStore
from identity.model import Kind, Principal
from storage.database import connect
from storage.redis import connect_redis
from tests.fault.plays import EVICTS, PUTS, WRITES, features_in, turn_of
from tests.fault.truth import FEATURES
from tests.parts import PATIENT_SECONDS

ROOT = Path(__file__).parents[2]
HELD_UP_SECONDS = 0.04
PAUSE_SECONDS = 0.004
"""Between two reads of a play, lest the readers leave the others no processor to come to their points in time."""
SLOW = 0.5
EVICTIONS = 0.3
"""Of the reads, those before which the entry is evicted."""

Role = Literal["writer", "publisher", "reader", "forgetful reader", "passer-by"]


@dataclass(frozen=True)
class Race:
    """One racer's part. A forgetful reader has no memory of its own, so that it always asks Redis."""

    role: Role
    database_url: str
    redis_url: str
    members: tuple[str, ...]
    seconds: float
    seed: int
    path: str
    script: str = PUT


@asynccontextmanager
async def racing() -> AsyncGenerator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fault.racers", stdin=pipe, stdout=pipe, cwd=ROOT
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def run_all(nursery: asyncio.subprocess.Process, races: list[Race]) -> list[Any]:
    """What each saw, when all are done."""
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    nursery.stdin.write(b"".join(orjson.dumps(asdict(race)) + b"\n" for race in races))
    for _ in races:
        assert await nursery.stdout.readline() == b"done\n", "a racer has failed"
    return [orjson.loads(await asyncio.to_thread(Path(race.path).read_bytes)) for race in races]


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin.buffer:
        if os.fork() == 0:
            said = b"failed\n"
            try:
                race = Race(**orjson.loads(line))
                Path(race.path).write_bytes(orjson.dumps(asyncio.new_event_loop().run_until_complete(_run(race))))
                said = b"done\n"
            except Exception:  # noqa: BLE001 - whatever it was, the race must not be waited for
                traceback.print_exc()
            os.write(sys.stdout.fileno(), said)
            os._exit(0)  # a process like this one ends without farewells


async def _run(race: Race) -> list[Any]:
    database = connect(race.database_url)
    client: Any = connect_redis(race.redis_url, timeout_seconds=PATIENT_SECONDS)
    racer = Racer(race, database, client)
    try:
        await racer.start()
        match race.role:
            case "writer":
                return await racer.write()
            case "publisher":
                return await racer.publish()
            case "passer-by":
                return await racer.pass_by()
            case _:
                return await racer.read()
    finally:
        await client.aclose()
        await database.close()


@dataclass
class SlowSource:
    """A SnapshotSource whose answers are now and then long on their way, as over a network: where a race is decided."""

    real: PostgresSnapshots
    race: Race
    random: random.Random

    async def get_snapshot(self, member_id: str) -> Snapshot:
        turn = turn_of(self.race.members)
        snapshot = await self.real.get_snapshot(member_id)
        if turn.play == "free" and self.random.random() < SLOW:
            await asyncio.sleep(self.random.uniform(0, HELD_UP_SECONDS))
        if turn.play == "lost token" and self.race.role == "publisher" and member_id == turn.member_id:
            await asyncio.sleep(turn.seconds_until(PUTS))
        return snapshot


class Racer:
    """Does its part until `seconds` have passed. Times are those of the machine's monotonic clock."""

    def __init__(self, race: Race, database: Any, client: Any) -> None:
        self._race = race
        self._database = database
        self._client = client
        self._random = random.Random(race.seed)
        self._clock = SystemClock()
        self._source = SlowSource(PostgresSnapshots(database), race, self._random)
        self._cache = RedisSnapshots(client, self._clock, script=race.script)
        self._ends_at = 0.0

    async def start(self) -> None:
        """Connects first: what counts is the time in which everybody races."""
        await self._database.ping()
        async with self._database.transaction() as connection:
            await connection.execute(text("SELECT 1"))
        await self._client.ping()
        self._ends_at = time.monotonic() + self._race.seconds

    @property
    def _goes_on(self) -> bool:
        return time.monotonic() < self._ends_at

    async def write(self) -> list[Any]:
        """[member, revision, features, committed by then] for each change."""
        made: list[Any] = []
        while self._goes_on:
            turn = turn_of(self._race.members)
            if turn.play == "free":
                features = self._random.sample(FEATURES, self._random.randrange(len(FEATURES)))
                made += await self._record(turn.member_id, features)
                await asyncio.sleep(self._random.uniform(0, HELD_UP_SECONDS / 2))
            else:
                await asyncio.sleep(turn.seconds_until(WRITES))
                made += await self._record(turn.member_id, features_in(turn, FEATURES))
                await asyncio.sleep(turn.seconds_until(1))
        return made

    async def _record(self, member_id: str, features: Sequence[str]) -> list[Any]:
        grants = [Grant(feature, Source.MANUAL, "race") for feature in features]
        async with self._database.transaction() as connection:
            revision = await record_grants(
                connection, member_id, owner=member_id, grants=grants, limits=(), cause="race", now=self._clock.now()
            )
        return [] if revision is None else [[member_id, revision, sorted(features), time.monotonic()]]

    async def publish(self) -> list[Any]:
        """Nothing, when all is published. Goes on for a while after the writers."""
        while time.monotonic() < self._ends_at + 0.2:
            await publish_pending(self._database, self._source, self._cache)
            await asyncio.sleep(0.001)
        await publish_pending(self._database, self._source, self._cache)
        return []

    async def read(self) -> list[Any]:
        """[member, revision, features, asked at] for each decision, in order."""
        ticks = count()
        forgetful = self._race.role == "forgetful reader"
        monotonic = (lambda: 10.0 * next(ticks)) if forgetful else time.monotonic
        store = EntitlementStore(self._source, self._cache, self._clock, monotonic=monotonic)
        listening = asyncio.create_task(store.run())
        seen: list[Any] = []
        while self._goes_on:
            turn = turn_of(self._race.members)
            member_id = turn.member_id
            if turn.play == "free" and self._random.random() < EVICTIONS:
                await self._client.delete(f"e:{{{member_id}}}")
            if turn.play == "late fill":
                await asyncio.sleep(turn.seconds_until(1))
                continue
            asked_at = time.monotonic()
            access = await store.access_for(Principal(Kind.MEMBER, member_id))
            assert access.available
            seen.append([member_id, access.revision, sorted(access.features), asked_at])
            await asyncio.sleep(0 if turn.play == "free" else PAUSE_SECONDS)
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        return seen

    async def pass_by(self) -> list[Any]:
        """Nothing. Evicts as if Redis had been full, and fills as a process that begins and has heard of nothing."""
        while self._goes_on:
            turn = turn_of(self._race.members)
            entry, token = f"e:{{{turn.member_id}}}", f"t:{{{turn.member_id}}}"
            if turn.play == "late fill":
                await self._client.delete(entry)
                taken = await self._cache.take_token(turn.member_id)
                snapshot = await self._source.get_snapshot(turn.member_id)
                await asyncio.sleep(turn.seconds_until(EVICTS))
                await self._client.delete(entry)
                await asyncio.sleep(turn.seconds_until(PUTS))
                await self._cache.put(taken, snapshot)
            if turn.play == "lost token":
                await asyncio.sleep(turn.seconds_until(EVICTS))
                await self._client.delete(token)
            await asyncio.sleep(turn.seconds_until(1))
        return []


if __name__ == "__main__":
    main()

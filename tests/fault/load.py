"""Readers of several processes' stores under changes, each answer judged against what was committed when."""

import asyncio
import random
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from clock import Clock
from errors import Unavailable
from gating.model import Access
from gating.postgres import PostgresSnapshots
from gating.publish import run_publisher
from gating.redis import RedisSnapshots
from gating.store import EntitlementStore
from identity.model import Kind, Principal
from storage.database import connect
from storage.redis import connect_redis
from tests.fault.truth import Truth
from tests.parts import PATIENT_SECONDS

READERS = 6
PAUSE_SECONDS = 0.005


@dataclass
class Process:
    """What one process has of its own: connections, a store."""

    database_url: str
    redis_url: str
    clock: Clock

    def __post_init__(self) -> None:
        self.database = connect(self.database_url)
        self.redis: Any = connect_redis(self.redis_url)
        self.source = PostgresSnapshots(self.database)
        self.cache = RedisSnapshots(self.redis, self.clock)
        self.store = EntitlementStore(self.source, self.cache, self.clock)

    async def close(self) -> None:
        await self.redis.aclose()
        await self.database.close()


@dataclass
class Load:
    """Readers of two processes: how many answers were right, how many said nothing, and what was wrong."""

    truth: Truth
    processes: list[Process]
    wrong: list[str] = field(default_factory=list[str])
    right: int = 0
    unavailable: int = 0
    took: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """When each answer was asked for, and how long it took; seconds."""

    @property
    def slowest(self) -> float:
        return max((seconds for _, seconds in self.took), default=0.0)

    async def read(self, process: Process) -> None:
        chosen = random.Random(id(process))
        while True:
            await self.ask(process, chosen.choice(self.truth.members))
            await asyncio.sleep(PAUSE_SECONDS)

    async def ask(self, process: Process, member_id: str) -> Access:
        asked_at = time.monotonic()
        access = await process.store.access_for(Principal(Kind.MEMBER, member_id))
        self.took.append((asked_at, time.monotonic() - asked_at))
        if not access.available:
            self.unavailable += 1
            if access.features:
                self.wrong.append(f"{member_id}: features without knowledge")
        elif fault := self.truth.fault_in(member_id, access, asked_at):
            self.wrong.append(fault)
        else:
            self.right += 1
        return access

    async def all_available(self) -> bool:
        answers = [await self.ask(process, member_id) for process in self.processes for member_id in self.truth.members]
        return all(access.available for access in answers)

    async def change(self) -> None:
        while True:
            await self.truth.change()
            await asyncio.sleep(0.02)


@dataclass
class Scene:
    """Two reading processes and a publishing one; `observer` sees the cache with more patience than they have."""

    load: Load
    publisher: Process
    observer: RedisSnapshots

    async def under_load(self, body: Awaitable[None], *, changing: bool) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.load.change())] if changing else []
            for process in self.load.processes:
                tasks += [group.create_task(self.load.read(process)) for _ in range(READERS)]
            await body
            for task in tasks:
                task.cancel()

    async def cache_agrees(self) -> bool:
        """I2: nothing left to publish, and every entry absent or the row. False while something does not answer."""
        with suppress(Unavailable):
            return await self._cache_agrees()
        return False

    async def _cache_agrees(self) -> bool:
        [(left,)] = await self.publisher.database.fetch("SELECT count(*) FROM entitlement_outbox")
        cache, source = self.observer, self.publisher.source
        cached = [(await cache.find(each), await source.get_snapshot(each)) for each in self.load.truth.members]
        return left == 0 and all(entry in (None, row) for entry, row in cached)

    async def stale(self) -> list[str]:
        """Members whose entry is not what is committed. Raises Unavailable."""
        source = self.publisher.source
        rows = {each: await source.get_snapshot(each) for each in self.load.truth.members}
        return [each for each, row in rows.items() if await self.observer.find(each) not in (None, row)]

    async def something_stale(self) -> bool:
        """False while something does not answer, as a node that has just been killed."""
        with suppress(Unavailable):
            return await self.stale() != []
        return False

    async def nothing_stale(self) -> bool:
        """False while something does not answer."""
        with suppress(Unavailable):
            return await self.stale() == []
        return False


@asynccontextmanager
async def playing(
    database_url: str, redis_url: str, clock: Clock, *, own_url: str | None = None, members: int = 12
) -> AsyncGenerator[Scene]:
    """`own_url` is the way to PostgreSQL of whoever makes the changes, where the others' may be cut."""
    processes = [Process(database_url, redis_url, clock) for _ in range(3)]
    writer = connect(own_url or database_url)
    patient: Any = connect_redis(redis_url, timeout_seconds=PATIENT_SECONDS)
    truth = Truth(writer, clock, seed=5)
    await truth.introduce(*(f"mem_{secrets.token_hex(4)}" for _ in range(members)))
    publisher = processes[2]
    tasks = [asyncio.create_task(process.store.run()) for process in processes[:2]]
    tasks.append(
        asyncio.create_task(run_publisher(publisher.database, publisher.source, publisher.cache, publisher.clock))
    )
    yield Scene(Load(truth, processes[:2]), publisher, RedisSnapshots(patient, clock))
    for task in tasks:
        assert not task.done(), task  # nothing that should run for ever has failed
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for process in processes:
        await process.close()
    await patient.aclose()
    await writer.close()

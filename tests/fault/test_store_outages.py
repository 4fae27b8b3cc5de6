"""The store while its servers die and come back under load: every answer right or none, and all heals by itself."""

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from typing import Any

import pytest

from gating.model import Access
from gating.postgres import PostgresSnapshots
from gating.publish import run_publisher
from gating.redis import RedisSnapshots
from gating.store import EntitlementStore
from identity.model import Kind, Principal
from storage.database import Database, connect
from storage.redis import connect_redis
from tests.clock import FixedClock
from tests.fault.breakable import Breakable, eventually
from tests.fault.truth import Truth

pytestmark = pytest.mark.alone

READERS = 6


@dataclass
class Process:
    """What one process has of its own: connections, a store."""

    breakable: Breakable
    clock: FixedClock

    def __post_init__(self) -> None:
        self.database = connect(self.breakable.addresses.app_url)
        self.redis: Any = connect_redis(self.breakable.addresses.redis_url)
        self.source = PostgresSnapshots(self.database)
        self.cache = RedisSnapshots(self.redis, self.clock)
        self.store = EntitlementStore(self.source, self.cache, self.clock)

    async def close(self) -> None:
        await self.redis.aclose()
        await self.database.close()


@dataclass
class Load:
    """Readers of two processes; `answers` counts those right and those that said nothing."""

    truth: Truth
    processes: list[Process]
    wrong: list[str] = field(default_factory=list[str])
    right: int = 0
    unavailable: int = 0
    slowest: float = 0.0

    async def read(self, process: Process) -> None:
        chosen = random.Random(id(process))
        while True:
            await self.ask(process, chosen.choice(self.truth.members))
            await asyncio.sleep(0.005)

    async def ask(self, process: Process, member_id: str) -> Access:
        asked_at = time.monotonic()
        access = await process.store.access_for(Principal(Kind.MEMBER, member_id))
        self.slowest = max(self.slowest, time.monotonic() - asked_at)
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
    """Two reading processes and a publishing one, on servers that may break."""

    breakable: Breakable
    load: Load
    publisher: Process

    async def under_load(self, body: Awaitable[None], *, changing: bool) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.load.change())] if changing else []
            for process in self.load.processes:
                tasks += [group.create_task(self.load.read(process)) for _ in range(READERS)]
            await body
            for task in tasks:
                task.cancel()


@pytest.fixture
async def scene(breakable: Breakable, clock: FixedClock) -> AsyncIterator[Scene]:
    processes = [Process(breakable, clock) for _ in range(3)]
    truth = Truth(processes[0].database, clock, seed=5)
    await truth.introduce(*(f"mem_{secrets.token_hex(4)}" for _ in range(12)))
    publisher = processes[2]
    tasks = [asyncio.create_task(process.store.run()) for process in processes[:2]]
    tasks.append(
        asyncio.create_task(run_publisher(publisher.database, publisher.source, publisher.cache, publisher.clock))
    )
    yield Scene(breakable, Load(truth, processes[:2]), publisher)
    for task in tasks:
        assert not task.done(), task  # nothing that should run for ever has failed
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for process in processes:
        await process.close()


async def cache_agrees(scene: Scene) -> bool:
    """I2: nothing left to publish, and every entry absent or the row."""
    database: Database = scene.publisher.database
    [(left,)] = await database.fetch("SELECT count(*) FROM entitlement_outbox")
    cache, source = scene.publisher.cache, scene.publisher.source
    cached = [(await cache.find(each), await source.get_snapshot(each)) for each in scene.load.truth.members]
    return left == 0 and all(entry in (None, row) for entry, row in cached)


async def test_redis_killed_and_restarted_under_load(scene: Scene) -> None:
    async def outages() -> None:
        for down_seconds in (2.5, 0.0, 0.5):
            await asyncio.sleep(1)
            scene.breakable.kill_redis()
            await asyncio.sleep(down_seconds)
            await scene.breakable.start_redis()
            await asyncio.sleep(1.5)

    await scene.under_load(outages(), changing=True)
    await eventually(lambda: cache_agrees(scene))
    assert scene.load.wrong == []
    assert scene.load.unavailable == 0
    assert scene.load.right > 1000


async def test_redis_restarted_with_older_data_under_load(scene: Scene) -> None:
    """As after a failover to a replica that lagged: entries of another time come back, with life left in them."""

    async def failover() -> None:
        await asyncio.sleep(1)
        async with asyncio.timeout(5):
            stale = {each: await scene.publisher.redis.dump(f"e:{{{each}}}") for each in scene.load.truth.members}
        await asyncio.sleep(1.5)
        scene.breakable.kill_redis()
        await scene.breakable.start_redis()
        for member_id, entry in stale.items():
            if entry is not None:
                await scene.publisher.redis.restore(f"e:{{{member_id}}}", 60_000, entry, replace=True)
        await asyncio.sleep(3)

    await scene.under_load(failover(), changing=True)
    await eventually(lambda: cache_agrees(scene))
    assert scene.load.wrong == []
    assert scene.load.unavailable == 0


@pytest.mark.parametrize("how", ["killed", "paused"])
async def test_postgres_unreachable_under_load(scene: Scene, how: str) -> None:
    for _ in range(30):
        await scene.load.truth.change()
    breakable = scene.breakable

    async def outage() -> None:
        assert await scene.load.all_available()
        await (
            asyncio.to_thread(breakable.kill_postgres)
            if how == "killed"
            else asyncio.to_thread(breakable.pause_postgres)
        )
        await asyncio.sleep(2)
        await scene.publisher.redis.flushall()  # from here on, nobody may know anything
        await asyncio.sleep(1.5)
        known = scene.load.right
        await asyncio.sleep(1.5)
        assert scene.load.right == known
        await (breakable.start_postgres() if how == "killed" else asyncio.to_thread(breakable.resume_postgres))
        await eventually(scene.load.all_available)

    await scene.under_load(outage(), changing=False)
    assert scene.load.wrong == []
    assert scene.load.unavailable > 0
    assert scene.load.slowest < 1
    await scene.load.truth.change()
    await eventually(lambda: cache_agrees(scene))


async def test_without_both_nothing_is_granted(scene: Scene) -> None:
    for _ in range(30):
        await scene.load.truth.change()
    await eventually(scene.load.all_available)
    scene.breakable.kill_redis()
    scene.breakable.kill_postgres()
    await asyncio.sleep(1)
    right = scene.load.right
    assert not await scene.load.all_available()
    assert scene.load.right == right
    await scene.breakable.start_postgres()
    await eventually(scene.load.all_available)
    await scene.breakable.start_redis()
    await eventually(lambda: cache_agrees(scene))
    assert scene.load.wrong == []

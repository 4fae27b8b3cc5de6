"""The store while its servers die and come back under load: every answer right or none, and all heals by itself."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.clock import FixedClock
from tests.fault.breakable import Breakable, eventually
from tests.fault.load import Scene, playing

pytestmark = pytest.mark.alone


@pytest.fixture
async def scene(breakable: Breakable, clock: FixedClock) -> AsyncIterator[Scene]:
    async with playing(breakable.addresses.app_url, breakable.addresses.redis_url, clock) as scene:
        yield scene


async def test_redis_killed_and_restarted_under_load(scene: Scene, breakable: Breakable) -> None:
    async def outages() -> None:
        for down_seconds in (2.5, 0.0, 0.5):
            await asyncio.sleep(1)
            breakable.kill_redis()
            await asyncio.sleep(down_seconds)
            await breakable.start_redis()
            await asyncio.sleep(1.5)

    await scene.under_load(outages(), changing=True)
    await eventually(scene.cache_agrees)
    assert scene.load.wrong == []
    assert scene.load.unavailable == 0
    assert scene.load.right > 1000


async def test_redis_restarted_with_older_data_under_load(scene: Scene, breakable: Breakable) -> None:
    """As after a failover to a replica that lagged: entries of another time come back, with life left in them."""

    async def failover() -> None:
        await asyncio.sleep(1)
        async with asyncio.timeout(5):
            stale = {each: await scene.publisher.redis.dump(f"e:{{{each}}}") for each in scene.load.truth.members}
        await asyncio.sleep(1.5)
        breakable.kill_redis()
        await breakable.start_redis()
        for member_id, entry in stale.items():
            if entry is not None:
                await scene.publisher.redis.restore(f"e:{{{member_id}}}", 60_000, entry, replace=True)
        await asyncio.sleep(3)

    await scene.under_load(failover(), changing=True)
    await eventually(scene.cache_agrees)
    assert scene.load.wrong == []
    assert scene.load.unavailable == 0


@pytest.mark.parametrize("how", ["killed", "paused"])
async def test_postgres_unreachable_under_load(scene: Scene, breakable: Breakable, how: str) -> None:
    for _ in range(30):
        await scene.load.truth.change()

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
    await eventually(scene.cache_agrees)


async def test_without_both_nothing_is_granted(scene: Scene, breakable: Breakable) -> None:
    for _ in range(30):
        await scene.load.truth.change()
    await eventually(scene.load.all_available)
    breakable.kill_redis()
    breakable.kill_postgres()
    await asyncio.sleep(1)
    right = scene.load.right
    assert not await scene.load.all_available()
    assert scene.load.right == right
    await breakable.start_postgres()
    await eventually(scene.load.all_available)
    await breakable.start_redis()
    await eventually(scene.cache_agrees)
    assert scene.load.wrong == []

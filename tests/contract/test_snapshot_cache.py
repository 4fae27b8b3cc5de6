"""What a SnapshotCache promises: the same for the fake, one Valkey and a cluster of three."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gating.model import Grant, LimitGrant, Snapshot, Source
from gating.ports import SnapshotCache
from gating.redis import RedisSnapshots
from storage.redis import connect_redis
from tests.clock import FixedClock
from tests.fakes.snapshots import MemoryCache
from tests.parts import PATIENT_SECONDS
from tests.valkey_cluster import valkey_cluster

GIFT = Grant("downloads", Source.MANUAL, "gift_1")
CALLS = LimitGrant("calls", 100, Source.MANUAL, "gift_1")


def held(member_id: str, revision: int, *grants: Grant) -> Snapshot:
    return Snapshot(member_id, revision, grants or (GIFT,), (CALLS,))


@pytest.fixture(scope="module")
def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("cluster")
    with valkey_cluster(folder) as url:
        yield url


@pytest.fixture(params=["memory", "single", "cluster"])
def cache_url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "cluster":
        url: str = request.getfixturevalue("cluster_url")
        return url
    parts: Any = request.getfixturevalue("parts") if request.param == "single" else None
    return parts and parts.redis_url


@pytest.fixture
async def cache(cache_url: str | None, clock: FixedClock) -> AsyncIterator[SnapshotCache]:
    if cache_url is None:
        yield MemoryCache(clock)
        return
    client: Any = connect_redis(cache_url, timeout_seconds=PATIENT_SECONDS)
    await client.flushall()
    yield RedisSnapshots(client, clock)
    await client.aclose()


async def fill(cache: SnapshotCache, snapshot: Snapshot) -> bool:
    return await cache.put(await cache.take_token(snapshot.member_id), snapshot)


async def test_what_was_put_is_found(cache: SnapshotCache) -> None:
    for number in range(20):  # on all nodes
        assert await fill(cache, held(f"mem_{number}", 1))
        assert await cache.find(f"mem_{number}") == held(f"mem_{number}", 1)
    assert await cache.find("nobody") is None


async def test_a_member_who_holds_nothing_is_an_entry_too(cache: SnapshotCache) -> None:
    assert await fill(cache, Snapshot("ann", 0))
    assert await cache.find("ann") == Snapshot("ann", 0)


async def test_the_last_taker_of_the_token_wins(cache: SnapshotCache) -> None:
    first = await cache.take_token("ann")
    second = await cache.take_token("ann")
    assert not await cache.put(first, held("ann", 1))
    assert await cache.find("ann") is None
    assert await cache.put(second, held("ann", 2))
    assert await cache.find("ann") == held("ann", 2)


async def test_a_token_is_spent_by_its_first_use(cache: SnapshotCache) -> None:
    token = await cache.take_token("ann")
    assert await cache.put(token, held("ann", 1))
    assert not await cache.put(token, held("ann", 2))
    assert await cache.find("ann") == held("ann", 1)


async def test_a_token_serves_one_member_only(cache: SnapshotCache) -> None:
    token = await cache.take_token("ann")
    assert not await cache.put(token, held("bob", 1))


async def test_a_lower_revision_never_replaces_a_higher_one(cache: SnapshotCache) -> None:
    await fill(cache, held("ann", 7))
    assert await fill(cache, held("ann", 6))
    assert await cache.find("ann") == held("ann", 7)


async def test_nothing_is_found_once_a_date_of_it_has_come(cache: SnapshotCache, clock: FixedClock) -> None:
    ending = Grant("analytics", Source.TRIAL, "sub_1", ends_at=clock.now() + timedelta(days=1))
    await fill(cache, held("ann", 1, ending))
    clock.advance(timedelta(days=1) - timedelta(microseconds=1))
    assert await cache.find("ann") == held("ann", 1, ending)
    clock.advance(timedelta(microseconds=1))
    assert await cache.find("ann") is None


async def test_the_same_revision_read_again_serves_until_the_next_date(cache: SnapshotCache, clock: FixedClock) -> None:
    ending = Grant("analytics", Source.TRIAL, "sub_1", ends_at=clock.now() + timedelta(days=1))
    await fill(cache, held("ann", 1, ending))
    clock.advance(timedelta(days=2))
    assert await fill(cache, held("ann", 1, ending))
    assert await cache.find("ann") == held("ann", 1, ending)


async def test_every_rise_is_told_to_all_who_listen(cache: SnapshotCache) -> None:
    ours, theirs = cache.changes(), cache.changes()
    assert (await anext(ours), await anext(theirs)) == (None, None)
    for member_id, revision in (("ann", 1), ("ann", 1), ("bob", 3), ("ann", 2)):
        await fill(cache, held(member_id, revision))
    for listener in (ours, theirs):
        async with asyncio.timeout(PATIENT_SECONDS):
            heard = [await anext(listener) for _ in range(3)]
        assert heard == [("ann", 1), ("bob", 3), ("ann", 2)]
        await listener.aclose()


async def test_the_incarnation_stays_while_the_servers_do(cache: SnapshotCache) -> None:
    assert await cache.incarnation() == await cache.incarnation() != ""

"""A decision whose entry is in memory asks nobody and costs next to nothing."""

from collections.abc import AsyncIterator

import pytest

from bench.entitlements import warm_round
from bench.faults import RunFailed
from gating.model import Grant, Source
from gating.postgres import PostgresSnapshots
from gating.record import record_grants
from gating.redis import RedisSnapshots
from gating.store import EntitlementStore
from identity.members import ensure_member
from identity.model import Kind, Principal
from storage.database import Database
from storage.redis import connect_redis
from tests.clock import FixedClock

pytestmark = pytest.mark.alone

ANN = Principal(Kind.MEMBER, "ann")
SECONDS = 2e-6
ROUNDS = 100


@pytest.fixture
async def cache(redis_url: str, clock: FixedClock) -> AsyncIterator[RedisSnapshots]:
    client = connect_redis(redis_url)
    yield RedisSnapshots(client, clock)
    await client.aclose()


async def test_it_leaves_the_process_never_and_takes_two_microseconds_at_most(
    database: Database, cache: RedisSnapshots, clock: FixedClock
) -> None:
    """The best of the rounds: what else runs on the machine only ever adds."""
    gift = Grant("content_premium", Source.MANUAL, "gift")
    async with database.transaction() as connection:
        await ensure_member(connection, "ann")
        await record_grants(connection, "ann", owner="ann", grants=[gift], limits=(), cause="test", now=clock.now())
    store = EntitlementStore(PostgresSnapshots(database), cache, clock)
    assert min([await warm_round(store, ANN, 300) for _ in range(ROUNDS)]) <= SECONDS


async def test_one_that_leaves_the_process_is_noticed(
    database: Database, cache: RedisSnapshots, clock: FixedClock
) -> None:
    """An entry that is always too old."""
    ticks = iter(range(10**6))
    store = EntitlementStore(PostgresSnapshots(database), cache, clock, monotonic=lambda: 10.0 * next(ticks))
    with pytest.raises(RunFailed):
        await warm_round(store, ANN)
    await store.access_for(ANN)  # so that the read which was begun has ended

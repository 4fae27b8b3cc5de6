"""Every order in which a change, its publisher, a reader that fills, and an eviction can meet, on real servers.

In the end the cache holds the committed snapshot or none (I2). The designs that are known to fail are held to the same
orders, so that the test is known to see: each is another script given to the same code.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal

import pytest

from gating.layers import Layers
from gating.model import Grant, Source
from gating.postgres import PostgresSnapshots
from gating.publish import publish_pending
from gating.record import record_grants
from gating.redis import RedisSnapshots
from identity.members import ensure_member
from storage.database import Database
from storage.redis import connect_redis
from tests.clock import FixedClock
from tests.fakes.scripts import MUTANTS, Design
from tests.fakes.turns import Actor

Step = Literal["record", "publish", "fill", "evict"]
MEMBER = "ann"


class Stage:
    """One member on real servers, and the actors of one race."""

    def __init__(self, database: Database, client: Any, design: Design) -> None:
        clock = FixedClock()
        self._database = database
        self._client = client
        self._clock = clock
        self._source = PostgresSnapshots(database)
        self._publishers = RedisSnapshots(client, clock, script=design.publisher)
        self._readers = RedisSnapshots(client, clock, script=design.reader)
        self._changes = 0

    async def race(self, order: tuple[Step, ...], *, reader_crashes: bool) -> bool:
        """Whether the cache told the truth, or nothing, when all was quiet again."""
        await self._record()
        await publish_pending(self._database, self._source, RedisSnapshots(self._client, self._clock))
        publisher = Actor(self._publish, self._publishers, self._source)
        reader = Actor(self._fill, self._readers, self._source)
        steps = {"record": self._record, "publish": publisher.step, "fill": reader.step, "evict": self._evict}
        for step in order:
            await steps[step]()
        await (reader.crash() if reader_crashes else reader.finish())
        await publisher.finish()
        await publish_pending(self._database, self._source, self._publishers)
        cached = await self._publishers.find(MEMBER)
        return cached is None or cached == await self._source.get_snapshot(MEMBER)

    async def _record(self) -> None:
        self._changes += 1
        grant = Grant("downloads", Source.MANUAL, f"gift_{self._changes}")
        async with self._database.transaction() as connection:
            await record_grants(
                connection, MEMBER, owner="test", grants=[grant], limits=(), cause="test", now=self._clock.now()
            )

    async def _evict(self) -> None:
        await self._client.delete(f"e:{{{MEMBER}}}")

    async def _publish(self, actor: Actor) -> None:
        await publish_pending(self._database, actor, actor)

    async def _fill(self, actor: Actor) -> None:
        layers = Layers(actor, actor, at_least=lambda _: -1, count=lambda _: None)
        await layers.read_authority(MEMBER)


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Any]:
    client: Any = connect_redis(redis_url, timeout_seconds=5)
    yield client
    await client.aclose()


@pytest.fixture
async def member(database: Database) -> None:
    async with database.transaction() as connection:
        await ensure_member(connection, MEMBER)


def races() -> Iterator[tuple[tuple[Step, ...], bool]]:
    """The reader takes a token, reads and puts, or is gone after taking the token."""
    for fills, evictions in ((3, 1), (1, 0), (3, 0)):
        for order in orders({"record": 1, "publish": 3, "fill": fills, "evict": evictions}):
            # Before there is something to publish, a publisher has no step to make.
            if order.index("record") < order.index("publish"):
                yield order, fills < 3


def orders(left: dict[Step, int]) -> Iterator[tuple[Step, ...]]:
    if not any(left.values()):
        yield ()
    for step, times in left.items():
        if times:
            for rest in orders({**left, step: times - 1}):
                yield (step, *rest)


async def test_the_cache_tells_the_truth_after_every_race(database: Database, client: Any, member: None) -> None:
    stage = Stage(database, client, Design())
    for order, reader_crashes in races():
        assert await stage.race(order, reader_crashes=reader_crashes), order


@pytest.mark.parametrize("name", MUTANTS)
async def test_the_races_see_what_a_lesser_design_gets_wrong(
    name: str, database: Database, client: Any, member: None
) -> None:
    stage = Stage(database, client, MUTANTS[name])
    for order, reader_crashes in races():
        if not await stage.race(order, reader_crashes=reader_crashes):
            return
    pytest.fail("no race told this design from the real one")

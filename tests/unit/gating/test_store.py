"""The store against ports that obey, fail and race on command: which layer answers, and never a wrong answer."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from errors import Unavailable
from gating.model import Access, Grant, Holdings, Source
from gating.store import EntitlementStore
from identity.model import ANONYMOUS, Kind, Principal
from telemetry import Metrics
from tests.clock import FixedClock
from tests.fakes.snapshots import MemoryCache, MemorySource

ANN = Principal(Kind.MEMBER, "ann", frozenset({"read"}))
PRO = Grant("downloads", Source.SUBSCRIPTION, "sub_1", "pro")
GIFT = Grant("analytics", Source.MANUAL, "gift_1")
FREE = Grant("reading", Source.FREE, "free", "free")


@dataclass
class World:
    clock: FixedClock = field(default_factory=FixedClock)
    source: MemorySource = field(default_factory=MemorySource)
    metrics: Metrics = field(default_factory=Metrics)
    seconds: float = 100.0

    def __post_init__(self) -> None:
        self.cache = MemoryCache(self.clock)
        self.store = self.another_process()

    def another_process(self) -> EntitlementStore:
        return EntitlementStore(
            self.source,
            self.cache,
            self.clock,
            baseline=Holdings((FREE,)),
            metrics=self.metrics,
            monotonic=lambda: self.seconds,
        )

    def answered_by(self, layer: str) -> float:
        return self.metrics.registry.get_sample_value("gatehouse_store_reads_total", {"layer": layer}) or 0

    async def features(self) -> frozenset[str] | None:
        """What Ann holds; None when that cannot be said."""
        access = await self.store.access_for(ANN)
        return access.features if access.available else None

    async def publish(self, member_id: str = "ann") -> None:
        token = await self.cache.take_token(member_id)
        assert await self.cache.put(token, await self.source.get_snapshot(member_id))

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[None]:
        task = asyncio.create_task(self.store.run())
        await settle()
        yield
        task.cancel()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def world() -> World:
    return World()


async def test_a_member_holds_grants_and_the_baseline(world: World) -> None:
    world.source.record("ann", PRO)
    assert await world.store.access_for(ANN) == Access(
        True, frozenset({"downloads", "reading"}), frozenset({"read"}), revision=1
    )
    snapshot = await world.store.snapshot_of("ann")
    assert snapshot.grants == (FREE, PRO)


async def test_a_member_nobody_has_heard_of_holds_the_baseline_at_revision_zero(world: World) -> None:
    assert await world.store.access_for(ANN) == Access(True, frozenset({"reading"}), frozenset({"read"}), revision=0)


async def test_only_members_hold_features(world: World) -> None:
    robot = Principal(Kind.INTEGRATOR, "ann", frozenset({"members:read"}))
    assert await world.store.access_for(robot) == Access(True, scopes=frozenset({"members:read"}))
    assert await world.store.access_for(ANONYMOUS) == Access()
    assert world.source.reads == 0


async def test_memory_answers_for_a_second_then_the_cache_then_the_database(world: World) -> None:
    for expected in ({"postgres": 1}, {"postgres": 1, "memory": 1}):
        await world.features()
        assert {layer: world.answered_by(layer) for layer in expected} == expected
    world.seconds += 1
    await world.features()
    assert (world.answered_by("redis"), world.answered_by("postgres")) == (1, 1)
    world.seconds += 1
    world.cache.evict("ann")
    await world.features()
    assert (world.answered_by("redis"), world.answered_by("postgres")) == (1, 2)


async def test_the_baseline_is_not_stored(world: World) -> None:
    world.source.record("ann", PRO)
    await world.features()
    cached = await world.cache.find("ann")
    assert cached is not None
    assert cached.grants == (PRO,)


async def test_access_ends_at_its_date_with_no_message(world: World) -> None:
    world.source.record(
        "ann", Grant("downloads", Source.TRIAL, "sub_1", ends_at=world.clock.now() + timedelta(hours=1))
    )
    assert await world.features() == {"downloads", "reading"}
    world.clock.advance(timedelta(hours=1))
    assert await world.features() == {"reading"}


async def test_access_begins_at_its_date_with_no_message(world: World) -> None:
    begin = world.clock.now() + timedelta(hours=1)
    world.source.record("ann", Grant("downloads", Source.SUBSCRIPTION, "sub_1", starts_at=begin))
    assert await world.features() == {"reading"}
    world.clock.advance(timedelta(hours=1))
    assert await world.features() == {"downloads", "reading"}


async def test_a_message_makes_memory_forget_what_is_older(world: World) -> None:
    world.source.record("ann", PRO)
    async with world.listening():
        await world.features()
        world.source.record("ann")
        assert await world.features() == {"downloads", "reading"}
        await world.publish()
        await settle()
        assert await world.features() == {"reading"}


async def test_a_message_of_what_is_remembered_costs_nothing(world: World) -> None:
    world.source.record("ann", PRO)
    async with world.listening():
        await world.features()
        world.cache.evict("ann")
        await world.publish()
        await settle()
        await world.features()
    assert world.answered_by("memory") == 1


async def test_lost_messages_make_memory_forget_everything(world: World) -> None:
    world.source.record("ann", PRO)
    async with world.listening():
        await world.features()
        world.source.record("ann")
        world.cache.restart()
        await settle()
        assert await world.features() == {"reading"}


async def test_after_lost_messages_the_cache_is_asked_last_for_a_while(world: World) -> None:
    world.source.record("ann", PRO)
    await world.publish()
    async with world.listening():
        world.source.record("ann")  # and its message is lost
        assert await world.features() == {"reading"}
        world.seconds += 1
        world.source.record("ann", GIFT)
        world.source.down = True
        assert await world.features() == {"reading"}
        world.source.down = False
        world.seconds += 5
        assert await world.features() == {"reading"}
        assert (world.answered_by("postgres"), world.answered_by("redis")) == (1, 2)


async def test_a_read_that_a_message_overtakes_is_made_again(world: World) -> None:
    world.source.record("ann", PRO)
    async with world.listening():
        world.source.hold = hold = asyncio.Event()
        slow = asyncio.create_task(world.features())
        await settle()
        world.source.hold = None
        world.source.record("ann")
        await world.publish()
        await settle()
        hold.set()
        assert await slow == {"reading"}


async def test_a_slow_read_does_not_fill_the_cache_over_a_publication(world: World) -> None:
    world.source.record("ann", PRO)
    world.source.hold = hold = asyncio.Event()
    slow = asyncio.create_task(world.features())
    await settle()
    world.source.hold = None
    world.source.record("ann")
    await world.publish()
    world.cache.evict("ann")
    hold.set()
    await slow
    assert await world.cache.find("ann") is None


async def test_the_revision_never_goes_back_after_a_failover_to_older_data(world: World) -> None:
    world.source.record("ann", PRO)
    await world.publish()
    stale = await world.cache.find("ann")
    assert stale is not None
    world.source.record("ann")
    assert (await world.store.snapshot_of("ann", fresh=True)).revision == 2
    world.seconds += 1
    world.cache.restart()
    assert await world.cache.put(await world.cache.take_token("ann"), stale)
    assert await world.features() == {"reading"}
    world.seconds += 1
    world.cache.restart()
    assert await world.cache.put(await world.cache.take_token("ann"), stale)
    world.source.down = True
    assert await world.features() is None


async def test_one_read_serves_all_who_ask_at_once(world: World) -> None:
    world.source.record("ann", PRO)
    assert await asyncio.gather(*(world.features() for _ in range(500))) == [{"downloads", "reading"}] * 500
    assert world.source.reads == 1


async def test_one_who_goes_away_does_not_take_the_answer_from_the_others(world: World) -> None:
    world.source.record("ann", PRO)
    world.source.hold = asyncio.Event()
    first, second = asyncio.create_task(world.features()), asyncio.create_task(world.features())
    await settle()
    first.cancel()
    await settle()
    world.source.hold.set()
    assert await second == {"downloads", "reading"}
    assert first.cancelled()


async def test_few_reads_go_to_the_database_at_once(world: World) -> None:
    world.source.hold = asyncio.Event()
    tasks = [asyncio.create_task(world.store.snapshot_of(f"mem_{number}")) for number in range(100)]
    await settle()
    assert world.source.reads == 16
    world.source.hold.set()
    await asyncio.gather(*tasks)
    assert world.source.reads == 100


async def test_without_the_cache_the_database_answers(world: World) -> None:
    world.source.record("ann", PRO)
    world.cache.down = True
    assert await world.features() == {"downloads", "reading"}


async def test_without_the_database_memory_and_cache_answer(world: World) -> None:
    world.source.record("ann", PRO)
    await world.features()
    world.source.down = True
    assert await world.features() == {"downloads", "reading"}
    world.seconds += 30
    assert await world.features() == {"downloads", "reading"}
    assert (world.answered_by("memory"), world.answered_by("redis")) == (1, 1)


async def test_without_the_database_nothing_answers_past_a_date(world: World) -> None:
    world.source.record(
        "ann", PRO, Grant("analytics", Source.TRIAL, "s", ends_at=world.clock.now() + timedelta(hours=1))
    )
    await world.features()
    world.source.down = True
    world.clock.advance(timedelta(hours=1))
    assert await world.features() is None


async def test_without_both_nothing_is_granted_and_it_is_counted_and_heals(world: World) -> None:
    world.source.record("ann", PRO)
    await world.features()
    world.seconds += 1
    world.source.down = world.cache.down = True
    assert await world.store.access_for(ANN) == Access(True, scopes=frozenset({"read"}), available=False)
    with pytest.raises(Unavailable):
        await world.store.snapshot_of("ann")
    assert world.answered_by("none") == 2
    world.source.down = world.cache.down = False
    assert await world.features() == {"downloads", "reading"}


async def test_a_fresh_read_asks_the_database_and_is_remembered(world: World) -> None:
    world.source.record("ann", PRO)
    await world.features()
    world.source.record("ann", GIFT)
    assert (await world.store.snapshot_of("ann", fresh=True)).grants == (FREE, GIFT)
    assert await world.features() == {"analytics", "reading"}
    world.source.down = True
    with pytest.raises(Unavailable):
        await world.store.snapshot_of("ann", fresh=True)


async def test_changes_reach_every_listener_of_the_process(world: World) -> None:
    ours, theirs = world.store.changes(), world.store.changes()
    assert [await anext(ours), await anext(theirs)] == [None, None]
    async with world.listening():
        assert [await anext(ours), await anext(theirs)] == [None, None]
        world.source.record("bob", PRO)
        await world.publish("bob")
        assert [await anext(ours), await anext(theirs)] == ["bob", "bob"]
        world.cache.restart()
        assert [await anext(ours), await anext(theirs)] == [None, None]
    await ours.aclose()
    await theirs.aclose()


async def test_a_listener_that_lags_is_told_so(world: World) -> None:
    lagging = world.store.changes()
    await anext(lagging)
    async with world.listening():
        for number in range(1001):
            world.source.record(f"mem_{number}", PRO)
            await world.publish(f"mem_{number}")
        await asyncio.sleep(0.1)
    assert await anext(lagging) is None
    await lagging.aclose()


async def test_memory_is_bounded(world: World) -> None:
    for number in range(10_100):
        await world.store.snapshot_of(f"mem_{number}")
    read = world.source.reads
    await world.store.snapshot_of("mem_10099")
    assert world.source.reads == read
    world.cache.restart()
    await world.store.snapshot_of("mem_0")
    assert world.source.reads == read + 1

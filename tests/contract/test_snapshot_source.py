"""What a SnapshotSource promises: the same for the fake and PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from errors import Unavailable
from gating.codec import encode_snapshot
from gating.model import Grant, Holdings, LevelGrant, LimitGrant, Snapshot, Source
from gating.ports import SnapshotSource
from gating.postgres import PostgresSnapshots
from gating.record import record_grants
from gating.values import Override, ValueKind
from identity.members import ensure_member
from storage.database import connect
from tests.fakes.snapshots import MemorySource

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
PRO = Grant("downloads", Source.SUBSCRIPTION, "sub_1", "pro", NOW, NOW + timedelta(days=30))
GIFT = Grant("analytics", Source.MANUAL, "gift_1")
CALLS = LimitGrant("calls", 100, Source.SUBSCRIPTION, "sub_1", None, NOW)
NO_LIMIT = LimitGrant("seats", None, Source.MANUAL, "gift_1")
SUPPORT = LevelGrant("support_level", "priority", Source.SUBSCRIPTION, "sub_1", NOW)
OVERRIDES = (
    Override(ValueKind.FEATURE, "analytics", False, "case_1", "org_1", NOW, NOW + timedelta(days=1)),
    Override(ValueKind.LEVEL, "support_level", "standard", "case_2"),
    Override(ValueKind.LIMIT, "calls", None, "case_3"),
    Override(ValueKind.LIMIT, "seats", 7, "case_3"),
)

Record = Callable[[Holdings], Awaitable[object]]


@pytest.fixture(params=["memory", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    urls: Any = request.getfixturevalue("database_urls") if request.param == "postgres" else None
    return urls and urls.app


@pytest.fixture
async def recorded(database_url: str | None) -> AsyncIterator[tuple[SnapshotSource, Record]]:
    """A source, and how to give Ann something."""
    if database_url is None:
        memory = MemorySource()

        async def remember(held: Holdings) -> object:
            return memory.record("ann", *held.grants, **_rest(held))

        yield memory, remember
        return
    database = connect(database_url)

    async def record(held: Holdings) -> object:
        async with database.transaction() as connection:
            await ensure_member(connection, "ann")
            return await record_grants(
                connection, "ann", owner="test", grants=held.grants, **_rest(held), cause="test", now=NOW
            )

    yield PostgresSnapshots(database), record
    await database.close()


def _rest(held: Holdings) -> dict[str, Any]:
    return {"limits": held.limits, "levels": held.levels, "overrides": held.overrides}


async def test_a_member_nobody_has_heard_of_is_at_revision_zero(recorded: tuple[SnapshotSource, Record]) -> None:
    source, _ = recorded
    assert await source.get_snapshot("nobody") == Snapshot("nobody", 0)


async def test_what_was_recorded_is_read_in_canonical_order(recorded: tuple[SnapshotSource, Record]) -> None:
    source, record = recorded
    await record(Holdings((PRO, GIFT), (CALLS, NO_LIMIT, CALLS), (SUPPORT,), OVERRIDES[::-1]))
    held = ((GIFT, PRO), (CALLS, CALLS, NO_LIMIT), (SUPPORT,), OVERRIDES)
    assert await source.get_snapshot("ann") == Snapshot("ann", 1, *held)


async def test_equal_facts_are_equal_bytes(recorded: tuple[SnapshotSource, Record]) -> None:
    source, record = recorded
    await record(Holdings((PRO, GIFT)))
    elsewhere = timezone(timedelta(hours=-8))
    ends_at = (NOW + timedelta(days=30)).astimezone(elsewhere)
    same = Grant("downloads", Source.SUBSCRIPTION, "sub_1", "pro", NOW.astimezone(elsewhere), ends_at)
    one = encode_snapshot(await source.get_snapshot("ann"))
    assert one == encode_snapshot(Snapshot("ann", 1, (GIFT, same)))


async def test_the_revision_rises_with_each_change(recorded: tuple[SnapshotSource, Record]) -> None:
    source, record = recorded
    await record(Holdings((PRO,), (), (SUPPORT,), OVERRIDES))
    await record(Holdings())
    assert await source.get_snapshot("ann") == Snapshot("ann", 2)


async def test_a_source_that_is_down_says_so() -> None:
    nowhere = connect("postgresql://gatehouse_app@/nowhere?host=/nonexistent")
    for source in (MemorySource(down=True), PostgresSnapshots(nowhere)):
        with pytest.raises(Unavailable):
            await source.get_snapshot("ann")
    await nowhere.close()

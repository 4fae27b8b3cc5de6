"""Usage counts once, in the right month and day, whoever races."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from metering.model import DailyUsage, UsageEvent, month_of
from metering.record import record_usage
from metering.usage import daily_usage_of, usage_of
from storage.database import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENT = UsageEvent("mem_1", "one", "articles_read", NOON)


async def test_a_key_counts_once_within_and_between_batches(database: Database) -> None:
    other = replace(EVENT, member_id="mem_2")
    assert await record_usage(database, [EVENT, EVENT, other]) == {("mem_1", "one"), ("mem_2", "one")}
    changed = replace(EVENT, quantity=50, meter="downloads")
    assert await record_usage(database, [changed, replace(EVENT, key="two", quantity=3)]) == {("mem_1", "two")}
    assert await record_usage(database, []) == frozenset()
    assert await usage_of(database, ["mem_1", "mem_2", "mem_3"], NOON) == {
        "mem_1": {"articles_read": 4},
        "mem_2": {"articles_read": 1},
    }


async def test_racing_repeats_count_once(database: Database) -> None:
    events = [replace(EVENT, key=str(number)) for number in range(5)]
    won = await asyncio.gather(*(record_usage(database, events[::step]) for step in (1, -1, 1, -1)))
    assert sum(map(len, won)) == 5
    assert (await usage_of(database, ["mem_1"], NOON))["mem_1"] == {"articles_read": 5}


async def test_months_and_days_are_utc(database: Database) -> None:
    late = datetime(2026, 2, 28, 23, 30, tzinfo=timezone(timedelta(hours=-2)))  # the first of March in UTC
    assert month_of(late) == date(2026, 3, 1)
    await record_usage(database, [replace(EVENT, occurred_at=late), replace(EVENT, key="two", occurred_at=NOON)])
    assert (await usage_of(database, ["mem_1"], NOON))["mem_1"] == {"articles_read": 2}
    assert await usage_of(database, ["mem_1"], NOON - timedelta(days=2)) == {}
    daily = await daily_usage_of(database, {"analytics"}, ["mem_1"], date(2026, 1, 1))
    assert daily == {"mem_1": [DailyUsage(date(2026, 3, 1), "articles_read", 2)]}


@pytest.mark.parametrize("change", ["UPDATE usage_event SET quantity = 2", "DELETE FROM usage_event"])
async def test_events_are_never_rewritten(database: Database, change: str) -> None:
    await record_usage(database, [EVENT])
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction() as connection:
            await connection.execute(text(change))

"""Quotas hold on real PostgreSQL, also when everything comes at once; what is refused says what to do, and is kept."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from content.model import Kind
from content.seed import entry_id
from gating.acts import Act
from gating.experiment_book import record_experiment
from gating.experiments import Change, Experiment, Variant
from gating.model import Grant, Holdings, LimitGrant, Source
from gating.values import ValueKind
from metering.quota import resets_at
from tests.clock import FixedClock
from tests.flow.served import PRO, Served, member

DOWNLOAD = entry_id(Kind.DOWNLOAD, 0)
FETCH = """mutation ($key: String!, $id: ID!) { requestDownload(input: {downloadId: $id, idempotencyKey: $key}) {
  download { id } userErrors { code message path
    quota { meter limit used resetsAt requiredPlans { key } } } } }"""
USAGE = "{ me { usage { meter used limit remaining resetsAt } } }"
WHY = (Source.SUBSCRIPTION, "sub_1")


async def fetch(served: Served, key: str) -> Mapping[str, Any]:
    return (await served.data(FETCH, member(PRO), key=key, id=DOWNLOAD))["requestDownload"]


async def allow(served: Served, amount: int | None) -> int:
    """What is left then of so many more than were used so far; how much was used."""
    used = (await usage_of(served))["used"]
    limits = () if amount is None else (LimitGrant("downloads", used + amount, *WHY),)
    await served.give(PRO, Holdings((Grant("downloads", *WHY, "pro"),), limits))
    served.services.store.forget()
    return used


async def usage_of(served: Served) -> dict[str, Any]:
    usage = (await served.data(USAGE, member(PRO)))["me"]["usage"]
    return next(each for each in usage if each["meter"] == "downloads")


async def hits(served: Served) -> list[tuple[Any, ...]]:
    rows = await served.services.database.fetch("SELECT member_id, name, allowed, used, variants FROM limit_hit")
    return [tuple(row) for row in rows]


async def test_the_last_is_given_and_the_next_is_told_why_and_what_to_do(served: Served, clock: FixedClock) -> None:
    used = await allow(served, 1)
    assert (await usage_of(served))["remaining"] == 1
    assert (await fetch(served, "one"))["userErrors"] == []
    refused = await fetch(served, "two")
    [error] = refused["userErrors"]
    assert (refused["download"], error["code"], error["path"]) == (None, "QUOTA_EXCEEDED", [])
    assert error["quota"] == {
        "meter": "downloads",
        "limit": used + 1,
        "used": used + 1,
        "resetsAt": "2026-04-01T00:00:00+00:00",
        "requiredPlans": [{"key": "pro"}, {"key": "enterprise"}],
    }
    assert error["message"].endswith("There is more from 2026-04-01 on, or with Pro.")
    assert (await fetch(served, "one"))["userErrors"] == [], "what was counted is not refused when it is repeated"
    left = await usage_of(served)
    assert (left["used"], left["remaining"], left["resetsAt"]) == (used + 1, 0, "2026-04-01T00:00:00+00:00")
    clock.advance(timedelta(days=31))
    assert (await fetch(served, "two"))["userErrors"] == [], "another month"


async def test_of_many_at_once_just_as_many_get_through_as_there_is_room(served: Served) -> None:
    used = await allow(served, 5)
    answers = await asyncio.gather(*(fetch(served, f"key {number}") for number in range(20)))
    assert sum(not each["userErrors"] for each in answers) == 5
    assert (await usage_of(served))["used"] == used + 5
    assert await hits(served) == [(PRO, "downloads", used + 5, used + 5, [])], "once for the member, limit and month"


async def test_one_key_at_once_counts_once_and_is_never_refused(served: Served) -> None:
    used = await allow(served, 1)
    answers = await asyncio.gather(*(fetch(served, "the same") for _ in range(10)))
    assert [each["userErrors"] for each in answers] == [[]] * 10
    assert (await usage_of(served))["used"] == used + 1
    assert await hits(served) == []


async def test_it_is_decided_on_what_the_database_says(served: Served) -> None:
    """Taken away, and neither published nor noticed here: memory would still let it through."""
    await allow(served, 5)
    await served.services.store.snapshot_of(PRO)
    used = (await usage_of(served))["used"]
    limits = (LimitGrant("downloads", used, *WHY),)
    await served.give(PRO, Holdings((Grant("downloads", *WHY, "pro"),), limits))
    assert (await fetch(served, "one"))["userErrors"][0]["code"] == "QUOTA_EXCEEDED"


async def test_without_any_quota_nothing_is_given_and_without_a_limit_everything(served: Served) -> None:
    await allow(served, None)
    assert (await fetch(served, "one"))["userErrors"][0]["quota"]["limit"] == 0
    unlimited = (LimitGrant("downloads", None, *WHY),)
    await served.give(PRO, Holdings((Grant("downloads", *WHY, "pro"),), unlimited))
    assert (await fetch(served, "one"))["userErrors"] == []


async def test_a_hit_is_kept_with_what_was_tried_on_the_member(served: Served) -> None:
    used = await allow(served, None)
    some = Experiment("some", (Variant("few", 1, (Change(ValueKind.LIMIT, "downloads", used),)),))
    services = served.services
    async with services.database.transaction() as connection:
        await record_experiment(connection, some, act=Act("olga", "T-1"), now=services.clock.now())
    await served.experiments.load()
    assert (await fetch(served, "one"))["userErrors"][0]["quota"]["limit"] == used
    assert await hits(served) == [(PRO, "downloads", used, used, ["some:few"])]


@pytest.mark.parametrize(("month", "then"), [(1, (2026, 2)), (11, (2026, 12)), (12, (2027, 1))])
def test_a_month_ends_with_the_next(clock: FixedClock, month: int, then: tuple[int, int]) -> None:
    ends = resets_at(clock.at.replace(month=month))
    assert (ends.year, ends.month, ends.day, ends.hour) == (*then, 1, 0)

"""Access ends at its instant with nobody at work and nothing heard, and goes on where somebody pays."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage.database import Database
from tests.clock import FixedClock
from tests.flow.living import Shop, living

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
async def shop(database: Database, redis_url: str, clock: FixedClock) -> AsyncGenerator[Shop]:
    async with living(database, redis_url, clock) as shop:
        yield shop


def instant(subscription: Any, name: str) -> datetime:
    return datetime.fromtimestamp(subscription[name], UTC)


@pytest.mark.parametrize("end", ["cancel", "pause"])
async def test_a_trial_without_a_card_is_over_at_its_end_with_the_worker_stopped(end: str, shop: Shop) -> None:
    customer = shop.customer("ann", None)
    settings = {"end_behavior": {"missing_payment_method": end}}
    subscription = shop.subscribe(customer, trial_period_days=14, trial_settings=settings)
    await shop.work()
    assert "archive" in await shop.holds("ann")
    ends_at = instant(shop.call(f"GET /v1/subscriptions/{subscription}"), "trial_end")
    shop.passes_until(ends_at - SECOND)
    assert "archive" in await shop.holds("ann")
    shop.passes(SECOND)
    assert await shop.holds("ann") == frozenset()
    await shop.work()
    assert await shop.holds("ann") == frozenset(), "and what is heard later says the same"


async def test_a_card_added_during_the_trial_takes_its_end_away(shop: Shop) -> None:
    customer = shop.customer("ann", None)
    settings = {"end_behavior": {"missing_payment_method": "cancel"}}
    shop.subscribe(customer, trial_period_days=14, trial_settings=settings)
    await shop.work()
    method = shop.use(customer, "pm_card_visa")
    await shop.work()
    shop.passes(14 * DAY)
    assert "archive" in await shop.holds("ann"), "before anything of the renewal was heard"
    await shop.work()
    assert "archive" in await shop.holds("ann")
    [subscription] = shop.call("GET /v1/subscriptions", customer=customer)["data"]
    assert subscription["status"] == "active"
    shop.call(f"POST /v1/payment_methods/{method}/detach")
    await shop.work()
    assert "archive" in await shop.holds("ann"), "the period that was paid goes on"


async def test_a_trial_with_a_card_goes_over_into_paid_with_nobody_at_work(shop: Shop) -> None:
    subscription, begun = await shop.begin("ann", shop.customer("ann"), "enterprise_monthly")
    assert begun.card_required
    await shop.work()
    ends_at = instant(shop.call(f"GET /v1/subscriptions/{subscription}"), "trial_end")
    shop.passes_until(ends_at)
    assert "api_access" in await shop.holds("ann")
    await shop.work()
    assert "api_access" in await shop.holds("ann")


async def test_a_subscription_that_renews_locks_nobody_out_however_late_we_hear(shop: Shop) -> None:
    shop.subscribe(shop.customer("ann"))
    await shop.work()
    for _ in range(3):
        shop.passes(31 * DAY)
        assert "archive" in await shop.holds("ann")
    await shop.work()
    assert "archive" in await shop.holds("ann")


async def test_a_cancellation_ends_with_its_period_with_the_worker_stopped(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer("ann"))
    cancelled = shop.call(f"POST /v1/subscriptions/{subscription}", cancel_at_period_end=True)
    await shop.work()
    shop.passes_until(instant(cancelled, "cancel_at") - SECOND)
    assert "archive" in await shop.holds("ann")
    shop.passes(SECOND)
    assert await shop.holds("ann") == frozenset()


async def test_a_pause_that_voids_ends_with_the_period_paid_with_the_worker_stopped(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer("ann"))
    shop.passes(DAY)
    paused = shop.call(f"POST /v1/subscriptions/{subscription}", pause_collection={"behavior": "void"})
    await shop.work()
    shop.passes_until(instant(paused["items"]["data"][0], "current_period_end") - SECOND)
    assert "archive" in await shop.holds("ann")
    shop.passes(SECOND)
    assert await shop.holds("ann") == frozenset()


async def test_grace_narrows_by_the_days_with_the_worker_stopped(shop: Shop) -> None:
    customer = shop.customer("ann")
    shop.subscribe(customer)
    await shop.work()
    shop.use(customer, "pm_card_chargeCustomerFail")
    shop.passes(32 * DAY)
    await shop.work()
    [failed, *_] = [each for each in shop.twin.events() if each["type"] == "invoice.payment_failed"]
    anchor = instant(failed, "created")
    shop.passes_until(anchor + 5 * DAY - SECOND)
    assert "downloads" in await shop.holds("ann")
    shop.passes(SECOND)
    assert await shop.holds("ann") == {"content_premium", "analytics", "archive"}, "what writes has ended"
    shop.passes(2 * DAY)
    assert await shop.holds("ann") == frozenset()
    shop.use(customer, "pm_card_visa")
    [subscription] = shop.call("GET /v1/subscriptions", customer=customer)["data"]
    shop.call(f"POST /v1/invoices/{subscription['latest_invoice']}/pay")
    await shop.work()
    assert "downloads" in await shop.holds("ann")


async def test_a_reverse_trial_ends_in_the_free_plan_with_the_worker_stopped(shop: Shop) -> None:
    customer = shop.customer("ann", None)
    subscription, _ = await shop.begin("ann", customer, "pro_monthly")
    await shop.work()
    assert await shop.holds("ann") == {"content_premium", "downloads", "analytics", "archive"}
    shop.passes(14 * DAY)
    assert await shop.holds("ann") == frozenset()
    held = await shop.store.snapshot_of("ann")
    assert held.limits_at(shop.clock.now()) == {"api_calls": 100, "projects": 3}
    await shop.work()
    shop.passes(40 * DAY)
    await shop.work()
    after = shop.call(f"GET /v1/subscriptions/{subscription}")
    assert (after["status"], after["items"]["data"][0]["price"]["lookup_key"]) == ("active", "free_monthly")


async def test_nobody_has_a_second_trial_of_whatever_plan(shop: Shop) -> None:
    customer = shop.customer("ann")
    first, _ = await shop.begin("ann", customer, "pro_monthly")
    await shop.work()
    shop.call(f"DELETE /v1/subscriptions/{first}")
    await shop.work()
    second, begun = await shop.begin("ann", customer, "enterprise_monthly")
    assert begun.trial is None
    assert shop.call(f"GET /v1/subscriptions/{second}")["status"] == "active"
    third, again = await shop.begin("ben", shop.customer("ben"), "enterprise_monthly")
    assert again.trial is not None
    assert shop.call(f"GET /v1/subscriptions/{third}")["status"] == "trialing"


async def test_a_resubscriber_has_a_new_subscription_and_the_old_one_stays_as_it_ended(shop: Shop) -> None:
    customer = shop.customer("ann")
    old = shop.subscribe(customer)
    shop.call(f"DELETE /v1/subscriptions/{old}")
    await shop.work()
    assert await shop.holds("ann") == frozenset()
    new = shop.subscribe(customer)
    await shop.work()
    assert "archive" in await shop.holds("ann")
    held = await shop.store.snapshot_of("ann", fresh=True)
    assert {grant.source_id for grant in held.grants} == {new}
    rows = await shop.ours.database.fetch("SELECT id, status FROM subscription")
    assert {row.id: row.status for row in rows} == {old: "canceled", new: "active"}

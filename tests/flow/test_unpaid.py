"""What stays unpaid is cancelled after the catalogue's window, at Stripe and here; what recovers in time is not."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest

from billing.unpaid import end_unpaid
from storage.database import Database
from tests.clock import FixedClock
from tests.flow.living import Shop, living

DAY = timedelta(days=1)


@pytest.fixture
async def shop(database: Database, redis_url: str, clock: FixedClock) -> AsyncGenerator[Shop]:
    async with living(database, redis_url, clock, after_retries="unpaid", retry_after_days=(1, 3)) as shop:
        yield shop


async def end(shop: Shop) -> list[str]:
    return [*await end_unpaid(shop.ours.database, shop.stripe.ask, shop.catalogue.access, shop.clock.now())]


async def failing(shop: Shop, member: str) -> tuple[str, str]:
    """Customer and subscription, unpaid since today."""
    customer = shop.customer(member)
    subscription = shop.subscribe(customer)
    shop.use(customer, "pm_card_chargeCustomerFail")
    while shop.call(f"GET /v1/subscriptions/{subscription}")["status"] != "unpaid":
        shop.passes(DAY)
        await shop.work()
    return customer, subscription


async def test_it_is_cancelled_after_the_window_and_not_a_second_before(shop: Shop) -> None:
    _, subscription = await failing(shop, "ann")
    assert await shop.holds("ann") == frozenset()
    shop.passes(60 * DAY - timedelta(seconds=1))
    assert await end(shop) == []
    shop.passes(timedelta(seconds=1))
    assert await end(shop) == [subscription]
    assert shop.call(f"GET /v1/subscriptions/{subscription}")["status"] == "canceled"
    await shop.work()
    [row] = await shop.ours.database.fetch("SELECT status FROM subscription")
    assert row.status == "canceled"
    assert await end(shop) == []


async def test_paying_in_between_begins_the_window_anew(shop: Shop) -> None:
    customer, subscription = await failing(shop, "ann")
    shop.passes(20 * DAY)
    shop.use(customer, "pm_card_visa")
    for invoice in shop.call("GET /v1/invoices", subscription=subscription, status="open")["data"]:
        shop.call(f"POST /v1/invoices/{invoice['id']}/pay")
    await shop.work()
    assert shop.call(f"GET /v1/subscriptions/{subscription}")["status"] == "active"
    shop.use(customer, "pm_card_chargeCustomerFail")
    while shop.call(f"GET /v1/subscriptions/{subscription}")["status"] != "unpaid":
        shop.passes(DAY)
        await shop.work()
    shop.passes(45 * DAY)
    assert await end(shop) == []
    shop.passes(15 * DAY)
    assert await end(shop) == [subscription]


async def test_one_that_is_gone_meanwhile_is_no_fault_and_no_window_is_never(shop: Shop) -> None:
    _, subscription = await failing(shop, "ann")
    shop.passes(61 * DAY)
    policy = replace(shop.catalogue.access, unpaid_ends_after_days=None)
    assert await end_unpaid(shop.ours.database, shop.stripe.ask, policy, shop.clock.now()) == ()
    shop.call(f"DELETE /v1/subscriptions/{subscription}")
    assert await end(shop) == [subscription]
    await shop.ours.worker.run_until_idle()
    [row] = await shop.ours.database.fetch("SELECT status FROM subscription")
    assert row.status == "canceled"

"""What is paid for once is given for ever, or for its time, until the money goes back: on the twin, over real HTTP."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from billing.catalogue import parse_catalogue
from billing.memory import StripeInMemory
from billing.state import Purchase
from billing.sync import sync_customer
from gating.model import Source
from storage.database import Database
from tests.clock import FixedClock
from tests.flow.living import Shop, living
from tests.flow.replay import MEMBER_KEY
from tests.twin.forms import Forms

CATALOGUE = parse_catalogue(
    "catalogue.yaml",
    Path("catalogue.yaml")
    .read_text(encoding="utf-8")
    .replace(
        "coupons:\n",
        """  month_pass:
    name: A month of the archive
    features: [archive]
    prices: [{lookup_key: month_pass, interval: once, lasts_days: 30, amounts: {usd: 900, eur: 900}}]

coupons:
""",
        1,
    ),
)
PROJECTS = 3
"""Of the free plan, which what is bought comes instead of, or adds up to more than."""


@pytest.fixture
async def shop(database: Database, redis_url: str, clock: FixedClock) -> AsyncGenerator[Shop]:
    async with living(database, redis_url, clock, CATALOGUE) as shop:
        yield shop


async def by_invoice(shop: Shop, customer: str, lookup_key: str, quantity: int = 1) -> str:
    asked = {"customer": customer, "pricing": {"price": shop.price(lookup_key)}, "quantity": quantity}
    invoice = shop.call("POST /v1/invoices", customer=customer)["id"]
    shop.call("POST /v1/invoiceitems", **asked, invoice=invoice)
    shop.call(f"POST /v1/invoices/{invoice}/finalize")
    shop.call(f"POST /v1/invoices/{invoice}/pay")
    return invoice


async def by_checkout(shop: Shop, customer: str, lookup_key: str, quantity: int = 1) -> str:
    session = shop.call(
        "POST /v1/checkout/sessions",
        mode="payment",
        customer=customer,
        line_items=[{"price": shop.price(lookup_key), "quantity": quantity}],
        success_url="https://members.example/thanks",
        client_reference_id="ann",
    )
    async with httpx.AsyncClient() as client:
        page = await client.get(session["url"])
        fields = Forms(page.text).found["pay"]
        assert (await client.post(session["url"], data=fields | {"email": "ann@example.test"})).status_code == 303
    return session["id"]


async def with_a_subscription(shop: Shop, customer: str, lookup_key: str, quantity: int = 1) -> str:
    extra = [{"price": shop.price(lookup_key), "quantity": quantity}]
    id = shop.subscribe(customer, "free_monthly", add_invoice_items=extra)
    return shop.call(f"GET /v1/subscriptions/{id}")["latest_invoice"]


WAYS = pytest.mark.parametrize("buy", [by_invoice, by_checkout, with_a_subscription])


async def in_memory(shop: Shop, id: str) -> Purchase | None:
    """The same, of a Stripe in memory that holds what the twin shows of it."""
    kind, expand = "checkout/sessions", ["payment_intent", "line_items"]
    if id.startswith("in_"):
        kind, expand = "invoices", ["payments.data.payment.payment_intent", "lines.data.pricing.price_details.price"]
    whole = shop.call(f"GET /v1/{kind}/{id}", expand=expand)
    return await StripeInMemory([whole]).fetch_purchase(id)


async def projects(shop: Shop) -> Any:
    return (await shop.store.snapshot_of("ann")).limits_at(shop.clock.now())["projects"]


@WAYS
async def test_a_pack_is_given_for_ever_by_whichever_way_it_was_bought(buy: Any, shop: Shop) -> None:
    bought = await buy(shop, shop.customer("ann"), "project_pack_once", 2)
    await shop.work()
    free = PROJECTS if buy is with_a_subscription else 0
    assert await projects(shop) == 20 + free
    held = await shop.store.snapshot_of("ann")
    packs = [grant for grant in held.limits if grant.source is Source.ADD_ON]
    assert [(grant.value, grant.source_id, grant.ends_at) for grant in packs] == [(20, bought, None)]
    shop.passes(timedelta(days=1000))
    assert await projects(shop) == 20 + free


async def test_a_pass_is_over_after_its_days_with_the_worker_stopped(shop: Shop) -> None:
    await by_invoice(shop, shop.customer("ann"), "month_pass")
    await shop.work()
    assert await shop.holds("ann") == {"archive"}
    shop.passes(timedelta(days=30) - timedelta(seconds=1))
    assert await shop.holds("ann") == {"archive"}
    shop.passes(timedelta(seconds=1))
    assert await shop.holds("ann") == frozenset()


@WAYS
async def test_it_is_lost_when_all_of_the_money_was_given_back(buy: Any, shop: Shop) -> None:
    await buy(shop, shop.customer("ann"), "project_pack_once")
    await shop.work()
    [charge] = shop.twin.objects("charge")
    shop.call("POST /v1/refunds", charge=charge["id"], amount=100)
    await shop.work()
    assert await projects(shop) >= 10, "a part of it takes nothing"
    shop.call("POST /v1/refunds", charge=charge["id"])
    await shop.work()
    assert await projects(shop) == PROJECTS


async def test_a_dispute_takes_it_and_winning_gives_it_back(shop: Shop) -> None:
    customer = shop.customer("ann", None)
    shop.use(customer, "pm_card_createDispute")
    await by_invoice(shop, customer, "month_pass")
    await shop.work()
    assert await shop.holds("ann") == frozenset()
    assert await shop.told() == ["dispute_opened"]
    [dispute] = shop.twin.objects("dispute")
    shop.call(f"POST /v1/disputes/{dispute['id']}", evidence={"uncategorized_text": "winning_evidence"}, submit=True)
    shop.passes(timedelta(days=2))
    await shop.work()
    [dispute] = shop.twin.objects("dispute")
    assert dispute["status"] == "won"
    assert await shop.holds("ann") == {"archive"}


async def test_what_was_not_paid_gives_nothing(shop: Shop) -> None:
    customer = shop.customer("ann", "pm_card_chargeCustomerFail")
    invoice = shop.call("POST /v1/invoices", customer=customer)["id"]
    price = {"price": shop.price("month_pass")}
    shop.call("POST /v1/invoiceitems", customer=customer, pricing=price, invoice=invoice)
    shop.call(f"POST /v1/invoices/{invoice}/finalize")
    await shop.work()
    assert await shop.holds("ann") == frozenset()
    shop.use(customer, "pm_card_visa")
    shop.call(f"POST /v1/invoices/{invoice}/pay")
    await shop.work()
    assert await shop.holds("ann") == {"archive"}


async def test_a_sync_asks_for_what_was_bought_once_and_for_refunds_each_time(shop: Shop) -> None:
    customer = shop.customer("ann")
    invoice = await by_invoice(shop, customer, "month_pass")
    await shop.work()
    before = dict(shop.twin.counted)
    syncing = shop.ours.syncing
    await sync_customer(
        customer,
        database=syncing.database,
        stripe=syncing.stripe,
        catalogue=syncing.catalogue,
        clock=syncing.clock,
        member_key=MEMBER_KEY,
    )
    asked = {route: count - before.get(route, 0) for route, count in shop.twin.counted.items()}
    assert {route for route, count in asked.items() if count} == {"GET /v1/subscriptions", "GET /v1/charges"}
    assert await shop.stripe.fetch_purchase(invoice) == await in_memory(shop, invoice)


@WAYS
async def test_both_stripes_read_a_purchase_alike(buy: Any, shop: Shop) -> None:
    customer = shop.customer("ann")
    id = await buy(shop, customer, "project_pack_once", 3)
    charge = shop.twin.objects("charge")[0]["id"]
    shop.call("POST /v1/refunds", charge=charge)
    found = await in_memory(shop, id)
    assert found is not None
    assert (found.charge_id, [item.quantity for item in found.items]) == (charge, [3])
    assert await shop.stripe.fetch_purchase(id) == found
    for nothing in ("in_none", "cs_none"):
        assert await shop.stripe.fetch_purchase(nothing) is None
    memory = StripeInMemory(shop.twin.objects("charge"))
    for who, refunded in ((customer, {charge}), ("cus_none", set[str]())):
        assert await shop.stripe.fetch_refunded_charges(who) == refunded
        assert await memory.fetch_refunded_charges(who) == refunded

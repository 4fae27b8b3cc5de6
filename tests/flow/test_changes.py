"""Changing plan and numbers on the twin over real HTTP: what it costs, when it counts, and who is let in by it."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests.flow.selling import Selling, selling
from tests.flow.subscribed import price_id, subscribed
from tests.parts import SessionParts

pytestmark = pytest.mark.asyncio(loop_scope="module")

UPDATES = "POST /v1/subscriptions/{subscription}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(parts: SessionParts, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Selling]:
    async with selling(parts, tmp_path_factory.mktemp("changes")) as shop:
        yield shop


async def test_an_upgrade_is_paid_in_proportion_as_previewed_and_opens_the_field(shop: Selling) -> None:
    ann = await subscribed(shop, "ann", "pro_monthly", awaits="content_premium")
    period = ann.now["items"]["data"][0]
    await shop.advance(timedelta(days=10))
    assert not await ann.holds("api_access")
    preview = await ann.preview(plan="enterprise")
    left = (period["current_period_end"] - shop.edge.clock.now().timestamp()) / (
        period["current_period_end"] - period["current_period_start"]
    )
    charge = round(9900 * left) - round(1900 * left)
    assert (preview["timing"], preview["currency"], preview["dueNowMinor"]) == ("NOW", "USD", charge)
    assert [line["amountMinor"] for line in preview["lines"]] == [-round(1900 * left), round(9900 * left)]
    assert all(line["proration"] for line in preview["lines"])
    assert preview["nextInvoice"]["totalMinor"] == 9900
    assert ann.prices == {"pro_monthly": 1}, "a preview does nothing"
    await shop.advance(timedelta(minutes=30))
    change = await ann.done("changePlan", plan="enterprise", proratedAt=preview["proratedAt"])
    assert change["subscription"]["plan"]["key"] == "enterprise"
    assert ann.prices == {"enterprise_monthly": 1, "enterprise_api_calls": None}
    latest = ann.of("invoice")[-1]
    assert (latest["status"], latest["amount_paid"]) == ("paid", charge), "as it was half an hour ago"
    await ann.gains("api_access")


async def test_a_quote_is_good_for_an_hour_and_not_for_tomorrow(shop: Selling) -> None:
    bea = await subscribed(shop, "bea", "pro_monthly")
    for hours in (-2, 24 * 20):
        at = (shop.edge.clock.now() + timedelta(hours=hours)).isoformat()
        error = await bea.refused("changePlan", plan="enterprise", proratedAt=at)
        assert (error["code"], error["path"]) == ("DATE_NOT_ALLOWED", ["proratedAt"])


async def test_the_same_key_changes_once_and_another_input_is_refused(shop: Selling) -> None:
    cid = await subscribed(shop, "cid", "pro_monthly")
    before = shop.requests(UPDATES)
    every = await asyncio.gather(*(cid.do("changePlan", plan="enterprise", idempotencyKey="up") for _ in range(3)))
    assert every[0]["userErrors"] == []
    assert every == [every[0]] * 3
    again = await cid.do("changePlan", plan="enterprise", idempotencyKey="up")
    assert again["change"]["effectiveAt"] == every[0]["change"]["effectiveAt"]
    assert shop.requests(UPDATES) == before + 1
    assert len(cid.of("invoice")) == 2
    error = await cid.refused("changePlan", plan="free", idempotencyKey="up")
    assert (error["code"], error["path"]) == ("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])
    assert (await cid.refused("changePlan", plan="enterprise"))["code"] == "NOTHING_CHANGES"


async def test_what_was_done_and_not_heard_of_is_not_done_again(shop: Selling) -> None:
    dot = await subscribed(shop, "dot", "pro_monthly")
    shop.wire.loses = f"/v1/subscriptions/{dot.now['id']}"
    assert (await dot.refused("changePlan", plan="enterprise", idempotencyKey="up"))["code"] == "STRIPE_UNAVAILABLE"
    shop.wire.loses = None
    assert "enterprise_monthly" in dot.prices, "though nobody heard of it"
    change = await dot.done("changePlan", plan="enterprise", idempotencyKey="up")
    assert change["subscription"]["plan"]["key"] == "enterprise"
    assert len(dot.of("invoice")) == 2


@pytest.mark.parametrize(
    ("method", "code", "decline"),
    [
        ("pm_card_chargeCustomerFail", "CARD_DECLINED", "generic_decline"),
        ("pm_card_insufficientFundsLater", "CARD_DECLINED", "insufficient_funds"),
        (None, "PAYMENT_METHOD_REQUIRED", None),
    ],
)
async def test_a_payment_that_fails_changes_nothing(
    shop: Selling, method: str | None, code: str, decline: str | None
) -> None:
    eve = await subscribed(shop, f"eve{decline}", "free_monthly", method=method)
    error = await eve.refused("changePlan", plan="enterprise", idempotencyKey="up")
    assert (error["code"], error["declineCode"]) == (code, decline)
    assert await eve.refused("changePlan", plan="enterprise", idempotencyKey="up") == error
    assert eve.prices == {"free_monthly": 1}
    assert [each["status"] for each in eve.of("invoice")] == ["paid"]
    assert not await eve.holds("api_access")
    eve.pays_by("pm_card_visa")
    await eve.done("changePlan", plan="enterprise")
    await eve.gains("api_access")


async def test_a_payment_to_confirm_changes_nothing_until_it_is_confirmed(shop: Selling) -> None:
    fay = await subscribed(shop, "fay", "free_monthly", method="pm_card_authenticationRequired")
    change = await fay.done("changePlan", plan="pro", idempotencyKey="up")
    assert change["confirmation"]["clientSecret"].startswith("pi_")
    assert change["confirmation"]["invoiceUrl"].startswith("http")
    assert fay.prices == {"free_monthly": 1}
    assert not await fay.holds("content_premium")
    assert (await fay.refused("changePlan", plan="enterprise"))["code"] == "PAYMENT_PENDING"
    assert await fay.done("changePlan", plan="pro", idempotencyKey="up") == change
    shop.stripe.authenticate(change["confirmation"]["clientSecret"].partition("_secret_")[0])
    assert fay.prices == {"pro_monthly": 1}
    await fay.gains("content_premium")


async def test_a_downgrade_waits_for_the_end_of_the_period(shop: Selling) -> None:
    keys = ("enterprise_monthly", "enterprise_api_calls", "seats_monthly*3")
    gus = await subscribed(shop, "gus", *keys, awaits="api_access", discounts=[{"coupon": "launch"}])
    [discount] = gus.now["discounts"]
    ends = gus.now["items"]["data"][0]["current_period_end"]
    preview = await gus.preview(plan="pro")
    assert (preview["timing"], preview["dueNowMinor"], preview["lines"]) == ("AT_PERIOD_END", 0, [])
    assert preview["nextInvoice"]["totalMinor"] == round(1900 * 0.8) + 2700, "the coupon is for pro alone"
    change = await gus.done("changePlan", plan="pro", idempotencyKey="down")
    assert change["effectiveAt"] == preview["effectiveAt"]
    assert change["subscription"]["plan"]["key"] == "enterprise"
    assert await gus.done("changePlan", plan="pro", idempotencyKey="down") == change
    assert await gus.holds("api_access")
    assert (await gus.refused("changeQuantity", quantity=4))["code"] == "CHANGE_SCHEDULED"
    await shop.advance(timedelta(days=32))
    assert shop.edge.clock.now().timestamp() > ends
    assert gus.prices == {"pro_monthly": 1, "seats_monthly": 3}
    assert gus.now["discounts"] == [discount]
    await gus.loses("api_access")
    assert await gus.holds("content_premium")
    await gus.done("changeQuantity", quantity=4)
    assert gus.now["schedule"] is None


async def test_a_downgrade_can_be_dropped_or_replaced_before_it_comes(shop: Selling) -> None:
    hal = await subscribed(shop, "hal", "enterprise_monthly", awaits="api_access")
    await hal.done("changePlan", plan="pro")
    await hal.done("changePlan", plan="free")
    assert len(hal.of("subscription_schedule")) == 1
    assert hal.of("subscription_schedule")[0]["phases"][1]["items"][0]["price"] == price_id(shop, "free_monthly")
    await hal.done("changePlan", plan="enterprise")
    assert hal.now["schedule"] is None
    await shop.advance(timedelta(days=32))
    assert hal.prices == {"enterprise_monthly": 1}


async def test_a_downgrade_now_leaves_credit_and_a_year_becomes_months_at_its_end(shop: Selling) -> None:
    ida = await subscribed(shop, "ida", "enterprise_annual", awaits="api_access")
    await ida.done("changePlan", plan="enterprise", interval="MONTH")
    assert ida.prices == {"enterprise_annual": 1}
    change = await ida.done("changePlan", plan="pro", interval="YEAR", timing="NOW")
    assert change["subscription"]["plan"]["key"] == "pro"
    await ida.loses("api_access")
    assert shop.stripe.call(f"GET /v1/customers/{ida.customer}")["balance"] == -(99000 - 19000)
    assert ida.now["schedule"] is None


async def test_seats_come_at_once_and_go_with_the_period(shop: Selling) -> None:
    jan = await subscribed(shop, "jan", "pro_monthly", awaits="content_premium")
    await jan.done("addAddOn", addOn="seats", quantity=3)
    assert (jan.prices["seats_monthly"], jan.of("invoice")[-1]["amount_paid"]) == (3, 2700)
    assert (await jan.refused("addAddOn", addOn="seats"))["code"] == "ALREADY_SUBSCRIBED"
    preview = await jan.preview(quantity=7)
    assert (preview["dueNowMinor"], preview["nextInvoice"]["totalMinor"]) == (2 * 900 + 2 * 700, 1900 + 4500 + 1400)
    await jan.done("changeQuantity", quantity=7)
    assert (jan.prices["seats_monthly"], jan.of("invoice")[-1]["amount_paid"]) == (7, 3200)
    await jan.done("changeQuantity", quantity=2)
    assert jan.prices["seats_monthly"] == 7
    await shop.advance(timedelta(days=32))
    assert jan.prices["seats_monthly"] == 2
    await jan.done("changeQuantity", quantity=0, plan="seats", timing="NOW")
    assert jan.prices == {"pro_monthly": 1}


async def test_what_is_paid_once_is_an_invoice_of_its_own(shop: Selling) -> None:
    kim = await subscribed(shop, "kim", "pro_monthly", awaits="content_premium")
    await kim.done("addAddOn", addOn="project_pack", idempotencyKey="pack")
    await kim.done("addAddOn", addOn="project_pack", idempotencyKey="pack")
    [first, pack] = kim.of("invoice")
    assert (pack["status"], pack["amount_paid"], pack["parent"]) == ("paid", 4900, None)
    assert first["billing_reason"] == "subscription_create"
    assert kim.prices == {"pro_monthly": 1}
    kim.pays_by("pm_card_chargeCustomerFail")
    error = await kim.refused("addAddOn", addOn="project_pack", idempotencyKey="another")
    assert error["code"] == "CARD_DECLINED"
    assert kim.of("invoice")[-1]["status"] == "void"
    assert await kim.refused("addAddOn", addOn="project_pack", idempotencyKey="another") == error
    assert len(kim.of("invoice")) == 3


@pytest.mark.parametrize(
    ("name", "wanted", "code", "path"),
    [
        ("changePlan", {"plan": "gold"}, "NOT_ON_SALE", ["plan"]),
        ("changePlan", {"plan": "free", "interval": "YEAR"}, "NOT_ON_SALE", ["interval"]),
        ("changeQuantity", {"quantity": 2}, "QUANTITY_NOT_ALLOWED", ["plan"]),
        ("addAddOn", {"addOn": "pro"}, "NOT_ON_SALE", ["addOn"]),
        ("pauseSubscription", {"kind": "KEEP_AS_DRAFT"}, "PAUSE_NOT_OFFERED", ["kind"]),
        ("pauseSubscription", {"resumesAt": "2020-01-01T00:00:00Z"}, "DATE_NOT_ALLOWED", ["resumesAt"]),
    ],
)
async def test_what_cannot_be_is_told(shop: Selling, name: str, wanted: Any, code: str, path: list[str]) -> None:
    lea = await subscribed(shop, f"lea_{name}_{len(wanted)}_{code}_{path[0]}", "pro_monthly")
    error = await lea.refused(name, **wanted)
    assert (error["code"], error["path"]) == (code, path)

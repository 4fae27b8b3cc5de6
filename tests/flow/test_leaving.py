"""Leaving, for good or for a while, and coming back, on the twin over real HTTP; and what no state allows."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests.flow.selling import Selling, member, selling
from tests.flow.subscribed import Subscribed, subscribed
from tests.parts import SessionParts

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(parts: SessionParts, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Selling]:
    async with selling(parts, tmp_path_factory.mktemp("leaving")) as shop:
        yield shop


def part_left(life: Subscribed) -> float:
    """Of the period in force."""
    period = life.now["items"]["data"][0]
    start, end = period["current_period_start"], period["current_period_end"]
    return (end - life.shop.edge.clock.now().timestamp()) / (end - start)


async def test_who_leaves_at_the_end_may_stay_until_then_or_think_better_of_it(shop: Selling) -> None:
    ann = await subscribed(shop, "ann", "pro_monthly", awaits="content_premium")
    change = await ann.done("cancelSubscription", feedback="TOO_EXPENSIVE", comment="Too much.", idempotencyKey="go")
    assert change["subscription"]["endsAt"] == change["effectiveAt"] == change["subscription"]["currentPeriodEndsAt"]
    assert (change["refundedMinor"], change["creditedMinor"]) == (0, 0)
    details = ann.now["cancellation_details"]
    assert (details["feedback"], details["comment"]) == ("too_expensive", "Too much.")
    assert await ann.holds("content_premium")
    assert (await ann.refused("cancelSubscription"))["code"] == "SUBSCRIPTION_ENDING"
    assert (await ann.refused("changePlan", plan="enterprise"))["code"] == "SUBSCRIPTION_ENDING"
    change = await ann.done("resumeSubscription", idempotencyKey="stay")
    assert change["subscription"]["endsAt"] is None
    assert await ann.done("resumeSubscription", idempotencyKey="stay") == change
    assert (await ann.refused("resumeSubscription"))["code"] == "NOTHING_TO_RESUME"
    await ann.done("cancelSubscription")
    await shop.advance(timedelta(days=32))
    await ann.loses("content_premium")
    assert ann.now["status"] == "canceled"


async def test_who_leaves_now_gets_back_what_is_left_of_what_was_paid(shop: Selling) -> None:
    bea = await subscribed(shop, "bea", "pro_monthly", awaits="content_premium")
    await shop.advance(timedelta(days=10))
    left = round(1900 * part_left(bea))
    change = await bea.done("cancelSubscription", timing="NOW", idempotencyKey="go")
    assert (change["refundedMinor"], change["creditedMinor"], change["currency"]) == (left, 0, "USD")
    assert change["subscription"]["status"] == "CANCELED"
    await bea.loses("content_premium")
    [note] = bea.of("credit_note")
    assert (note["amount"], note["post_payment_amount"], note["invoice"]) == (left, left, bea.of("invoice")[0]["id"])
    assert await bea.done("cancelSubscription", timing="NOW", idempotencyKey="go") == change
    assert len(bea.of("credit_note")) == 1
    assert sum(each["amount_refunded"] for each in bea.of("charge")) == left


async def test_after_an_upgrade_what_is_left_of_the_dearer_plan_is_given_back(shop: Selling) -> None:
    cid = await subscribed(shop, "cid", "pro_monthly", awaits="content_premium")
    await shop.advance(timedelta(days=10))
    await cid.done("changePlan", plan="enterprise")
    await shop.advance(timedelta(days=10))
    left = 9900 * part_left(cid)
    change = await cid.done("cancelSubscription", timing="NOW")
    assert abs(change["refundedMinor"] - left) <= 2, "each line is rounded by itself"
    assert change["refundedMinor"] == sum(each["amount_refunded"] for each in cid.of("charge"))


async def test_who_leaves_now_with_credit_gets_credit_back(shop: Selling) -> None:
    dan = await subscribed(shop, "dan", "enterprise_annual", awaits="api_access")
    await dan.done("changePlan", plan="pro", interval="YEAR", timing="NOW")
    change = await dan.done("cancelSubscription", timing="NOW")
    assert change["refundedMinor"] == 19000, "of the 99000 that were paid 80000 are credit already"
    assert shop.stripe.call(f"GET /v1/customers/{dan.customer}")["balance"] == -80000


async def test_what_was_done_and_not_heard_of_is_not_done_again(shop: Selling) -> None:
    eva = await subscribed(shop, "eva", "pro_monthly", awaits="content_premium")
    shop.wire.loses = "/v1/credit_notes"
    answer = await eva.refused("cancelSubscription", timing="NOW", idempotencyKey="go")
    assert answer["code"] == "STRIPE_UNAVAILABLE"
    shop.wire.loses = None
    assert (eva.now["status"], len(eva.of("credit_note"))) == ("active", 1)
    change = await eva.done("cancelSubscription", timing="NOW", idempotencyKey="go")
    assert (change["refundedMinor"], eva.now["status"], len(eva.of("credit_note"))) == (1900, "canceled", 1)


async def test_a_disputed_payment_is_not_given_back_and_nothing_is_done(shop: Selling) -> None:
    fay = await subscribed(shop, "fay", "pro_monthly", method="pm_card_createDispute")
    error = await fay.refused("cancelSubscription", timing="NOW")
    assert error["code"] == "STRIPE_REFUSED"
    assert fay.now["status"] == "active"
    await fay.done("cancelSubscription")


async def test_leaving_takes_a_change_that_waits_along(shop: Selling) -> None:
    gus = await subscribed(shop, "gus", "enterprise_monthly", awaits="api_access")
    await gus.done("changePlan", plan="pro")
    await gus.done("cancelSubscription")
    assert (gus.now["schedule"], gus.now["cancel_at_period_end"]) == (None, True)
    hal = await subscribed(shop, "hal", "enterprise_monthly", awaits="api_access")
    await hal.done("changePlan", plan="pro")
    await hal.done("cancelSubscription", timing="NOW")
    assert hal.of("subscription_schedule")[0]["status"] == "canceled"


async def test_a_pause_lasts_as_long_as_it_is_asked_for_and_what_was_paid_is_held_till_its_end(shop: Selling) -> None:
    ida = await subscribed(shop, "ida", "pro_monthly", awaits="content_premium")
    back = (shop.edge.clock.now() + timedelta(days=75)).isoformat()
    await ida.done("pauseSubscription", resumesAt=back, idempotencyKey="rest")
    assert ida.now["pause_collection"]["behavior"] == "void"
    for name, wanted in (("changePlan", {"plan": "enterprise"}), ("pauseSubscription", {})):
        assert (await ida.refused(name, **wanted))["code"] == "SUBSCRIPTION_PAUSED"
    assert await ida.holds("content_premium")
    await shop.advance(timedelta(days=32))
    await ida.loses("content_premium")
    await shop.advance(timedelta(days=44))
    await ida.gains("content_premium")
    assert ida.now["pause_collection"] is None


async def test_a_pause_is_ended_by_resuming(shop: Selling) -> None:
    jan = await subscribed(shop, "jan", "pro_monthly", awaits="content_premium")
    await jan.done("pauseSubscription")
    await shop.advance(timedelta(days=32))
    await jan.loses("content_premium")
    change = await jan.done("resumeSubscription")
    assert change["subscription"]["status"] == "ACTIVE"
    await jan.gains("content_premium")


async def test_a_trial_that_ended_without_a_card_is_resumed_by_paying(shop: Selling) -> None:
    kim = await paused(shop, "kim")
    assert (await kim.refused("resumeSubscription"))["code"] == "PAYMENT_FAILED"
    assert not await kim.holds("content_premium")
    kim.pays_by("pm_card_visa")
    change = await kim.done("resumeSubscription")
    assert change["subscription"]["status"] == "ACTIVE"
    await kim.gains("content_premium")


async def incomplete(shop: Selling, name: str) -> Subscribed:
    return await subscribed(shop, name, "pro_monthly", method="pm_card_chargeCustomerFail")


async def incomplete_expired(shop: Selling, name: str) -> Subscribed:
    life = await incomplete(shop, name)
    await shop.advance(timedelta(days=1))
    return await in_state(life, "INCOMPLETE_EXPIRED")


async def trialing(shop: Selling, name: str) -> Subscribed:
    return await subscribed(shop, name, "pro_monthly", trial_period_days=14, awaits="content_premium")


async def past_due(shop: Selling, name: str) -> Subscribed:
    life = await subscribed(shop, name, "pro_monthly", awaits="content_premium")
    life.pays_by("pm_card_chargeCustomerFail")
    await shop.advance(timedelta(days=31, hours=2))
    return await in_state(life, "PAST_DUE")


async def unpaid(shop: Selling, name: str) -> Subscribed:
    """As where the account's owner chose that over cancelling."""
    life = await past_due(shop, name)
    world = shop.stripe.world
    world.change(world.store.objects[life.now["id"]], "customer.subscription.updated", status="unpaid")
    shop.stripe.settle()
    return await in_state(life, "UNPAID")


async def canceled(shop: Selling, name: str) -> Subscribed:
    life = await subscribed(shop, name, "pro_monthly", awaits="content_premium")
    shop.stripe.call(f"DELETE /v1/subscriptions/{life.now['id']}")
    return await in_state(life, "CANCELED")


async def paused(shop: Selling, name: str) -> Subscribed:
    settings = {"end_behavior": {"missing_payment_method": "pause"}}
    life = await subscribed(shop, name, "pro_monthly", method=None, trial_period_days=14, trial_settings=settings)
    await shop.advance(timedelta(days=15))
    return await in_state(life, "PAUSED")


async def in_state(life: Subscribed, status: str) -> Subscribed:
    async def arrived() -> bool:
        data = await life.shop.ask(life.caller, "{ me { subscription { status } } }")
        return data["me"]["subscription"]["status"] == status

    await life.shop.until(arrived)
    return life


CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "plan": ("changePlan", {"plan": "enterprise"}),
    "quantity": ("changeQuantity", {"quantity": 2}),
    "add_on": ("addAddOn", {"addOn": "seats"}),
    "at_end": ("cancelSubscription", {}),
    "pause": ("pauseSubscription", {}),
    "resume": ("resumeSubscription", {}),
    "now": ("cancelSubscription", {"timing": "NOW"}),
}


@pytest.mark.parametrize(
    ("state", "refusals", "leaves"),
    [
        (incomplete, {"plan pause resume at_end quantity add_on": "PAYMENT_PENDING"}, True),
        (incomplete_expired, {"plan pause resume at_end now quantity add_on": "SUBSCRIPTION_ENDED"}, False),
        (trialing, {"pause": "IN_TRIAL", "resume": "NOTHING_TO_RESUME"}, True),
        (past_due, {"plan pause quantity add_on": "PAYMENT_OVERDUE", "resume": "NOTHING_TO_RESUME"}, True),
        (unpaid, {"plan pause quantity add_on": "PAYMENT_OVERDUE", "resume": "NOTHING_TO_RESUME"}, True),
        (canceled, {"plan pause resume at_end now quantity add_on": "SUBSCRIPTION_ENDED"}, False),
        (paused, {"plan pause at_end quantity add_on": "SUBSCRIPTION_PAUSED"}, True),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_what_a_state_does_not_allow_is_refused_with_its_remedy_and_leaving_is_always_possible(
    shop: Selling, state: Any, refusals: dict[str, str], leaves: bool
) -> None:
    life = await state(shop, f"state_{state.__name__}")
    before = life.now
    for names, code in refusals.items():
        for name in names.split():
            call, wanted = CALLS[name]
            assert (await life.refused(call, **wanted))["code"] == code, name
    assert life.now == before, "nothing was done"
    if leaves:
        await life.done("cancelSubscription", timing="NOW")
        assert life.now["status"] == "canceled"


async def test_who_never_subscribed_is_told_how_to(shop: Selling) -> None:
    stranger = Subscribed(shop, member("mem_stranger"), "")
    for call, wanted in CALLS.values():
        error = await stranger.refused(call, **wanted)
        assert error["code"] == "NO_SUBSCRIPTION"
        assert "startCheckout" in error["message"]


async def test_who_comes_back_has_a_new_subscription_and_the_old_one_stays_ended(shop: Selling) -> None:
    mia = await canceled(shop, "mia")
    change = await mia.done("resubscribe", idempotencyKey="back")
    assert change["subscription"]["status"] == "ACTIVE"
    assert change["subscription"]["plan"]["key"] == "pro"
    await mia.gains("content_premium")
    assert [each["status"] for each in mia.all] == ["canceled", "active"]
    assert mia.now["trial_end"] is None, "a trial is for once"
    assert await mia.done("resubscribe", idempotencyKey="back") == change
    assert (await mia.refused("resubscribe"))["code"] == "ALREADY_SUBSCRIBED"
    assert len(mia.all) == 2


async def test_who_comes_back_pays_or_has_nothing_new(shop: Selling) -> None:
    nia = await canceled(shop, "nia")
    nia.pays_by("pm_card_chargeCustomerFail")
    error = await nia.refused("resubscribe", plan="enterprise")
    assert error["code"] == "CARD_DECLINED"
    assert len(nia.all) == 1
    nia.pays_by("pm_card_authenticationRequired")
    change = await nia.done("resubscribe", plan="enterprise", interval="YEAR")
    assert change["subscription"]["status"] == "INCOMPLETE"
    shop.stripe.authenticate(change["confirmation"]["clientSecret"].partition("_secret_")[0])
    await nia.gains("api_access")
    assert nia.prices == {"enterprise_annual": 1}

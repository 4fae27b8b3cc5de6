"""createSubscription and openBillingPortal on the twin over HTTP. What the browser does is done by Stripe's API."""

from typing import Any

import pytest

from identity.model import Principal
from tests.flow.selling import OUR_ADDRESS, Selling, member

pytestmark = pytest.mark.asyncio(loop_scope="module")

CREATE = """mutation($input: CreateSubscriptionInput!) { createSubscription(input: $input) {
    subscription { subscriptionId status confirmation { kind clientSecret } }
    userErrors { code message path declineCode } } }"""
OPEN = """mutation($input: OpenBillingPortalInput!) { openBillingPortal(input: $input) {
    portal { url } userErrors { code message path } } }"""
MINE = "{ me { subscription { status } } }"
CREATED = "POST /v1/subscriptions"


async def create(shop: Selling, caller: Principal, **wanted: Any) -> Any:
    asked = {"priceLookupKey": "pro_monthly", "idempotencyKey": "one"} | wanted
    return (await shop.ask(caller, CREATE, input=asked))["createSubscription"]


async def without_trial(shop: Selling, name: str, **wanted: Any) -> tuple[Principal, Any]:
    """A member who had a trial before."""
    caller = member(name)
    first = await create(shop, caller, idempotencyKey="former")
    shop.stripe.call(f"DELETE /v1/subscriptions/{first['subscription']['subscriptionId']}")
    return caller, (await create(shop, caller, **wanted))["subscription"]


def confirm(shop: Selling, secret: str, card: str) -> Any:
    """As Stripe's library does in the browser with what the person types."""
    id = secret.partition("_secret_")[0]
    kind = "setup_intents" if id.startswith("seti_") else "payment_intents"
    return shop.stripe.call(f"POST /v1/{kind}/{id}/confirm", payment_method=card)


async def test_a_first_payment_is_confirmed_in_the_browser(shop: Selling) -> None:
    ann, made = await without_trial(shop, "mem_ann")
    assert (made["status"], made["confirmation"]["kind"]) == ("INCOMPLETE", "PAYMENT")
    assert (await shop.ask(ann, MINE))["me"]["subscription"]["status"] == "INCOMPLETE", "it is mirrored already"
    assert not await shop.holds(ann, "content_premium")
    assert confirm(shop, made["confirmation"]["clientSecret"], "pm_card_visa")["status"] == "succeeded"
    shop.stripe.settle()
    await shop.until(lambda: shop.holds(ann, "content_premium"))
    assert (await shop.ask(ann, MINE))["me"]["subscription"]["status"] == "ACTIVE"


async def test_a_bank_that_asks_first_is_asked(shop: Selling) -> None:
    ben, made = await without_trial(shop, "mem_ben")
    intent = confirm(shop, made["confirmation"]["clientSecret"], "pm_card_authenticationRequired")
    assert intent["status"] == "requires_action"
    assert not await shop.holds(ben, "content_premium")
    page = await shop.visit(intent["next_action"]["redirect_to_url"]["url"])
    await page.send("complete")
    await shop.until(lambda: shop.holds(ben, "content_premium"))


async def test_a_bank_that_refuses_gives_nothing(shop: Selling) -> None:
    cas, made = await without_trial(shop, "mem_cas")
    intent = confirm(shop, made["confirmation"]["clientSecret"], "pm_card_authenticationRequired")
    await (await shop.visit(intent["next_action"]["redirect_to_url"]["url"])).send("fail")
    assert not await shop.holds(cas, "content_premium")
    again = await create(shop, cas, idempotencyKey="two")
    assert again["subscription"]["status"] == "INCOMPLETE", "what was never paid is in nobody's way"


async def test_a_trial_that_ends_in_the_free_plan_begins_at_once(shop: Selling) -> None:
    dan = member("mem_dan")
    made = (await create(shop, dan))["subscription"]
    assert (made["status"], made["confirmation"]["kind"]) == ("ACTIVE", "SETUP"), "a card may be named, for later"
    await shop.until(lambda: shop.holds(dan, "content_premium"))
    assert confirm(shop, made["confirmation"]["clientSecret"], "pm_card_visa")["status"] == "succeeded"


async def test_a_trial_that_needs_a_card_begins_with_one(shop: Selling) -> None:
    eve = member("mem_eve")
    answer = await create(shop, eve, priceLookupKey="enterprise_monthly")
    [error] = answer["userErrors"]
    assert (answer["subscription"], error["code"]) == (None, "PAYMENT_METHOD_REQUIRED")
    [customer] = shop.of(eve, "customer")
    method = shop.stripe.call("POST /v1/payment_methods/pm_card_visa/attach", customer=customer["id"])["id"]
    shop.stripe.call(f"POST /v1/customers/{customer['id']}", invoice_settings={"default_payment_method": method})
    made = (await create(shop, eve, priceLookupKey="enterprise_monthly", idempotencyKey="two"))["subscription"]
    assert (made["status"], made["confirmation"]) == ("TRIALING", None)
    [subscription] = shop.of(eve, "subscription")
    assert [item["quantity"] for item in subscription["items"]["data"]] == [1, None], "with what is billed by usage"


async def test_the_free_plan_is_a_subscription_of_price_0(shop: Selling) -> None:
    fay = member("mem_fay")
    made = (await create(shop, fay, priceLookupKey="free_monthly"))["subscription"]
    assert made["status"] == "ACTIVE"
    assert (await create(shop, fay, idempotencyKey="two"))["userErrors"] == [], "and nothing in the way of a paid one"


async def test_it_is_made_once_for_its_key_and_once_for_the_member(shop: Selling) -> None:
    gus, before = member("mem_gus"), shop.requests(CREATED)
    shop.wire.loses = "/v1/subscriptions"
    assert (await create(shop, gus))["userErrors"][0]["code"] == "STRIPE_UNAVAILABLE"
    shop.wire.loses = None
    made = await create(shop, gus)  # it was made: that is no reason to say that there is one already
    assert made["userErrors"] == []
    assert await create(shop, gus) == made
    assert len(shop.of(gus, "subscription")) == 1
    assert shop.requests(CREATED) == before + 2, "the second brought the answer that was lost"


async def test_what_is_paid_once_makes_no_subscription(shop: Selling) -> None:
    [error] = (await create(shop, member("mem_hal"), priceLookupKey="project_pack_once"))["userErrors"]
    assert error["code"] == "NOT_ON_SALE"
    assert "startCheckout" in error["message"]


async def test_the_portal_cancels_and_the_member_sees_it(shop: Selling) -> None:
    ida = member("mem_ida")
    asked = {"returnUrl": "/account", "idempotencyKey": "portal"}
    refused = (await shop.ask(ida, OPEN, input=asked))["openBillingPortal"]
    assert [each["code"] for each in refused["userErrors"]] == ["NO_CUSTOMER"]
    await create(shop, ida)
    opened = (await shop.ask(ida, OPEN, input=asked | {"idempotencyKey": "again"}))["openBillingPortal"]
    page = await shop.visit(opened["portal"]["url"])
    assert f"{OUR_ADDRESS}/account" in page.page.text
    await page.send("cancel")

    async def ends() -> bool:
        mine = await shop.ask(ida, "{ me { subscription { endsAt } } }")
        return mine["me"]["subscription"]["endsAt"] is not None

    await shop.until(ends)
    astray = asked | {"returnUrl": "https://evil.example", "idempotencyKey": "astray"}
    [error] = (await shop.ask(ida, OPEN, input=astray))["openBillingPortal"]["userErrors"]
    assert (error["code"], error["path"]) == ("RETURN_URL_NOT_ALLOWED", ["returnUrl"])

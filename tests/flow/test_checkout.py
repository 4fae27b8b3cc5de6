"""startCheckout on the twin over real HTTP, from the mutation to the premium field."""

import asyncio
from typing import Any

import pytest

from identity.model import Kind, Principal
from tests.clock import FixedClock
from tests.flow.edge import serving
from tests.flow.selling import OUR_ADDRESS, Selling, member
from tests.parts import SessionParts

pytestmark = pytest.mark.asyncio(loop_scope="module")

START = """mutation($input: StartCheckoutInput!) { startCheckout(input: $input) {
    checkout { url sessionId expiresAt } userErrors { code message path declineCode } } }"""
PREMIUM = "{ articles(first: 1) { edges { node { body } } } }"
SESSIONS = "POST /v1/checkout/sessions"


async def start(shop: Selling, caller: Principal, **wanted: Any) -> Any:
    asked = {"priceLookupKey": "pro_monthly", "successUrl": "/welcome", "idempotencyKey": "one"} | wanted
    return (await shop.ask(caller, START, input=asked))["startCheckout"]


def only_error(answer: Any) -> Any:
    assert answer["checkout"] is None
    [error] = answer["userErrors"]
    assert error["message"]
    return error


async def test_who_pays_on_the_page_holds_the_feature_without_a_new_login(shop: Selling) -> None:
    ann = member("mem_ann")
    token = shop.edge.token(ann)
    [before] = (await shop.ask(ann, PREMIUM))["articles"]["edges"]
    assert before["node"]["body"] is None
    answer = await start(shop, ann, successUrl="/welcome?s={CHECKOUT_SESSION_ID}", cancelUrl="/plans")
    assert answer["userErrors"] == []
    page = await shop.visit(answer["checkout"]["url"])
    assert "Pro for 14 days, then Free. Nothing is charged." in page.page.text
    back = await page.send("pay", email="ann@example.test")
    assert back.headers["location"] == f"{OUR_ADDRESS}/welcome?s={answer['checkout']['sessionId']}"

    async def unlocked() -> bool:
        headers = {"authorization": f"Bearer {token}"}
        response = await shop.edge.client.post("/spa/graphql", json={"query": PREMIUM}, headers=headers)
        return response.json()["data"]["articles"]["edges"][0]["node"]["body"] is not None

    await shop.until(unlocked)
    [subscription] = [
        each for each in shop.stripe.objects("subscription") if each["metadata"]["member_id"] == "mem_ann"
    ]
    assert subscription["metadata"]["gatehouse_trial"] == "pro", "which ends in the free plan"


async def test_the_same_key_answers_the_same_and_asks_stripe_once(shop: Selling) -> None:
    ben = member("mem_ben")
    before = shop.requests(SESSIONS)
    every = await asyncio.gather(*(start(shop, ben) for _ in range(4)))
    assert every[0]["userErrors"] == []
    assert every == [every[0]] * 4 == [await start(shop, ben)] * 4
    assert shop.requests(SESSIONS) == before + 1
    other = await start(shop, ben, idempotencyKey="two")
    assert other["checkout"]["sessionId"] != every[0]["checkout"]["sessionId"]
    assert len(shop.of(ben, "customer")) == 1


async def test_several_at_once_make_one_customer(shop: Selling) -> None:
    bob = member("mem_bob")
    every = await asyncio.gather(*(start(shop, bob, idempotencyKey=key) for key in "abc"))
    assert len({each["checkout"]["sessionId"] for each in every}) == 3
    assert len(shop.of(bob, "customer")) == 1


async def test_a_key_is_for_one_thing(shop: Selling) -> None:
    cas = member("mem_cas")
    await start(shop, cas)
    error = only_error(await start(shop, cas, priceLookupKey="pro_annual"))
    assert (error["code"], error["path"]) == ("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])
    assert (await start(shop, member("mem_other"), priceLookupKey="pro_annual"))["userErrors"] == []


async def test_with_stripe_down_nothing_is_done_until_it_is_back(shop: Selling) -> None:
    dan = member("mem_dan")
    shop.wire.cut = True
    for _ in range(2):
        assert only_error(await start(shop, dan))["code"] == "STRIPE_UNAVAILABLE"
    assert not await shop.holds(dan, "content_premium")  # what is held is read as ever
    shop.wire.cut = False
    answer = await start(shop, dan)
    assert answer["userErrors"] == []
    assert await start(shop, dan) == answer


@pytest.mark.parametrize("route", ["/v1/customers", "/v1/checkout/sessions"])
async def test_what_was_done_and_not_heard_of_is_not_done_again(shop: Selling, route: str) -> None:
    dot = member(f"mem_dot_{route.rpartition('/')[2]}")
    shop.wire.loses = route
    assert only_error(await start(shop, dot))["code"] == "STRIPE_UNAVAILABLE"
    shop.wire.loses = None
    answer = await start(shop, dot)
    [session] = shop.of(dot, "checkout.session")
    assert answer["checkout"]["sessionId"] == session["id"]
    assert len(shop.of(dot, "customer")) == 1


@pytest.mark.parametrize(
    ("wanted", "code", "path"),
    [
        ({"priceLookupKey": "gold"}, "NOT_ON_SALE", ["priceLookupKey"]),
        ({"priceLookupKey": None, "plan": "gold"}, "NOT_ON_SALE", ["plan"]),
        ({"priceLookupKey": None, "plan": "pro", "interval": "ONCE"}, "NOT_ON_SALE", ["interval"]),
        ({"priceLookupKey": "enterprise_api_calls"}, "NOT_ON_SALE", ["priceLookupKey"]),
        ({"addOns": [{"priceLookupKey": "pro_annual"}]}, "NOT_ON_SALE", ["addOns"]),
        ({"priceLookupKey": "pro_annual", "addOns": [{"priceLookupKey": "seats_monthly"}]}, "NOT_ON_SALE", ["addOns"]),
        ({"currency": "JPY"}, "CURRENCY_NOT_OFFERED", ["currency"]),
        ({"quantity": 2}, "QUANTITY_NOT_ALLOWED", ["quantity"]),
        ({"promotionCode": "NOPE"}, "PROMOTION_CODE_NOT_VALID", ["promotionCode"]),
        ({"successUrl": "https://evil.example/"}, "RETURN_URL_NOT_ALLOWED", ["successUrl"]),
        ({"cancelUrl": "//evil.example/"}, "RETURN_URL_NOT_ALLOWED", ["cancelUrl"]),
    ],
)
async def test_what_cannot_be_bought_is_told(shop: Selling, wanted: Any, code: str, path: list[str]) -> None:
    error = only_error(await start(shop, member("mem_eve"), idempotencyKey=f"{wanted}", **wanted))
    assert (error["code"], error["path"]) == (code, path)


async def test_what_is_asked_for_is_what_the_catalogue_says(shop: Selling) -> None:
    fay = member("mem_fay")
    extras = [{"priceLookupKey": "seats_monthly", "quantity": 7}, {"priceLookupKey": "project_pack_once"}]
    wanted = {"priceLookupKey": None, "plan": "enterprise", "interval": "MONTH", "currency": "eur", "addOns": extras}
    assert (await start(shop, fay, **wanted))["userErrors"] == []
    [session] = shop.of(fay, "checkout.session")
    # 9900 for the plan, nothing yet for its usage, tiers of 5 x 900 and 2 x 700, and the pack once
    assert (session["currency"], session["amount_subtotal"]) == ("eur", 9900 + 4500 + 1400 + 4900)
    assert (session["payment_method_collection"], session["client_reference_id"]) == ("always", "mem_fay")
    [customer] = shop.of(fay, "customer")
    assert session["customer"] == customer["id"]


async def test_a_code_takes_something_off(shop: Selling) -> None:
    gus = member("mem_gus")
    assert (await start(shop, gus, priceLookupKey="enterprise_annual", promotionCode="LAUNCH20"))["userErrors"] == []
    [session] = shop.of(gus, "checkout.session")
    assert session["total_details"]["amount_discount"] == 19800


async def test_a_plan_is_not_bought_twice_and_what_is_paid_once_may_be(shop: Selling) -> None:
    hal, wanted = member("mem_hal"), {"priceLookupKey": "enterprise_monthly"}
    url = (await start(shop, hal, **wanted))["checkout"]["url"]
    await (await shop.visit(url)).send("pay", email="hal@example.test")
    error = only_error(await start(shop, hal, idempotencyKey="two", **wanted))  # though no webhook may have come yet
    assert error["code"] == "ALREADY_SUBSCRIBED"
    pack = await start(shop, hal, priceLookupKey="project_pack_once", idempotencyKey="three")
    await (await shop.visit(pack["checkout"]["url"])).send("pay")
    ina, pack = member("mem_ina"), await start(shop, member("mem_ina"), priceLookupKey="project_pack_once")
    await (await shop.visit(pack["checkout"]["url"])).send("pay")

    async def has_the_pack() -> bool:
        me = (await shop.ask(ina, "{ me { limits { key value } } }"))["me"]
        return me is not None and {"key": "projects", "value": 10} in me["limits"]

    await shop.until(has_the_pack)


async def test_a_trial_is_for_once(shop: Selling) -> None:
    ida = member("mem_ida")
    await (await shop.visit((await start(shop, ida))["checkout"]["url"])).send("pay", email="ida@example.test")
    [free] = shop.of(ida, "subscription")
    assert free["items"]["data"][0]["price"]["lookup_key"] == "free_monthly"
    again = (await start(shop, ida, idempotencyKey="two"))["checkout"]["url"]
    await (await shop.visit(again)).send("pay", email="ida@example.test", card="4242424242424242")
    [_, paid] = shop.of(ida, "subscription")
    assert (paid["status"], paid["items"]["data"][0]["price"]["lookup_key"]) == ("active", "pro_monthly")


async def test_a_declined_card_gives_nothing_and_another_is_taken(shop: Selling) -> None:
    jan = member("mem_jan")
    page = await shop.visit((await start(shop, jan, priceLookupKey="enterprise_monthly"))["checkout"]["url"])
    assert (await page.send("pay", email="jan@example.test", card="4000000000000002")).status_code == 402
    assert not await shop.holds(jan, "api_access")
    await page.send("pay", email="jan@example.test", card="4242424242424242")
    await shop.until(lambda: shop.holds(jan, "api_access"))


async def test_who_is_no_member_is_told(shop: Selling) -> None:
    operator = Principal(Kind.OPERATOR, "olga", frozenset())
    asked = {"successUrl": "/", "idempotencyKey": "one"}
    data = await shop.ask(operator, START, path="/graphql", input=asked)
    assert only_error(data["startCheckout"])["code"] == "NOT_A_MEMBER"


async def test_without_a_key_of_stripes_it_is_told_to_come_again(
    parts: SessionParts, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with parts.database() as urls:
        folder = tmp_path_factory.mktemp("keyless")
        async with serving(urls.app, await parts.empty_redis(), FixedClock(), folder) as edge:
            variables = {"input": {"successUrl": "/", "idempotencyKey": "one"}}
            answer = await edge.ask(START, member("mem_kay"), variables=variables)
    assert only_error(answer.json()["data"]["startCheckout"])["code"] == "STRIPE_UNAVAILABLE"

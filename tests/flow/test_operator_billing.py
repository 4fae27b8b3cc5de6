"""What operators do for a member on the twin over real HTTP: money back, a longer trial, access by hand."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from gating.model import DenialCode
from identity.model import Kind, Principal
from tests.flow.selling import Selling, selling
from tests.flow.subscribed import Subscribed, price_id, subscribed
from tests.parts import SessionParts

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCOPES = frozenset({"billing:write", "entitlements:write", "members:read"})
OLGA = Principal(Kind.OPERATOR, "olga", SCOPES)
ENTITIES = {
    "refund": "refund { creditNoteId amountMinor currency }",
    "grantAccess": "grant { memberId case features until }",
    "extendTrial": "extension { until subscription { status trialEndsAt stripeId } }",
}
EXPLAIN = """query($member: ID!) { explainAccess(member: $member, feature: "archive") {
    granted values { reasons { source sourceId cause } } } }"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(parts: SessionParts, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Selling]:
    async with selling(parts, tmp_path_factory.mktemp("operators")) as shop:
        yield shop


def query_of(name: str) -> str:
    kind = name[0].upper() + name[1:]
    asked = f"mutation($input: {kind}Input!) {{ {name}(input: $input)"
    return f"{asked} {{ {ENTITIES[name]} userErrors {{ code message path }} }} }}"


async def do(shop: Selling, name: str, key: str, **wanted: Any) -> Any:
    asked = {"idempotencyKey": key, **wanted}
    return (await shop.ask(OLGA, query_of(name), path="/graphql", input=asked))[name]


async def done(shop: Selling, name: str, key: str, **wanted: Any) -> Any:
    answer = await do(shop, name, key, **wanted)
    assert answer["userErrors"] == [], answer
    return next(value for field, value in answer.items() if field != "userErrors")


async def refused(shop: Selling, name: str, key: str, **wanted: Any) -> tuple[str, list[str]]:
    [error] = (await do(shop, name, key, **wanted))["userErrors"]
    return error["code"], error["path"]


async def test_money_is_given_back_once_for_a_key_and_never_more_than_was_paid(shop: Selling) -> None:
    ann = await subscribed(shop, "ann", "pro_monthly", awaits="content_premium")
    [invoice] = ann.of("invoice")
    wanted = {"invoiceId": invoice["id"], "reason": "ORDER_CHANGE", "amountMinor": 500}
    part = await done(shop, "refund", "one", **wanted)
    assert (part["amountMinor"], part["currency"]) == (500, "USD")
    assert await done(shop, "refund", "one", **wanted) == part
    assert await refused(shop, "refund", "one", **wanted | {"amountMinor": 1}) == (
        "IDEMPOTENCY_KEY_REUSED",
        ["idempotencyKey"],
    )
    for key, amount in (("much", 1401), ("none", 0), ("less", -5)):
        assert await refused(shop, "refund", key, **wanted | {"amountMinor": amount}) == (
            "AMOUNT_NOT_ALLOWED",
            ["amountMinor"],
        )
    assert (await done(shop, "refund", "rest", **wanted | {"amountMinor": None}))["amountMinor"] == 1400
    assert [each["amount_refunded"] for each in ann.of("charge")] == [1900]
    assert ann.of("credit_note")[0]["metadata"] == {"gatehouse_operator": "olga"}
    assert (await refused(shop, "refund", "x", **wanted | {"invoiceId": "in_none"})) == ("NOT_FOUND", ["invoiceId"])
    assert await ann.holds("content_premium"), "the subscription goes on"


async def test_access_by_hand_lasts_as_long_as_it_says_beside_what_was_bought(shop: Selling) -> None:
    bob = await subscribed(shop, "bob", "free_monthly")
    until = (shop.edge.clock.now() + timedelta(days=7)).isoformat()
    wanted: dict[str, Any] = {"memberId": bob.caller.subject, "case": "T-1", "reason": "sorry", "features": ["archive"]}
    given = await done(shop, "grantAccess", "bob", **wanted, until=until)
    assert (given["features"], datetime.fromisoformat(given["until"])) == (["archive"], datetime.fromisoformat(until))
    await bob.gains("archive")
    assert not await bob.holds("content_premium")
    explained = (await shop.ask(OLGA, EXPLAIN, path="/graphql", member=bob.caller.subject))["explainAccess"]
    reasons = explained["values"][0]["reasons"]
    assert [(each["source"], each["sourceId"]) for each in reasons] == [("MANUAL", "T-1")]
    assert reasons[0]["cause"] == "access granted by olga for T-1: sorry"
    assert await done(shop, "grantAccess", "bob", **wanted, until=until) == given
    rows = await shop.edge.database.fetch("SELECT actor, what, case_id, reason FROM operator_act")
    assert [tuple(row) for row in rows] == [("olga", "access granted", "T-1", "sorry")]
    plan: dict[str, Any] = {**wanted, "case": "T-2", "features": [], "plan": "enterprise"}
    await done(shop, "grantAccess", "two", **plan)
    await bob.gains("api_access")
    await shop.advance(timedelta(days=8))
    assert await bob.holds("archive"), "by the second case, which has no end"


async def test_access_by_hand_ends_by_itself_and_what_is_wrong_is_told(shop: Selling) -> None:
    cid = await subscribed(shop, "cid", "free_monthly")
    wanted: dict[str, Any] = {"memberId": cid.caller.subject, "case": "T-3", "reason": "try", "features": ["archive"]}
    await done(shop, "grantAccess", "c", **wanted, until=(shop.edge.clock.now() + timedelta(hours=1)).isoformat())
    await cid.gains("archive")
    await shop.advance(timedelta(hours=1))
    assert not await cid.holds("archive")
    wrong: list[tuple[str, dict[str, Any], tuple[str, list[str]]]] = [
        ("d", {"memberId": "mem_none"}, ("NOT_FOUND", ["memberId"])),
        ("e", {"features": ["gold"]}, ("NOT_FOUND", ["features"])),
        ("f", {"features": [], "plan": "gold"}, ("NOT_FOUND", ["plan"])),
        ("g", {"until": "2020-01-01T00:00:00Z"}, ("DATE_NOT_ALLOWED", ["until"])),
    ]
    for key, other, expected in wrong:
        assert await refused(shop, "grantAccess", key, **wanted | other) == expected


async def test_a_trial_lasts_longer_when_an_operator_says_so(shop: Selling) -> None:
    dan = await subscribed(shop, "dan", "pro_monthly", trial_period_days=14, awaits="content_premium")
    until = datetime.fromtimestamp(dan.now["trial_end"], shop.edge.clock.now().tzinfo) + timedelta(days=10)
    wanted = {"memberId": dan.caller.subject, "until": until.isoformat()}
    extension = await done(shop, "extendTrial", "dan", **wanted)
    assert extension["subscription"]["stripeId"] == dan.now["id"]
    assert dan.now["trial_end"] == int(until.timestamp())
    assert await done(shop, "extendTrial", "dan", **wanted) == extension
    await shop.advance(timedelta(days=20))
    assert (dan.now["status"], await dan.holds("content_premium")) == ("trialing", True)
    assert (await refused(shop, "extendTrial", "dan 2", **wanted))[0] == "DATE_NOT_ALLOWED"
    await shop.advance(timedelta(days=5))
    assert dan.now["status"] == "active"
    assert (await refused(shop, "extendTrial", "dan 3", **wanted))[0] == "NOT_IN_TRIAL"


async def test_a_plan_on_top_of_the_free_one_lasts_longer_too(shop: Selling) -> None:
    eve = await reverse_trial(shop, "eve")
    await shop.advance(timedelta(days=13))
    until = shop.edge.clock.now() + timedelta(days=10)
    await done(shop, "extendTrial", "eve", memberId=eve.caller.subject, until=until.isoformat())
    await shop.advance(timedelta(days=9))
    assert await eve.holds("content_premium")
    await shop.advance(timedelta(days=1))
    assert not await eve.holds("content_premium")


async def reverse_trial(shop: Selling, name: str) -> Subscribed:
    life = await subscribed(shop, name, "free_monthly", method=None)
    on_top = {"gatehouse_trial": "pro", "gatehouse_trial_days": "14"}
    shop.stripe.call(f"POST /v1/subscriptions/{life.now['id']}", metadata=on_top)
    await life.gains("content_premium")
    assert life.now["items"]["data"][0]["price"]["id"] == price_id(shop, "free_monthly")
    return life


async def test_each_takes_its_scope_and_none_is_there_for_members(shop: Selling) -> None:
    fay = await subscribed(shop, "fay", "pro_monthly")
    bare = Principal(Kind.OPERATOR, "bare", frozenset({"events:write"}))
    wanted: dict[str, Any] = {
        "refund": {"invoiceId": "in_1", "reason": "DUPLICATE"},
        "grantAccess": {"memberId": "mem_fay", "case": "c", "reason": "r", "plan": "pro"},
        "extendTrial": {"memberId": "mem_fay", "until": "2030-01-01T00:00:00Z"},
    }
    for name, asked in wanted.items():
        variables = {"input": {"idempotencyKey": "k", **asked}}
        answer = (await shop.edge.ask(query_of(name), bare, path="/graphql", variables=variables)).json()
        assert [error["extensions"]["code"] for error in answer["errors"]] == [DenialCode.SCOPE_REQUIRED]
        answer = (await shop.edge.ask(query_of(name), fay.caller, variables=variables)).json()
        assert "data" not in answer, "it is not in the members' schema"

"""Invoices, methods of payment and the next bill, as the member reads them, on the twin over real HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from identity.model import Kind, Principal
from tests.flow.selling import Selling, member

pytestmark = pytest.mark.asyncio(loop_scope="module")

MONEY = "{ amountMinor currency }"
INVOICE = f"""id number status createdAt paidAt hostedUrl pdfUrl total {MONEY} amountDue {MONEY} amountPaid {MONEY}
    lines {{ description proration quantity amount {MONEY} periodStartsAt periodEndsAt }}"""
INVOICES = f"""query($first: Int!, $after: String) {{ me {{ invoices(first: $first, after: $after) {{
    totalCount pageInfo {{ hasNextPage endCursor }} edges {{ node {{ {INVOICE} }} }} }} }} }}"""
METHODS = "{ me { paymentMethods { kind brand last4 expiresMonth expiresYear isDefault } } }"
NEXT = f"{{ me {{ previewInvoice {{ {INVOICE} }} }} }}"


async def paying(shop: Selling, name: str, price: str = "enterprise_monthly") -> Principal:
    """A member who pays by card, without a trial."""
    caller = member(name)
    stripe = shop.stripe
    customer = stripe.call("POST /v1/customers", email=f"{name}@example.test", metadata={"member_id": name})["id"]
    method = stripe.call("POST /v1/payment_methods/pm_card_visa/attach", customer=customer)["id"]
    stripe.call(f"POST /v1/customers/{customer}", invoice_settings={"default_payment_method": method})
    stripe.call("POST /v1/subscriptions", customer=customer, items=[{"price": price_id(shop, price)}])
    await shop.until(lambda: shop.holds(caller, "content_premium"))
    return caller


def price_id(shop: Selling, lookup_key: str) -> str:
    return shop.stripe.call("GET /v1/prices", lookup_keys=[lookup_key])["data"][0]["id"]


def subscription_of(shop: Selling, caller: Principal) -> Any:
    [customer] = shop.of(caller, "customer")
    [held] = [each for each in shop.stripe.objects("subscription") if each["customer"] == customer["id"]]
    return held


async def test_invoices_come_by_pages_the_latest_first(shop: Selling) -> None:
    ann = await paying(shop, "mem_ann")
    for _ in range(2):
        await shop.advance(timedelta(days=31))
        await shop.advance(timedelta(hours=2))
    first = (await shop.ask(ann, INVOICES, first=2))["me"]["invoices"]
    assert (len(first["edges"]), first["totalCount"], first["pageInfo"]["hasNextPage"]) == (2, 3, True)
    after = first["pageInfo"]["endCursor"]
    rest = (await shop.ask(ann, INVOICES, first=2, after=after))["me"]["invoices"]
    assert (len(rest["edges"]), rest["pageInfo"]["hasNextPage"]) == (1, False)
    every = [edge["node"] for edge in (*first["edges"], *rest["edges"])]
    assert [each["createdAt"] for each in every] == sorted((each["createdAt"] for each in every), reverse=True)
    assert len({each["id"] for each in every}) == 3
    for each in every:
        assert (each["status"], each["total"]) == ("PAID", {"amountMinor": 9900, "currency": "USD"})
        assert each["amountPaid"] == each["total"]
        assert each["number"]
        assert each["paidAt"]
        assert each["lines"][0]["quantity"] == 1
        assert "invoices/" in each["hostedUrl"]
        assert (await shop.visit(each["hostedUrl"])).page.status_code == 200


async def test_a_change_in_between_shows_as_proration(shop: Selling) -> None:
    ben = await paying(shop, "mem_ben", "pro_monthly")
    await shop.advance(timedelta(days=10))
    held = subscription_of(shop, ben)
    item = {"id": held["items"]["data"][0]["id"], "price": price_id(shop, "enterprise_monthly")}
    shop.stripe.call(f"POST /v1/subscriptions/{held['id']}", items=[item], proration_behavior="always_invoice")
    [latest] = (await shop.ask(ben, INVOICES, first=1))["me"]["invoices"]["edges"]
    lines = latest["node"]["lines"]
    assert [line["proration"] for line in lines] == [True, True]
    assert sorted(line["amount"]["amountMinor"] < 0 for line in lines) == [False, True]


async def test_what_comes_next_is_shown_and_nothing_when_it_ends(shop: Selling) -> None:
    cas = await paying(shop, "mem_cas")
    upcoming = (await shop.ask(cas, NEXT))["me"]["previewInvoice"]
    assert (upcoming["status"], upcoming["total"]["amountMinor"]) == ("DRAFT", 9900)
    assert (upcoming["number"], upcoming["hostedUrl"]) == (None, None)
    shop.stripe.call(f"POST /v1/subscriptions/{subscription_of(shop, cas)['id']}", cancel_at_period_end=True)

    async def none_comes() -> bool:
        return (await shop.ask(cas, NEXT))["me"]["previewInvoice"] is None

    await shop.until(none_comes)


async def test_methods_of_payment_are_told_apart_without_their_numbers(shop: Selling) -> None:
    dan = await paying(shop, "mem_dan")
    [customer] = shop.of(dan, "customer")
    shop.stripe.call("POST /v1/payment_methods/pm_card_sepa/attach", customer=customer["id"])
    card, debit = (await shop.ask(dan, METHODS))["me"]["paymentMethods"]
    assert (card["kind"], card["brand"], card["last4"], card["isDefault"]) == ("card", "visa", "4242", True)
    assert card["expiresYear"] > 2000
    assert 1 <= card["expiresMonth"] <= 12
    assert (debit["kind"], debit["brand"], debit["isDefault"]) == ("sepa_debit", None, False)


async def test_with_stripe_down_only_what_asks_it_is_missing(shop: Selling) -> None:
    eve = await paying(shop, "mem_eve")
    query = "{ me { id plan { key } invoices { totalCount } paymentMethods { id } previewInvoice { id } } }"
    shop.wire.cut = True
    answer = (await shop.edge.ask(query, eve, path="/spa/graphql")).json()
    shop.wire.cut = False
    asked = ("invoices", "paymentMethods", "previewInvoice")
    assert answer["data"]["me"] == {"id": "mem_eve", "plan": {"key": "enterprise"}, **dict.fromkeys(asked)}
    assert {error["path"][1]: error["extensions"]["code"] for error in answer["errors"]} == dict.fromkeys(
        asked, "UNAVAILABLE"
    )


async def test_they_are_for_the_member_alone(shop: Selling) -> None:
    fay = await paying(shop, "mem_fay")
    operator = Principal(Kind.OPERATOR, "olga", frozenset({"members:read"}))
    query = '{ member(id: "mem_fay") { id invoices { totalCount } paymentMethods { id } previewInvoice { id } } }'
    shown = (await shop.ask(operator, query, path="/graphql"))["member"]
    assert shown == {"id": "mem_fay", "invoices": None, "paymentMethods": None, "previewInvoice": None}
    assert (await shop.ask(fay, "{ me { invoices { totalCount } } }"))["me"]["invoices"]["totalCount"] == 1
    partner = Principal(Kind.INTEGRATOR, "partner", frozenset({"members:read"}))
    refused = (await shop.edge.ask("{ me { paymentMethods { id } } }", partner)).json()
    assert "paymentMethods" in refused["errors"][0]["message"], "it does not exist in their schema"


async def test_a_customer_that_stripe_has_forgotten_has_none(shop: Selling) -> None:
    gus = await paying(shop, "mem_gus")
    [customer] = shop.of(gus, "customer")
    shop.stripe.call(f"DELETE /v1/customers/{customer['id']}")
    assert (await shop.ask(gus, METHODS))["me"]["paymentMethods"] == []

"""Random lives: whatever is done, the twin keeps its own books straight, and every object its shape."""

from typing import Any

import pytest

from tests.twin.life import Life
from tests.twin.shapes import problems_of

LEGAL = {
    "incomplete": {"active", "trialing", "incomplete_expired", "canceled"},
    "trialing": {"active", "past_due", "canceled", "paused"},
    "active": {"past_due", "canceled", "paused", "trialing"},
    "past_due": {"active", "canceled", "unpaid", "paused", "trialing"},
    "unpaid": {"active", "canceled", "paused", "trialing"},
    "paused": {"active", "canceled", "trialing"},
    "canceled": set[str](),
    "incomplete_expired": set[str](),
}


@pytest.mark.parametrize("seed", range(40))
def test_a_random_life_keeps_its_books(seed: int) -> None:
    life = Life(seed)
    life.live(60)
    twin = life.shop.twin
    kinds = {version["object"] for version in twin.world.store.objects.values()}
    problems = {problem for kind in kinds for each in twin.objects(kind) for problem in problems_of(each)}
    assert sorted(problems) == []
    check_money(life)
    check_statuses(life)
    check_events(life)


def check_money(life: Life) -> None:
    """What was paid on invoices was taken by charges; nothing is due below zero."""
    twin = life.shop.twin
    intents = {each["id"]: each for each in twin.objects("payment_intent")}
    for payment in twin.objects("invoice_payment"):
        if payment["status"] == "paid":
            intent = intents[payment["payment"]["payment_intent"]]
            assert (intent["status"], intent["amount_received"]) == ("succeeded", payment["amount_paid"])
    for charge in twin.objects("charge"):
        assert 0 <= charge["amount_refunded"] <= charge["amount_captured"] <= charge["amount"]
    for invoice in twin.objects("invoice"):
        assert 0 <= invoice["amount_remaining"] <= invoice["amount_due"]
        assert invoice["subtotal"] == sum(line["amount"] for line in invoice["lines"]["data"])
    customer = twin.call(f"GET /v1/customers/{life.customer}")
    assert customer["balance"] == sum(each["amount"] for each in twin.objects("customer_balance_transaction"))


def check_statuses(life: Life) -> None:
    """Only the legal ways lead from one status to another, and what has ended stays ended."""
    before: dict[str, str] = {}
    for line in life.shop.twin.log:
        if line.version and line.version["object"] == "subscription":
            old, new = before.get(line.id), line.version["status"]
            assert old in (None, new) or new in LEGAL[old], f"{line.id}: {old} to {new}"
            before[line.id] = new


def check_events(life: Life) -> None:
    """The last event about a subscription shows it as it is, but for what is told of elsewhere."""
    last: dict[str, Any] = {}
    for event in life.shop.twin.events():
        if event["type"].startswith("customer.subscription."):
            last[event["data"]["object"]["id"]] = event["data"]["object"]
    for held in life.shop.twin.objects("subscription"):
        assert last[held["id"]]["status"] == held["status"]
        assert last[held["id"]]["items"] == held["items"]
        assert last[held["id"]]["cancel_at_period_end"] == held["cancel_at_period_end"]

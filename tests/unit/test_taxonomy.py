"""Every type of event that concerns us is heard, by whoever is named here; all others are stored and counted."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from billing.state import Kind, Node
from webhooks.handlers import HANDLERS

CUSTOMER = Node(Kind.CUSTOMER, "cus_1")


def types(family: str, *last: str) -> Iterable[str]:
    return [f"{family}.{each}" for each in last]


OF_A_CUSTOMER = [
    *types("checkout.session", "completed", "expired", "async_payment_succeeded", "async_payment_failed"),
    *types("customer.subscription", "created", "updated", "deleted", "paused", "resumed", "trial_will_end"),
    *types("customer.subscription", "pending_update_applied", "pending_update_expired"),
    *types("subscription_schedule", "created", "updated", "released", "canceled", "completed", "aborted", "expiring"),
    *types("invoice", "created", "finalized", "paid", "payment_succeeded", "payment_failed"),
    *types("invoice", "payment_action_required", "upcoming", "voided", "marked_uncollectible"),
    *types("payment_method", "attached", "updated", "automatically_updated"),
    *types("customer.source", "expiring", "created", "updated", "deleted"),
    "charge.refunded",
    "entitlements.active_entitlement_summary.updated",
]
"""Their objects name the customer, who is then synced."""

OTHERS: Mapping[str, tuple[Mapping[str, Any], frozenset[Node]]] = {
    **dict.fromkeys(types("customer", "created", "updated", "deleted"), ({"id": "cus_1"}, frozenset({CUSTOMER}))),
    **dict.fromkeys(
        types("charge.dispute", "created", "updated", "closed", "funds_withdrawn", "funds_reinstated"),
        ({"id": "du_1"}, frozenset({Node(Kind.DISPUTE, "du_1")})),
    ),
    "payment_method.detached": (
        {"id": "pm_1", "customer": None},
        frozenset({Node(Kind.PAYMENT_METHOD, "pm_1")}),
    ),
    "invoice_payment.paid": ({"invoice": "in_1"}, frozenset({Node(Kind.INVOICE, "in_1")})),
    **dict.fromkeys(types("price", "created", "updated", "deleted"), ({"id": "price_1"}, frozenset())),
    **dict.fromkeys(types("product", "created", "updated", "deleted"), ({"id": "prod_1"}, frozenset())),
}
"""What their objects look like, and whom they lead to; prices and products lead to nobody."""


@pytest.mark.parametrize("type", OF_A_CUSTOMER)
def test_it_is_a_signal_for_the_customer_named(type: str) -> None:
    assert HANDLERS.signals_of(type, {"id": "x_1", "customer": "cus_1"}) == (CUSTOMER,)
    assert HANDLERS.signals_of(type, {"id": "x_1", "customer": {"id": "cus_1"}}) == (CUSTOMER,)


@pytest.mark.parametrize(("type", "told"), OTHERS.items(), ids=list(OTHERS))
def test_it_is_heard_and_leads_where_it_should(type: str, told: tuple[Mapping[str, Any], frozenset[Node]]) -> None:
    subject, nodes = told
    assert HANDLERS.knows(type)
    assert set(HANDLERS.signals_of(type, subject)) == nodes


@pytest.mark.parametrize("type", ["account.updated", "payout.paid", "radar.early_fraud_warning.created", "new.thing"])
def test_any_other_is_nobodys_and_so_counted(type: str) -> None:
    assert not HANDLERS.knows(type)

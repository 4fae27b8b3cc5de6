"""What each event is a signal for. An event says that something changed, never what is now true: that is fetched."""

from collections.abc import Iterable, Mapping
from typing import Any

from billing.objects import id_in, text_in
from billing.state import Kind, Node
from webhooks.registry import Registry

HANDLERS = Registry()
on = HANDLERS.on


@on("customer.created", "customer.updated", "customer.deleted")
def on_customer(customer: Mapping[str, Any]) -> Iterable[Node]:
    return _node(Kind.CUSTOMER, text_in(customer, "id"))


@on(
    "customer.source.*",
    "customer.subscription.*",
    "subscription_schedule.*",
    "checkout.session.*",
    "invoice.*",
    "charge.succeeded",
    "charge.failed",
    "charge.refunded",
    "charge.updated",
    "payment_intent.*",
    "entitlements.active_entitlement_summary.updated",
)
def on_object_of_customer(value: Mapping[str, Any]) -> Iterable[Node]:
    return _node(Kind.CUSTOMER, id_in(value, "customer"))


@on("payment_method.*")
def on_payment_method(method: Mapping[str, Any]) -> Iterable[Node]:
    """One that was detached names its customer no more; whoever attached it told."""
    customer_id = id_in(method, "customer")
    return _node(Kind.CUSTOMER, customer_id) or _node(Kind.PAYMENT_METHOD, text_in(method, "id"))


@on("price.*", "product.*", "plan.*", "coupon.*", "promotion_code.*")
def on_offer(_offer: Mapping[str, Any]) -> Iterable[Node]:
    """Nobody's: what is sold is the catalogue's to say, and `gatehouse catalog plan` shows where Stripe differs."""
    return []


@on("invoice_payment.*")
def on_invoice_payment(payment: Mapping[str, Any]) -> Iterable[Node]:
    return _node(Kind.INVOICE, id_in(payment, "invoice"))


@on("charge.dispute.*")
def on_dispute(dispute: Mapping[str, Any]) -> Iterable[Node]:
    return _node(Kind.DISPUTE, text_in(dispute, "id"))


def _node(kind: Kind, id: str | None) -> Iterable[Node]:
    return [Node(kind, id)] if id else []

"""What was true of purchases and of trials on top of a free plan; by rules of its own, as `truth` is."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from twin.core.store import Object

DAY = 86_400
LOST = ("needs_response", "under_review", "lost")
"""Disputes that keep the money away."""


@dataclass(frozen=True, slots=True)
class Bought:
    """`quantity` of a price, paid for at `since`, by the invoice or Checkout Session `id`."""

    id: str
    price: str
    quantity: int
    since: int


def bought_once(state: Mapping[str, Object], customer: str) -> list[Bought]:
    """Everything the customer paid for once and of which the money stayed, in no order."""
    found: list[Bought] = []
    for version in state.values():
        if version.get("customer") != customer:
            continue
        if version["object"] == "invoice" and version["status"] == "paid" and _stayed(state, _paying(state, version)):
            since = version["status_transitions"]["paid_at"]
            found += [Bought(version["id"], price, quantity, since) for price, quantity in _once(version)]
        if _is_paid_session(version) and _stayed(state, [version["payment_intent"]]):
            made = version["created"]
            found += [Bought(version["id"], each["price"], each["quantity"], made) for each in version["_items"]]
    return found


def _is_paid_session(version: Object) -> bool:
    once = version["object"] == "checkout.session" and version["mode"] == "payment"
    return bool(once and version["payment_status"] == "paid")


def _once(invoice: Object) -> Iterator[tuple[str, int]]:
    for line in invoice["lines"]["data"]:
        details = line["parent"]["invoice_item_details"]
        if details is not None and not details["proration"]:
            yield line["pricing"]["price_details"]["price"], line["quantity"]


def _paying(state: Mapping[str, Object], invoice: Object) -> list[str]:
    """The payment intents that paid it."""
    payments = (each for each in state.values() if each["object"] == "invoice_payment")
    own = (each for each in payments if each["invoice"] == invoice["id"] and each["status"] == "paid")
    return [each["payment"]["payment_intent"] for each in own]


def _stayed(state: Mapping[str, Object], intents: Collection[str]) -> bool:
    charges = [each for each in state.values() if each["object"] == "charge" and each["payment_intent"] in intents]
    disputes = (each for each in state.values() if each["object"] == "dispute" and each["payment_intent"] in intents)
    return not any(each["refunded"] for each in charges) and not any(each["status"] in LOST for each in disputes)


def on_top(state: Mapping[str, Object], customer: str, moment: float) -> set[str]:
    """The plans that the customer's subscriptions give beside their own at that moment."""
    found: set[str] = set()
    for version in state.values():
        if version["object"] == "subscription" and version["customer"] == customer and version["status"] == "active":
            told = version["metadata"]
            days = int(told.get("gatehouse_trial_days", "0"))
            if moment < int(told.get("gatehouse_trial_until", version["created"] + days * DAY)):
                found.update(name for name in [told.get("gatehouse_trial")] if name)
    return found

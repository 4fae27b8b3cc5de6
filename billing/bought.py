"""What was paid for once, read off an invoice or a Checkout Session. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from billing.objects import id_in, is_object, object_in, objects_in, text_in, time_in
from billing.state import Purchase, PurchasedItem

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PaidBy:
    """The payment of an invoice or Checkout Session."""

    payment_intent_id: str | None = None
    charge_id: str | None = None


def is_purchase(value: Json) -> bool:
    """Whether the invoice or Checkout Session is paid, and for something that is no part of a subscription."""
    match text_in(value, "object"):
        case "invoice":
            lines = object_in(value, "lines")
            more = lines.get("has_more") is True
            return value.get("status") == "paid" and (more or any(map(_is_once, objects_in(value, "lines"))))
        case "checkout.session":
            paid = value.get("payment_status") in ("paid", "no_payment_required")
            return value.get("mode") == "payment" and value.get("status") == "complete" and paid
        case _:
            return False


def _is_once(line: Json) -> bool:
    """A line of its own, that a price was named for, and no part of a change of plan."""
    details = object_in(object_in(line, "parent"), "invoice_item_details")
    return bool(details) and details.get("proration") is not True and _price_of(line) is not None


def _price_of(line: Json) -> str | None:
    return id_in(object_in(object_in(line, "pricing"), "price_details"), "price")


def purchase_from(value: Json, lines: Iterable[Json], paid_by: PaidBy) -> Purchase | None:
    """The invoice or Checkout Session with all its lines, whose prices are expanded; None when it is no purchase."""
    id, customer_id = text_in(value, "id"), id_in(value, "customer")
    settled = object_in(value, "status_transitions")
    bought_at = time_in(settled, "paid_at") or time_in(value, "created")
    every = list(lines)
    if id is None or customer_id is None or bought_at is None or not _is_paid(value):
        return None
    items = [_item(line) for line in every if text_in(value, "object") != "invoice" or _is_once(line)]
    bought = tuple(item for item in items if item)
    return Purchase(id, customer_id, bought_at, bought, paid_by.payment_intent_id, paid_by.charge_id)


def _is_paid(value: Json) -> bool:
    return value.get("status") == "paid" or value.get("payment_status") in ("paid", "no_payment_required")


def _item(line: Json) -> PurchasedItem | None:
    """Of an invoice's line, or of a Checkout Session's, which holds its price itself."""
    details = object_in(object_in(line, "pricing"), "price_details")
    price = object_in(details, "price") or object_in(line, "price")
    price_id = text_in(price, "id") or _price_of(line)
    quantity = line.get("quantity")
    if price_id is None:
        return None
    product_id = id_in(price, "product") or text_in(details, "product") or ""
    return PurchasedItem(
        price_id, text_in(price, "lookup_key"), product_id, quantity if isinstance(quantity, int) else 1
    )


def payment_of(value: Json) -> PaidBy:
    """By the PaymentIntent that is expanded in a Checkout Session, or in an invoice's payments, of which the last."""
    if text_in(value, "object") == "checkout.session":
        return _paid_by(value)
    paid = [each for each in objects_in(value, "payments") if each.get("status") == "paid"]
    return _paid_by(object_in(paid[-1], "payment")) if paid else PaidBy()


def _paid_by(holder: Json) -> PaidBy:
    intent: object = holder.get("payment_intent")
    charge_id = id_in(intent, "latest_charge") if is_object(intent) else id_in(holder, "charge")
    return PaidBy(id_in(holder, "payment_intent"), charge_id)


def is_given_back(charge: Json) -> bool:
    """All of it."""
    return charge.get("refunded") is True

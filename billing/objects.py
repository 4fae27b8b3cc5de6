"""Stripe's JSON into our values. Total: what is missing or of the wrong type reads as None, so nothing crashes us."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeGuard, cast

from billing.state import Dispute, PaymentMethod, Subscription, SubscriptionItem

MaybeObject = Mapping[str, Any] | None
"""What stood where an object should stand: for the types it is one, and when it is read it may be anything."""

LATEST = 253_402_300_799
"""The last second of the year 9999."""


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether it is what JSON's parsers make of an object; any other mapping would take ten times as long to ask."""
    return isinstance(value, dict)


def object_in(value: MaybeObject, key: str) -> Mapping[str, Any]:
    """The object under `key`; an empty one when there is none."""
    found: MaybeObject = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def objects_in(value: MaybeObject, key: str) -> list[Mapping[str, Any]]:
    """The objects of a Stripe list (`{"data": […]}`) under `key`."""
    return objects_among(object_in(value, key).get("data"))


def objects_among(found: Any) -> list[Mapping[str, Any]]:
    """The objects of a plain list."""
    return [entry for entry in cast("list[Any]", found) if is_object(entry)] if isinstance(found, list) else []


def text_in(value: MaybeObject, key: str) -> str | None:
    """A short text, printable, without line breaks; None otherwise."""
    return _text(value.get(key)) if isinstance(value, dict) else None


def _text(found: object) -> str | None:
    return found if isinstance(found, str) and 0 < len(found) <= 500 and found.isprintable() else None


def id_in(value: MaybeObject, key: str) -> str | None:
    """The id under `key`, whether it came as text or as an expanded object."""
    found: MaybeObject = value.get(key) if isinstance(value, dict) else None
    return _text(found.get("id") if isinstance(found, dict) else found)


def id_of(value: Mapping[str, Any]) -> str:
    """The id of an object that Stripe answered; it has one."""
    return str(value["id"])


def time_in(value: MaybeObject, key: str) -> datetime | None:
    """An instant given in whole seconds since 1970."""
    found: object = value.get(key) if isinstance(value, dict) else None
    if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= LATEST:
        return datetime.fromtimestamp(found, UTC)
    return None


def texts_in(value: MaybeObject, key: str) -> dict[str, str]:
    """Metadata: the entries that are texts which PostgreSQL can hold."""
    entries = object_in(value, key).items()
    return {name: found for name, found in entries if isinstance(found, str) and "\0" not in name + found}


def subscription_from(value: MaybeObject, items: Iterable[Mapping[str, Any]] | None = None) -> Subscription | None:
    """Stripe's subscription; `items` where its own list was only the first page. None when it is no subscription."""
    id, customer_id, status = text_in(value, "id"), id_in(value, "customer"), text_in(value, "status")
    if not is_object(value) or id is None or customer_id is None or status is None:
        return None
    found = [_item(entry) for entry in (objects_in(value, "items") if items is None else items)]
    return Subscription(
        id=id,
        customer_id=customer_id,
        status=status,
        created_at=time_in(value, "created") or datetime.fromtimestamp(0, UTC),
        items=tuple(sorted((item for item in found if item), key=lambda item: item.id)),
        cancel_at_period_end=value.get("cancel_at_period_end") is True,
        cancel_at=time_in(value, "cancel_at"),
        canceled_at=time_in(value, "canceled_at"),
        ended_at=time_in(value, "ended_at"),
        trial_end=time_in(value, "trial_end"),
        pause_behavior=text_in(object_in(value, "pause_collection"), "behavior"),
        metadata=texts_in(value, "metadata"),
        payment_method=_payment_method(value),
        ends_with_trial=_ends_with_trial(value),
        country=_country(object_in(object_in(value, "customer"), "address")),
    )


CUSTOMER_SETTINGS = ("customer", "invoice_settings")
PAYERS = (
    ((), "default_payment_method"),
    ((), "default_source"),
    (CUSTOMER_SETTINGS, "default_payment_method"),
    (("customer",), "default_source"),
)
"""Where a subscription's payment method is named, in the order in which Stripe looks; each can be expanded."""


def _payment_method(subscription: Mapping[str, Any]) -> PaymentMethod | None:
    """The first that is named; None also where it is not shown whole."""
    for way, name in PAYERS:
        place: Mapping[str, Any] = subscription
        for step in way:
            place = object_in(place, step)
        if place.get(name):
            return _method_from(object_in(place, name))
    return None


def _method_from(method: Mapping[str, Any]) -> PaymentMethod | None:
    """Of a payment method, or of the cards and sources that came before them."""
    id, kind = text_in(method, "id"), text_in(method, "type") or text_in(method, "object")
    if id is None or kind is None:
        return None
    card = object_in(method, "card") or method
    year, month = card.get("exp_year"), card.get("exp_month")
    if not (isinstance(year, int) and isinstance(month, int) and 1970 <= year < 9999 and 1 <= month <= 12):
        return PaymentMethod(id, kind)
    return PaymentMethod(id, kind, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC))


def _ends_with_trial(subscription: Mapping[str, Any]) -> bool:
    """False also where it is not shown who could be charged, for only a whole answer may say that nobody can."""
    end = text_in(object_in(object_in(subscription, "trial_settings"), "end_behavior"), "missing_payment_method")
    by_invoice = subscription.get("collection_method") == "send_invoice"
    if subscription.get("status") != "trialing" or end not in ("cancel", "pause") or by_invoice:
        return False
    customer = object_in(subscription, "customer")
    settings = object_in(customer, "invoice_settings")
    named = [subscription.get("default_payment_method"), subscription.get("default_source")]
    named += [settings.get("default_payment_method"), customer.get("default_source")]
    costs = any(object_in(item, "price").get("unit_amount") != 0 for item in objects_in(subscription, "items"))
    return bool(customer) and not any(named) and costs


def _country(address: Mapping[str, Any]) -> str | None:
    word = (text_in(address, "country") or "").upper()
    return word if len(word) == 2 and word.isascii() and word.isalpha() else None


def _item(value: Mapping[str, Any]) -> SubscriptionItem | None:
    price = object_in(value, "price")
    id, price_id = text_in(value, "id"), text_in(price, "id")
    if id is None or price_id is None:
        return None
    quantity = value.get("quantity")
    return SubscriptionItem(
        id=id,
        price_id=price_id,
        lookup_key=text_in(price, "lookup_key"),
        product_id=id_in(price, "product") or "",
        quantity=quantity if isinstance(quantity, int) else None,
        current_period_end=time_in(value, "current_period_end"),
    )


def dispute_from(value: MaybeObject) -> Dispute | None:
    """Stripe's dispute, not yet led to a subscription. None when it is no dispute."""
    id, status = text_in(value, "id"), text_in(value, "status")
    if id is None or status is None:
        return None
    created_at = time_in(value, "created") or datetime.fromtimestamp(0, UTC)
    return Dispute(id, status, created_at, id_in(value, "charge"), id_in(value, "payment_intent"))

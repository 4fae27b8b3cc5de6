"""Invoice lines: https://docs.stripe.com/api/invoice-line-item"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from twin.core.store import Object
from twin.core.world import World
from twin.money.amounts import amount_for, prorated


def line_of(
    world: World,
    amount: int,
    currency: str,
    description: str | None,
    period: tuple[int, int],
    *,
    price: Object | None = None,
    quantity: int | None = 1,
    parent: Object,
    subscription: str | None = None,
    discountable: bool = True,
    tax_rates: Sequence[Object] = (),
    metadata: Object | None = None,
) -> Object:
    pricing = None
    if price is not None:
        pricing = {
            "type": "price_details",
            "price_details": {"price": price["id"], "product": price["product"]},
            "unit_amount_decimal": price["unit_amount_decimal"],
        }
    return {
        "id": world.ids.new("il"),
        "object": "line_item",
        "amount": amount,
        "currency": currency,
        "description": description,
        "discount_amounts": [],
        "discountable": discountable,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": metadata or {},
        "parent": parent,
        "period": {"start": period[0], "end": period[1]},
        "pretax_credit_amounts": [],
        "pricing": pricing,
        "quantity": quantity,
        "quantity_decimal": None if quantity is None else str(quantity),
        "subscription": subscription,
        "subtotal": amount,
        "taxes": [],
        "_tax_rates": list(tax_rates),
    }


def item_parent(
    subscription: Object, item: Object, *, proration: bool = False, invoice_item: str | None = None
) -> Object:
    """`parent` of a line that a subscription's item causes."""
    return {
        "type": "subscription_item_details",
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": invoice_item,
            "proration": proration,
            "proration_details": {"credited_items": None},
            "subscription": subscription["id"],
            "subscription_item": item["id"],
        },
    }


def pending_parent(pending: Object) -> Object:
    """`parent` of a line that an invoice item becomes."""
    details = {
        "invoice_item": pending["id"],
        "proration": pending["proration"],
        "proration_details": {"credited_items": None},
        "subscription": None,
    }
    return {"type": "invoice_item_details", "invoice_item_details": details, "subscription_item_details": None}


def recurring_line(world: World, subscription: Object, item: Object, quantity: int, period: tuple[int, int]) -> Object:
    """What an item costs for a whole period; the subscription is charged in its currency."""
    price, currency = item["price"], subscription["currency"]
    return line_of(
        world,
        amount_for(price, quantity, currency),
        currency,
        f"{quantity} x {named(world, price)}",
        period,
        price=price,
        quantity=quantity,
        parent=item_parent(subscription, item),
        subscription=subscription["id"],
        tax_rates=item["tax_rates"] or (),
        metadata=item["metadata"],
    )


def trial_line(world: World, subscription: Object, item: Object, period: tuple[int, int]) -> Object:
    """An item's free trial: a line of 0."""
    line = recurring_line(world, subscription, item, item.get("quantity") or 1, period)
    description = f"Trial period for {named(world, item['price'])}"
    return line | {"amount": 0, "subtotal": 0, "description": description}


def proration_of(subscription: Object, item: Object, at: int, *, credit: bool) -> Object | None:
    """What is left of an item's period at `at`, as an amount to credit or to charge; None where it costs nothing."""
    if item["price"]["recurring"]["usage_type"] == "metered":
        return None
    full = amount_for(item["price"], item["quantity"] or 0, subscription["currency"])
    start, end = item["current_period_start"], item["current_period_end"]
    amount = prorated(full, start, end, at)
    if amount == 0:
        return None
    return {"amount": -amount if credit else amount, "item": item, "period": (at, end), "credit": credit}


def proration_text(world: World, proration: Object) -> str:
    at = datetime.fromtimestamp(proration["period"][0], UTC)
    item: Any = proration["item"]
    name = named(world, item["price"])
    many = f"{item['quantity']} x " if (item["quantity"] or 1) > 1 else ""
    return f"{'Unused' if proration['credit'] else 'Remaining'} time on {many}{name} after {at.day} {at:%b %Y}"


def named(world: World, price: Object) -> str:
    """How people know a price."""
    product = world.store.objects.get(price["product"])
    return (product or {}).get("name") or price["nickname"] or price["id"]

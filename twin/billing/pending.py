"""Invoice items: what waits for the next invoice. https://docs.stripe.com/api/invoiceitems"""

from collections.abc import Sequence
from typing import Any

from twin.billing.items import check_currency, price_from
from twin.billing.lines import line_of, pending_parent, proration_text
from twin.core.errors import invalid
from twin.core.store import Object, entries
from twin.core.world import World
from twin.money.amounts import amount_for


def new_pending(
    world: World,
    customer: Object,
    amount: int,
    currency: str,
    description: str | None,
    period: tuple[int, int],
    **more: Any,
) -> Object:
    version: Object = {
        "id": world.ids.new("ii"),
        "object": "invoiceitem",
        "amount": amount,
        "currency": currency,
        "customer": customer["id"],
        "customer_account": None,
        "date": world.time_of(customer),
        "description": description,
        "discountable": True,
        "discounts": [],
        "frozen_fields": None,
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "net_amount": amount,
        "parent": None,
        "period": {"start": period[0], "end": period[1]},
        "pricing": None,
        "proration": False,
        "quantity": 1,
        "quantity_decimal": "1",
        "tax_rates": [],
        "test_clock": customer["test_clock"],
        "_price": None,
    }
    version |= more
    if price := version["_price"]:
        version["pricing"] = {
            "type": "price_details",
            "price_details": {"price": price["id"], "product": price["product"]},
            "unit_amount_decimal": price["unit_amount_decimal"],
        }
    return world.create(version, "invoiceitem.created")


def pend_proration(world: World, subscription: Object, proration: Object) -> Object:
    """A change's credit or charge, to be billed with the next invoice."""
    customer = world.get("customer", subscription["customer"])
    item: Any = proration["item"]
    details = {"subscription": subscription["id"], "subscription_item": item["id"]}
    return new_pending(
        world,
        customer,
        proration["amount"],
        subscription["currency"],
        proration_text(world, proration),
        proration["period"],
        discountable=False,
        proration=True,
        quantity=item["quantity"],
        quantity_decimal=str(item["quantity"]),
        parent={"type": "subscription_details", "subscription_details": details},
        _price=item["price"],
    )


def one_time(world: World, customer: Object, wanted: Object, currency: str, **more: Any) -> Object:
    """What `add_invoice_items[]` asks for."""
    if "price_data" in wanted:
        price = price_from(world, wanted["price_data"])
    else:
        price = world.get("price", wanted.get("price", ""), "add_invoice_items[0][price]")
    if price["recurring"] is not None:
        raise invalid(
            "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.",
            "add_invoice_items[0][price]",
        )
    check_currency(price, currency, "add_invoice_items[0][price]")
    quantity = wanted.get("quantity", 1)
    now = world.time_of(customer)
    rates = [world.get("tax_rate", id, "tax_rates") for id in entries(wanted, "tax_rates")]
    product = world.store.objects.get(price["product"]) or {}
    return new_pending(
        world,
        customer,
        amount_for(price, quantity, currency),
        currency,
        product.get("name"),
        (now, now),
        quantity=quantity,
        quantity_decimal=str(quantity),
        tax_rates=rates,
        metadata=wanted.get("metadata") or {},
        _price=price,
        **more,
    )


def pending_for(world: World, customer: Object, subscription: Object | None) -> list[Object]:
    """What waits for an invoice of the subscription, or of the customer alone."""
    wanted = subscription["id"] if subscription else None
    found = world.store.children("invoiceitem", "customer", customer["id"])
    return [each for each in found if each["invoice"] is None and _subscription_of(each) in (None, wanted)]


def _subscription_of(pending: Object) -> str | None:
    parent: Any = pending["parent"]
    return parent["subscription_details"]["subscription"] if parent else None


def billed(world: World, pending: Sequence[Object], subscription: Object | None) -> list[Object]:
    """The lines that pending items become."""
    return [_line(world, each, subscription) for each in pending]


def _line(world: World, pending: Object, subscription: Object | None) -> Object:
    parent: Any = pending["parent"]
    line_parent = pending_parent(pending)
    if parent:
        details: Object = {
            "invoice_item": pending["id"],
            "proration": pending["proration"],
            "proration_details": {"credited_items": None},
            **parent["subscription_details"],
        }
        line_parent = {
            "type": "subscription_item_details",
            "invoice_item_details": None,
            "subscription_item_details": {"subscription_item": None, **details},
        }
    return line_of(
        world,
        pending["amount"],
        pending["currency"],
        pending["description"],
        (pending["period"]["start"], pending["period"]["end"]),
        price=pending["_price"],
        quantity=pending["quantity"],
        parent=line_parent,
        subscription=subscription["id"] if subscription and parent else None,
        discountable=pending["discountable"],
        tax_rates=pending["tax_rates"],
        metadata=pending["metadata"],
    )


def attach(world: World, pending: Sequence[Object], invoice: Object) -> None:
    """They are on that invoice now, and wait no more."""
    for each in pending:
        world.change(each, None, invoice=invoice["id"])

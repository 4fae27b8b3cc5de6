"""Invoice items: https://docs.stripe.com/api/invoiceitems"""

from twin.api.pages import matching, page_of
from twin.api.routes import Params, route
from twin.billing.invoices import reckoned
from twin.billing.items import refuse
from twin.billing.pending import attach, billed, new_pending
from twin.core.errors import invalid
from twin.core.store import Object, entries, inside
from twin.core.world import World
from twin.money.amounts import amount_for
from twin.resources.fields import deleted, metadata_of, patched, required


@route("POST /v1/invoiceitems")
def create(world: World, params: Params) -> Object:
    refuse(params, "invoice_items.create", "discounts", "price_data", "tax_code", "quantity_decimal")
    required(params, "customer")
    customer = world.get("customer", params["customer"], "customer")
    now = world.time_of(customer)
    quantity: int = params.get("quantity", 1)
    price_id = inside(params, "pricing", "price")
    price = world.get("price", price_id, "pricing[price]") if price_id else None
    currency: str = params.get("currency") or customer["currency"] or (price or {}).get("currency") or "usd"
    if price is None and "amount" not in params:
        raise invalid("One of amount or pricing[price] is required.", "amount", "parameter_missing")
    amount = amount_for(price, quantity, currency) if price else params["amount"]
    period: Object = params.get("period", {"start": now, "end": now})
    subscription = params.get("subscription")
    details = {"subscription": subscription, "subscription_item": None}
    pending = new_pending(
        world,
        customer,
        amount,
        currency,
        params.get("description") or (world.store.objects.get(price["product"]) or {}).get("name")
        if price
        else params.get("description"),
        (period["start"], period["end"]),
        quantity=quantity,
        quantity_decimal=str(quantity),
        discountable=params.get("discountable", True),
        metadata=metadata_of({}, params),
        tax_rates=[world.get("tax_rate", id, "tax_rates") for id in entries(params, "tax_rates")],
        parent={"type": "subscription_details", "subscription_details": details} if subscription else None,
        _price=price,
    )
    return _on_draft(world, customer, pending, params["invoice"]) if "invoice" in params else pending


def _on_draft(world: World, customer: Object, pending: Object, invoice_id: str) -> Object:
    """Adds it to a draft, whose totals are reckoned anew."""
    invoice = world.get("invoice", invoice_id, "invoice")
    if invoice["status"] != "draft":
        raise invalid("You can only add items to draft invoices.", "invoice", "invoice_not_editable")
    lines = [*invoice["_lines"], *billed(world, [pending], None)]
    changes = reckoned(world, customer, invoice, lines, invoice, world.time_of(customer))
    world.change(invoice, "invoice.updated", **changes)
    attach(world, [pending], invoice)
    return world.store.objects[pending["id"]]


@route("GET /v1/invoiceitems")
def list_all(world: World, params: Params) -> Object:
    found = world.store.of_kind("invoiceitem")
    kept = list(matching(found, params, "customer", "invoice"))
    if "pending" in params:
        kept = [each for each in kept if (each["invoice"] is None) == params["pending"]]
    return page_of(kept, params, "/v1/invoiceitems")


@route("GET /v1/invoiceitems/{invoiceitem}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("invoiceitem", id)


@route("POST /v1/invoiceitems/{invoiceitem}")
def update(world: World, params: Params, id: str) -> Object:
    pending = _waiting(world, id)
    refuse(
        params,
        "invoice_items.update",
        "discounts",
        "price_data",
        "tax_code",
        "pricing",
        "quantity",
        "quantity_decimal",
        "tax_rates",
    )
    changes = patched(pending, params, "amount", "description", "discountable", "period")
    if "amount" in changes:
        changes["net_amount"] = changes["amount"]
    return world.change(pending, None, **changes)


@route("DELETE /v1/invoiceitems/{invoiceitem}")
def delete(world: World, _params: Params, id: str) -> Object:
    pending = _waiting(world, id)
    world.delete(pending, "invoiceitem.deleted")
    return deleted(pending)


def _waiting(world: World, id: str) -> Object:
    pending = world.get("invoiceitem", id)
    if pending["invoice"] is not None:
        raise invalid("This invoice item is on an invoice and can no longer be changed.", code="invoice_not_editable")
    return pending

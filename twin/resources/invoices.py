"""Invoices: https://docs.stripe.com/api/invoices"""

from typing import Any

from twin.api.expansion import includable
from twin.api.pages import list_of, matching, page_of
from twin.api.routes import Params, route
from twin.api.searching import searched
from twin.billing.collection import collect, give_up_as_uncollectible, mark_paid, settle_or_collect, void
from twin.billing.discounts import new_discounts
from twin.billing.invoices import draft, finalize
from twin.billing.items import refuse
from twin.billing.pending import attach, billed, pending_for
from twin.core.errors import invalid
from twin.core.store import Object, entries, parent_of, shown
from twin.core.world import World
from twin.payments.intents import card_error
from twin.resources.fields import deleted, given, metadata_of, patched, required
from twin.resources.payment_methods import named_method

PLAIN = ("description", "footer", "auto_advance", "default_payment_method", "days_until_due", "collection_method")
UNSUPPORTED = (
    "account_tax_ids",
    "application_fee_amount",
    "custom_fields",
    "from_invoice",
    "on_behalf_of",
    "shipping_cost",
    "transfer_data",
)


@route("POST /v1/invoices")
def create(world: World, params: Params) -> Object:
    refuse(params, "invoices.create", *UNSUPPORTED)
    required(params, "customer")
    customer = world.get("customer", params["customer"], "customer")
    subscription = (
        world.get("subscription", params["subscription"], "subscription") if "subscription" in params else None
    )
    automatic = params.get("automatic_tax", {"enabled": False})
    includes = params.get("pending_invoice_items_behavior", "include" if subscription else "exclude") == "include"
    waiting = pending_for(world, customer, subscription) if includes else []
    customer = world.change(customer, None, currency=customer["currency"] or params.get("currency") or "usd")
    now = world.time_of(customer)
    advances = params.get("auto_advance", False)
    invoice = draft(
        world,
        customer,
        billed(world, waiting, subscription),
        "manual",
        subscription=subscription,
        discounts=new_discounts(world, entries(params, "discounts"), customer["id"], now),
        **given(params, "description", "footer", "default_payment_method", "collection_method"),
        auto_advance=advances,
        automatic_tax=automatic,
        automatically_finalizes_at=now + world.account.finalize_after_seconds if advances else None,
        metadata=metadata_of({}, params),
        _days_until_due=params.get("days_until_due"),
    )
    attach(world, waiting, invoice)
    return invoice


@route("GET /v1/invoices")
def list_all(world: World, params: Params) -> Object:
    found = world.store.of_kind("invoice")
    if customer := params.get("customer"):
        world.get("customer", customer, "customer")
        found = world.store.children("invoice", "customer", customer)
    wanted = params.get("subscription")
    kept = [
        each
        for each in matching(found, params, "status", "collection_method")
        if wanted is None or parent_of(each, "subscription") == wanted
    ]
    return page_of(kept, params, "/v1/invoices")


@route("GET /v1/invoices/search")
def search(world: World, params: Params) -> Object:
    return searched(world.store.of_kind("invoice"), params, "/v1/invoices/search")


@route("GET /v1/invoices/{invoice}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("invoice", id)


@route("GET /v1/invoices/{invoice}/lines")
def list_lines(world: World, params: Params, id: str) -> Object:
    invoice = world.get("invoice", id)
    return page_of(invoice["lines"]["data"], params, f"/v1/invoices/{id}/lines", newest_first=False)


@route("POST /v1/invoices/{invoice}")
def update(world: World, params: Params, id: str) -> Object:
    refuse(params, "invoices.update", *UNSUPPORTED)
    invoice = world.get("invoice", id)
    if invoice["status"] != "draft" and params.keys() - {
        "metadata",
        "auto_advance",
        "default_payment_method",
        "expand",
        "description",
        "footer",
    }:
        raise invalid("Finalized invoices can't be updated in this way.", code="invoice_not_editable")
    changes = patched(invoice, params, *PLAIN)
    changes.pop("days_until_due", None)
    if changes.get("auto_advance") and invoice["status"] == "draft":
        changes["automatically_finalizes_at"] = world.time_of(invoice) + world.account.finalize_after_seconds
    return world.change(invoice, "invoice.updated", **changes)


@route("DELETE /v1/invoices/{invoice}")
def delete(world: World, _params: Params, id: str) -> Object:
    invoice = world.get("invoice", id)
    if invoice["status"] != "draft":
        raise invalid("You can only delete draft invoices.", code="invoice_not_editable")
    world.delete(invoice, "invoice.deleted")
    return deleted(invoice)


@route("POST /v1/invoices/{invoice}/finalize")
def finalize_it(world: World, params: Params, id: str) -> Object:
    invoice = finalize(world, world.get("invoice", id))
    advances = params.get("auto_advance", invoice["auto_advance"])
    invoice = world.change(invoice, None, auto_advance=advances)
    if invoice["amount_due"] == 0:
        return mark_paid(world, invoice)
    return settle_or_collect(world, invoice) if advances else invoice


@route("POST /v1/invoices/{invoice}/pay")
def pay(world: World, params: Params, id: str) -> Object:
    """A caller's attempt: refused with 402, it does not count among Stripe's own."""
    refuse(params, "invoices.pay", "source", "mandate", "forgive")
    invoice = world.get("invoice", id)
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] == "draft":
        invoice = finalize(world, invoice)
    if params.get("paid_out_of_band"):
        return mark_paid(world, invoice, outside=True)
    if invoice["amount_due"] == 0:
        return mark_paid(world, invoice)
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid(f"This invoice can no longer be paid: it is {invoice['status']}.", code="invoice_not_editable")
    method = named_method(world, params["payment_method"], "payment_method") if "payment_method" in params else None
    invoice = collect(world, invoice, method, automatic=False)
    if invoice["status"] == "open":
        _refuse(world, invoice)
    return invoice


def _refuse(world: World, invoice: Object) -> None:
    intent = world.get("payment_intent", invoice["_intent"])
    if intent["status"] == "requires_payment_method" and intent["last_payment_error"]:
        raise card_error(intent)
    if intent["status"] == "requires_action":
        fault = invalid(
            "This payment requires additional user action before it can be completed successfully.",
            code="invoice_payment_intent_requires_action",
            status=402,
        )
        fault.keeps = True
        raise fault
    if intent["status"] != "processing":
        raise invalid("There is no `default_payment_method` set on this Customer or Invoice.", code="resource_missing")


@route("POST /v1/invoices/{invoice}/void")
def void_it(world: World, _params: Params, id: str) -> Object:
    return void(world, world.get("invoice", id))


@route("POST /v1/invoices/{invoice}/mark_uncollectible")
def mark_uncollectible(world: World, _params: Params, id: str) -> Object:
    return give_up_as_uncollectible(world, world.get("invoice", id))


@route("POST /v1/invoices/{invoice}/send")
def send(world: World, _params: Params, id: str) -> Object:
    invoice = world.get("invoice", id)
    if invoice["status"] == "draft":
        invoice = finalize(world, invoice)
    world.tell("invoice.sent", invoice)
    return invoice


@includable("invoice", "payments")
def payments(world: World, invoice: Object) -> Object:
    found = [shown(each) for each in world.store.children("invoice_payment", "invoice", invoice["id"])]
    return list_of(found[::-1][:10], f"/v1/invoices/{invoice['id']}/payments", has_more=len(found) > 10)


@includable("invoice", "confirmation_secret")
def confirmation_secret(world: World, invoice: Object) -> Any:
    """What a browser needs to pay it: https://docs.stripe.com/api/invoices/object#invoice_object-confirmation_secret"""
    intent = world.store.objects.get((world.store.objects.get(invoice["id"]) or {}).get("_intent") or "")
    return intent and {"client_secret": intent["client_secret"], "type": "payment_intent"}


@route("GET /v1/invoice_payments")
def list_payments(world: World, params: Params) -> Object:
    found = world.store.of_kind("invoice_payment")
    if "invoice" in params:
        found = world.store.children("invoice_payment", "invoice", params["invoice"])
    asked: Any = params.get("payment", {})
    kept = [
        each
        for each in matching(found, params, "status")
        if all(each["payment"].get(name) == value for name, value in asked.items())
    ]
    return page_of(kept, params, "/v1/invoice_payments")


@route("GET /v1/invoice_payments/{invoice_payment}")
def retrieve_payment(world: World, _params: Params, id: str) -> Object:
    return world.get("invoice_payment", id)

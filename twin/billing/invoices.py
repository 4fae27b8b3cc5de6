"""Invoices from draft to final: https://docs.stripe.com/invoicing/integration/workflow-transitions"""

from collections.abc import Sequence
from typing import Any

from twin.billing.balances import book
from twin.billing.discounts import coupons_of
from twin.billing.taxes import rates_for
from twin.core.errors import invalid
from twin.core.settings import DAY
from twin.core.store import Object, inside
from twin.core.world import World
from twin.money.totals import totals_of, with_discounts, with_taxes
from twin.payments.intents import new_intent

UNSET = (
    "number",
    "due_date",
    "effective_at",
    "ending_balance",
    "footer",
    "from_invoice",
    "hosted_invoice_url",
    "invoice_pdf",
    "last_finalization_error",
    "latest_revision",
    "next_payment_attempt",
    "on_behalf_of",
    "receipt_number",
    "rendering",
    "shipping_cost",
    "shipping_details",
    "statement_descriptor",
    "description",
    "webhooks_delivered_at",
    "custom_fields",
    "account_tax_ids",
    "application",
    "default_source",
    "customer_account",
)


def draft(
    world: World,
    customer: Object,
    lines: Sequence[Object],
    reason: str,
    *,
    subscription: Object | None = None,
    period: tuple[int, int] | None = None,
    discounts: Sequence[str] = (),
    tell: bool = True,
    **more: Any,
) -> Object:
    """A new invoice, still open to change; `more` are fields of it. Makes `invoice.created` unless told not to."""
    now, id = world.time_of(customer), world.ids.new("in")
    holder = subscription or {"automatic_tax": more.get("automatic_tax", {"enabled": False})}
    version = _blank(world, id, customer, subscription, reason, period or (now, now))
    version |= {"created": now, "discounts": [*discounts], "_lines": list(lines)}
    version |= more
    version |= reckoned(world, customer, version, lines, holder, now)
    return world.create(version, "invoice.created") if tell else world.create(version)


def _blank(
    world: World, id: str, customer: Object, subscription: Object | None, reason: str, period: tuple[int, int]
) -> Object:
    return {
        "id": id,
        "object": "invoice",
        **dict.fromkeys(UNSET),
        "account_country": world.account.country,
        "account_name": world.account.name,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatically_finalizes_at": None,
        "billing_reason": reason,
        "collection_method": (subscription or {}).get("collection_method", "charge_automatically"),
        "currency": (subscription or customer)["currency"] or "usd",
        "customer": customer["id"],
        **{f"customer_{name}": customer[name] for name in ("address", "email", "name", "phone", "shipping")},
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_tax_rates": (subscription or {}).get("default_tax_rates") or [],
        "issuer": {"type": "self"},
        "livemode": False,
        "metadata": {},
        "parent": _parent(subscription),
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": inside(subscription, "payment_settings", "payment_method_options"),
            "payment_method_types": inside(subscription, "payment_settings", "payment_method_types"),
        },
        "period_end": period[1],
        "period_start": period[0],
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": customer["balance"],
        "status": "draft",
        "status_transitions": dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")),
        "test_clock": customer["test_clock"],
        "_intent": None,
        "_failed_at": None,
        "_automatic": True,
        "_pause": None,
    }


def reckoned(
    world: World, customer: Object, invoice: Object, lines: Sequence[Object], holder: Object, at: int
) -> Object:
    """The fields of an invoice that follow from its lines, discounts and taxes."""
    rates, status = rates_for(world, customer, holder)
    reduced = with_discounts(lines, coupons_of(world, invoice["discounts"], at))
    taxed = [line | {"invoice": invoice["id"]} for line in with_taxes(reduced, rates)]
    totals = totals_of(taxed)
    shown_lines = [{name: value for name, value in line.items() if name[0] != "_"} for line in taxed]
    url = f"/v1/invoices/{invoice['id']}/lines"
    due = max(0, totals["total"] + invoice["starting_balance"]) if totals["total"] > 0 else 0
    liability = {"type": "self"} if status else None
    return totals | {
        "lines": {"object": "list", "data": shown_lines, "has_more": False, "total_count": len(taxed), "url": url},
        "_lines": list(lines),
        "amount_due": due,
        "amount_remaining": due,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": status is not None,
            "liability": liability,
            "provider": "stripe" if status else None,
            "status": status,
        },
    }


def _parent(subscription: Object | None) -> Object | None:
    if subscription is None:
        return None
    details = {"metadata": subscription["metadata"], "subscription": subscription["id"]}
    return {"type": "subscription_details", "quote_details": None, "subscription_details": details}


def finalize(world: World, invoice: Object) -> Object:
    """Gives it number and payment intent; the customer's balance pays first. Makes `invoice.finalized`."""
    if invoice["status"] != "draft":
        raise invalid(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.", code="invoice_not_editable"
        )
    now = world.time_of(invoice)
    customer = world.get("customer", invoice["customer"])
    total, balance = invoice["total"], customer["balance"]
    ending = min(0, balance + total) if total > 0 else balance + total
    due = max(0, total + balance) if total > 0 else 0
    invoice = world.change(
        invoice, starting_balance=balance, ending_balance=ending, amount_due=due, amount_remaining=due
    )
    number = customer["next_invoice_sequence"]
    customer = world.change(customer, None, next_invoice_sequence=number + 1)
    if ending != balance:
        book(world, customer, ending - balance, "applied_to_invoice", invoice=invoice["id"])
    days = invoice.get("_days_until_due")
    where = f"{world.links}/invoices/{invoice['id']}"
    invoice = world.change(
        invoice,
        status="open",
        number=f"{customer['invoice_prefix']}-{number:04}",
        effective_at=now,
        automatically_finalizes_at=None,
        due_date=now + days * DAY if days is not None else invoice["due_date"],
        hosted_invoice_url=where,
        invoice_pdf=f"{where}/pdf",
        webhooks_delivered_at=now,
        status_transitions=invoice["status_transitions"] | {"finalized_at": now},
    )
    if due > 0:
        invoice = _with_payment(world, invoice)
    world.tell("invoice.finalized", invoice)
    return invoice


def _with_payment(world: World, invoice: Object) -> Object:
    """An intent for what is due, and the payment that joins the two."""
    saved = {} if invoice["billing_reason"] == "manual" else {"setup_future_usage": "off_session"}
    describing = (
        "Subscription creation" if invoice["billing_reason"] == "subscription_create" else "Subscription update"
    )
    intent = new_intent(
        world,
        invoice["amount_due"],
        invoice["currency"],
        invoice["customer"],
        invoice["test_clock"],
        description="Payment for Invoice" if invoice["billing_reason"] == "manual" else describing,
        _invoice=invoice["id"],
        **saved,
    )
    payment: Object = {
        "id": world.ids.new("inpay"),
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": invoice["amount_due"],
        "created": world.time_of(invoice),
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
        "_clock": invoice["test_clock"],
    }
    world.create(payment)
    return world.change(invoice, _intent=intent["id"])


def payment_of(world: World, invoice: Object) -> Object | None:
    """The open or latest payment of an invoice."""
    return next(reversed(list(world.store.children("invoice_payment", "invoice", invoice["id"]))), None)

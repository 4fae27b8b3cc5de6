"""Previews: https://docs.stripe.com/api/invoices/create_preview. What would be billed, with nothing kept."""

from twin.api.routes import Params, route
from twin.billing.discounts import new_discounts
from twin.billing.invoices import draft
from twin.billing.items import refuse
from twin.billing.pending import pend_proration
from twin.billing.planning import plan_lines, planned
from twin.billing.renewing import upcoming
from twin.billing.starting import start
from twin.core.errors import invalid
from twin.core.store import Object, entries
from twin.core.world import World

DETAILS_UNSUPPORTED = ("billing_schedules", "start_date")
CANCELS = ("cancel_at", "cancel_at_period_end", "cancel_now")


@route("POST /v1/invoices/create_preview")
def create_preview(world: World, params: Params) -> Object:
    refuse(
        params,
        "invoices.create_preview",
        "schedule",
        "schedule_details",
        "invoice_items",
        "customer_details",
        "on_behalf_of",
    )
    details: Object = params.get("subscription_details", {})
    refuse(details, "invoices.create_preview with subscription_details", *DETAILS_UNSUPPORTED, "cancel_now")
    with world.rehearsal():
        if "subscription" in params:
            subscription = world.get("subscription", params["subscription"], "subscription")
            invoice = _of_change(world, subscription, details, params)
        elif "customer" in params and details.get("items"):
            invoice = _of_start(world, params, details)
        else:
            raise invalid(
                "You must provide a subscription, or a customer with subscription_details[items].", "subscription"
            )
    return invoice | {"status": "draft", "hosted_invoice_url": None}


def _of_change(world: World, subscription: Object, details: Object, params: Params) -> Object:
    changes = {name: value for name, value in details.items() if name not in CANCELS}
    if "discounts" in params:
        now = world.time_of(subscription)
        asked = new_discounts(world, entries(params, "discounts"), subscription["customer"], now)
        subscription = world.change(subscription, None, discounts=asked)
    if details.get("cancel_at_period_end") and not changes.get("items"):
        raise invalid("A subscription that ends has no upcoming invoice.", code="invoice_upcoming_none")
    if not changes:
        return upcoming(world, subscription)
    plan = planned(world, subscription, changes)
    if plan.invoices_now:
        lines, _ = plan_lines(world, plan)
        customer = world.get("customer", subscription["customer"])
        made = draft(
            world, customer, lines, "upcoming", subscription=plan.after, discounts=subscription["discounts"], tell=False
        )
        return made | {"id": f"upcoming_{made['id']}"}
    for proration in plan.prorations:
        pend_proration(world, plan.after, proration)
    return upcoming(world, world.change(subscription, None, **{k: v for k, v in plan.after.items() if k != "id"}))


def _of_start(world: World, params: Params, details: Object) -> Object:
    kept = {
        name: details[name]
        for name in ("items", "trial_end", "default_tax_rates", "billing_cycle_anchor")
        if name in details
    }
    for name in ("discounts", "automatic_tax", "currency"):
        if name in params:
            kept[name] = params[name]
    made = start(world, {"customer": params["customer"], "payment_behavior": "default_incomplete", **kept})
    invoice = world.get("invoice", made["latest_invoice"])
    reset = {"number": None, "effective_at": None, "status": "draft", "billing_reason": "upcoming", "invoice_pdf": None}
    return invoice | reset | {"id": f"upcoming_{invoice['id']}"}

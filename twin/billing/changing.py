"""Updates of a subscription: https://docs.stripe.com/api/subscriptions/update"""

from typing import Any

from twin.billing.collection import default_method, settle_or_collect
from twin.billing.discounts import new_discounts
from twin.billing.invoices import draft, finalize
from twin.billing.items import period_of, refuse
from twin.billing.pending import attach, one_time, pend_proration
from twin.billing.planning import Plan, plan_lines, planned
from twin.billing.renewing import warned
from twin.billing.standing import FINAL
from twin.core.errors import ApiError, invalid
from twin.core.settings import HOUR
from twin.core.store import Object, entries, inside
from twin.core.world import World
from twin.payments.intents import card_error

UNSUPPORTED = (
    "application_fee_percent",
    "billing_schedules",
    "billing_thresholds",
    "default_source",
    "on_behalf_of",
    "pending_invoice_item_interval",
    "transfer_data",
)
WHEN_FINAL = {"metadata", "cancellation_details", "expand"}
PLANNED = {"items", "billing_cycle_anchor", "trial_end"}


def update(world: World, subscription: Object, params: Object) -> Object:
    """Applies what is asked for; what it costs is invoiced or left pending, as `proration_behavior` says."""
    refuse(params, "subscriptions.update", *UNSUPPORTED)
    if subscription["status"] in FINAL and params.keys() - WHEN_FINAL:
        raise invalid("A canceled subscription can only update its cancellation_details and metadata.")
    customer = world.get("customer", subscription["customer"])
    simple = simple_changes(world, subscription, customer, params)
    for each in entries(params, "add_invoice_items"):
        details = {"subscription": subscription["id"], "subscription_item": None}
        one_time(
            world,
            customer,
            each,
            subscription["currency"],
            parent={"type": "subscription_details", "subscription_details": details},
        )
    if not params.keys() & PLANNED:
        held = world.change(subscription, "customer.subscription.updated", **simple)
        return world.store.objects[held["id"]]
    plan = planned(world, subscription | simple, params)
    return _carry_out(world, subscription, plan, params)


def _carry_out(world: World, subscription: Object, plan: Plan, params: Object) -> Object:
    names = ("items", "billing_cycle_anchor", "trial_end", "trial_start", "status")
    changes = {name: value for name, value in plan.after.items() if subscription.get(name) != value or name in names}
    if not plan.invoices_now:
        for proration in plan.prorations:
            pend_proration(world, plan.after, proration)
        held = world.change(subscription, "customer.subscription.updated", **changes)
        return warned(world, held)
    customer = world.get("customer", subscription["customer"])
    lines, waiting = plan_lines(world, plan)
    discounts = plan.after["discounts"]
    invoice = draft(world, customer, lines, "subscription_update", subscription=plan.after, discounts=discounts)
    attach(world, waiting, invoice)
    invoice = finalize(world, invoice)
    behavior: str = params.get("payment_behavior", "allow_incomplete")
    changes["latest_invoice"] = invoice["id"]
    if behavior == "pending_if_incomplete":
        return _only_when_paid(world, subscription, plan, invoice, changes)
    held = warned(world, world.change(subscription, "customer.subscription.updated", **changes))
    if behavior == "default_incomplete" and invoice["amount_due"] > 0:
        return world.change(held, "customer.subscription.updated", status="past_due")
    settled = settle_or_collect(world, invoice)
    if behavior == "error_if_incomplete" and settled["status"] == "open":
        _refuse_unpaid(world, settled)
    return world.store.objects[held["id"]]


def _only_when_paid(world: World, subscription: Object, plan: Plan, invoice: Object, changes: Object) -> Object:
    """Pending updates: https://docs.stripe.com/billing/subscriptions/pending-updates"""
    pending = {
        "billing_cycle_anchor": plan.after["billing_cycle_anchor"],
        "expires_at": world.time_of(subscription) + 23 * HOUR,
        "subscription_items": plan.after["items"]["data"],
        "trial_end": None,
        "trial_from_plan": None,
    }
    waits = {"_pending": changes, "_pending_invoice": invoice["id"], "latest_invoice": invoice["id"]}
    held = world.change(subscription, None, **waits, pending_update=pending)
    settle_or_collect(world, invoice)
    held = world.store.objects[held["id"]]
    if held["pending_update"] is not None:
        world.tell("customer.subscription.updated", held, {"pending_update": None})
    return held


def _refuse_unpaid(world: World, invoice: Object) -> None:
    if default_method(world, invoice) is None:
        raise invalid(
            "This customer has no attached payment source or default payment method. Please consider adding a default "
            "payment method.",
            code="resource_missing",
        )
    intent = world.store.objects.get(invoice["_intent"] or "")
    if intent and intent["last_payment_error"]:
        raise card_error(intent, keeps=False)
    raise ApiError(
        402,
        "card_error",
        "Payment for this subscription requires additional user action.",
        code="subscription_payment_intent_requires_action",
    )


def simple_changes(world: World, subscription: Object, customer: Object, params: Object) -> Object:
    """The fields that change without a plan."""
    changes: Object = {}
    for name in ("description", "collection_method", "days_until_due"):
        if name in params:
            changes[name] = params[name] or None
    if "metadata" in params:
        merged: Object = subscription["metadata"] | (params["metadata"] or {})
        changes["metadata"] = {k: v for k, v in merged.items() if v != ""} if params["metadata"] != "" else {}
    if "default_payment_method" in params:
        changes["default_payment_method"] = _method(world, customer, params["default_payment_method"])
    if "pause_collection" in params:
        asked: Any = params["pause_collection"]
        changes["pause_collection"] = (
            asked and {"behavior": asked["behavior"], "resumes_at": asked.get("resumes_at")}
        ) or None
    if "cancellation_details" in params:
        given = {k: v or None for k, v in params["cancellation_details"].items() if k != "feedback_option"}
        changes["cancellation_details"] = subscription["cancellation_details"] | given
    if "payment_settings" in params:
        given = {k: v or None for k, v in params["payment_settings"].items()}
        changes["payment_settings"] = subscription["payment_settings"] | given
    if "trial_settings" in params:
        missing = inside(params, "trial_settings", "end_behavior", "missing_payment_method")
        changes["trial_settings"] = {"end_behavior": {"billing_cycle_anchor": None, "missing_payment_method": missing}}
    if "default_tax_rates" in params:
        changes["default_tax_rates"] = [
            world.get("tax_rate", id, "default_tax_rates") for id in entries(params, "default_tax_rates")
        ]
    if "automatic_tax" in params:
        on = params["automatic_tax"]["enabled"]
        changes["automatic_tax"] = {
            "disabled_reason": None,
            "enabled": on,
            "liability": {"type": "self"} if on else None,
        }
    if "discounts" in params:
        now = world.time_of(subscription)
        changes["discounts"] = new_discounts(
            world, entries(params, "discounts"), customer["id"], now, subscription=subscription["id"]
        )
    return changes | _cancellation(world, subscription, params)


def _cancellation(world: World, subscription: Object, params: Object) -> Object:
    """`cancel_at_period_end` and `cancel_at`, and taking either back; under a schedule that is the schedule's."""
    if subscription["schedule"] and params.keys() & {"cancel_at_period_end", "cancel_at"}:
        raise invalid(
            f"The subscription is managed by the subscription schedule `{subscription['schedule']}`, and updating any "
            "cancelation behavior directly is not allowed. Please update the schedule instead."
        )
    now, end = world.time_of(subscription), period_of(subscription)[1]
    details = subscription["cancellation_details"]
    requested = {"canceled_at": now, "cancellation_details": details | {"reason": "cancellation_requested"}}
    kept = {"canceled_at": None, "cancel_at_period_end": False, "cancel_at": None}
    kept["cancellation_details"] = details | {"reason": None}
    if "cancel_at_period_end" in params:
        if params["cancel_at_period_end"]:
            return {"cancel_at_period_end": True, "cancel_at": end, **_with_details(requested, params)}
        return _with_details(kept, params)
    if "cancel_at" in params:
        at: object = params["cancel_at"]
        if at == "":
            return _with_details(kept, params)
        if not isinstance(at, int):
            at = end
        if at <= now:
            raise invalid("cancel_at must be in the future.", "cancel_at")
        return {"cancel_at": at, "cancel_at_period_end": False, **_with_details(requested, params)}
    return {}


def _with_details(changes: Object, params: Object) -> Object:
    given = {k: v or None for k, v in params.get("cancellation_details", {}).items() if k != "feedback_option"}
    return changes | {"cancellation_details": changes["cancellation_details"] | given}


def _method(world: World, customer: Object, id: str) -> str | None:
    if not id:
        return None
    if world.get("payment_method", id, "default_payment_method")["customer"] != customer["id"]:
        raise invalid(
            f"The customer does not have a payment method with the ID {id}.",
            "default_payment_method",
            "resource_missing",
        )
    return id

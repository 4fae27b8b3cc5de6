"""The beginning of a subscription: https://docs.stripe.com/billing/subscriptions/overview"""

from collections.abc import Sequence
from typing import Any

from twin.billing.beginnings import new_subscription
from twin.billing.collection import default_method, settle_or_collect
from twin.billing.discounts import new_discounts, spent
from twin.billing.invoices import draft, finalize
from twin.billing.items import cycle_of, new_item, priced, refuse
from twin.billing.lines import recurring_line, trial_line
from twin.billing.pending import attach, billed, one_time, pending_for
from twin.billing.renewing import warned
from twin.core.errors import ApiError, invalid
from twin.core.settings import DAY
from twin.core.store import Object, entries
from twin.core.world import World
from twin.money.amounts import prorated
from twin.money.periods import next_boundary
from twin.payments.intents import card_error
from twin.payments.setups import new_setup

UNSUPPORTED = (
    "application_fee_percent",
    "backdate_start_date",
    "billing_cycle_anchor_config",
    "billing_schedules",
    "billing_thresholds",
    "default_source",
    "managed_payments",
    "on_behalf_of",
    "pending_invoice_item_interval",
    "transfer_data",
)


def start(world: World, params: Object, **more: Any) -> Object:
    """A new subscription, its first invoice, and the first attempt to collect it as `payment_behavior` asks."""
    refuse(params, "subscriptions.create", *UNSUPPORTED)
    if "customer" not in params:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    customer = world.get("customer", params["customer"], "customer")
    now = world.time_of(customer)
    wanted = entries(params, "items")
    if not wanted:
        raise invalid("Missing required param: items.", "items", "parameter_missing")
    currency = params.get("currency") or customer["currency"] or priced(world, wanted[0], None)["currency"]
    if customer["currency"] not in (None, currency):
        raise invalid(
            f"You cannot combine currencies on a single customer. This customer has currency {customer['currency']}.",
            "currency",
        )
    customer = world.change(customer, None, currency=currency)
    id = world.ids.new("sub")
    items = [new_item(world, id, each, currency, (now, now), now) for each in wanted]
    trial_end = trial_end_of(params, items, now)
    interval, count = cycle_of(items)
    anchor = trial_end or _asked_anchor(params, now) or now
    end = trial_end or (anchor if anchor > now else next_boundary(anchor, interval, count, now))
    items = [item | {"current_period_start": now, "current_period_end": end} for item in items]
    version = new_subscription(world, id, params, customer, items, currency, now, anchor, trial_end) | more
    for each in entries(params, "add_invoice_items"):
        one_time(world, customer, each, currency)
    version["discounts"] = new_discounts(world, entries(params, "discounts"), customer["id"], now, subscription=id)
    return _begin(world, version, customer, params)


def _begin(world: World, version: Object, customer: Object, params: Object) -> Object:
    """Creates it with its first invoice, tells of both, and collects."""
    waiting = pending_for(world, customer, None)
    lines = [*billed(world, waiting, version), *first_lines(world, version)]
    invoice = draft(
        world,
        customer,
        lines,
        "subscription_create",
        subscription=version,
        discounts=version["discounts"],
        tell=False,
        _days_until_due=params.get("days_until_due"),
    )
    attach(world, waiting, invoice)
    now = world.time_of(customer)
    by_invoice = version["collection_method"] == "send_invoice"
    if version["status"] == "incomplete" and (invoice["amount_due"] == 0 or by_invoice):
        version["status"] = "active"
    if version["status"] == "incomplete":
        version["_incomplete_until"] = now + world.account.incomplete_seconds
        _require_method(version, customer, params)
    elif not by_invoice and default_method(world, invoice | _named_method(version)) is None:
        version["pending_setup_intent"] = new_setup(world, customer["id"], customer["test_clock"])["id"]
    version["latest_invoice"] = invoice["id"]
    subscription = world.create(version, "customer.subscription.created")
    world.tell("invoice.created", invoice)
    subscription = world.change(subscription, None, discounts=spent(world, subscription["discounts"]))
    warned(world, subscription)
    if by_invoice and invoice["amount_due"] > 0:
        world.change(invoice, None, automatically_finalizes_at=now + world.account.finalize_after_seconds)
        return world.store.objects[version["id"]]
    invoice = finalize(world, invoice)
    if params.get("payment_behavior") != "default_incomplete" or invoice["amount_due"] == 0:
        settle_or_collect(world, invoice)
    _check_paid(world, version["id"], params)
    return world.store.objects[version["id"]]


def first_lines(world: World, subscription: Object) -> list[Object]:
    """A trial costs nothing, a stub before a later anchor its part, else the first period whole."""
    lines: list[Object] = []
    for item in subscription["items"]["data"]:
        period = (item["current_period_start"], item["current_period_end"])
        if subscription["trial_end"]:
            lines.append(trial_line(world, subscription, item, period))
        elif item["quantity"] is not None:
            line = recurring_line(world, subscription, item, item["quantity"], period)
            lines.append(_stub(subscription, item, line))
    return lines


def _stub(subscription: Object, item: Object, line: Object) -> Object:
    anchor, (start, end) = subscription["billing_cycle_anchor"], (line["period"]["start"], line["period"]["end"])
    if anchor <= start:
        return line
    recurring = item["price"]["recurring"]
    full_end = next_boundary(start, recurring["interval"], recurring["interval_count"], start)
    amount = prorated(line["amount"], start, full_end, start + full_end - end)
    return line | {"amount": amount, "subtotal": amount}


def trial_end_of(params: Object, items: Sequence[Object], now: int) -> int | None:
    """When a trial that is asked for ends; None for none."""
    end: object = params.get("trial_end")
    if isinstance(end, int):
        if end <= now:
            raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", "trial_end")
        return end
    if end == "now":
        return None
    days: int | None = params.get("trial_period_days")
    if days is None and params.get("trial_from_plan"):
        days = next((item["price"]["recurring"]["trial_period_days"] for item in items), None)
    return now + days * DAY if days else None


def _asked_anchor(params: Object, now: int) -> int | None:
    asked: object = params.get("billing_cycle_anchor")
    if isinstance(asked, int) and asked < now:
        raise invalid("billing_cycle_anchor cannot be in the past.", "billing_cycle_anchor")
    return asked if isinstance(asked, int) else None


def _named_method(version: Object) -> Object:
    return {"default_payment_method": version["default_payment_method"]}


def _require_method(version: Object, customer: Object, params: Object) -> None:
    if params.get("payment_behavior") == "default_incomplete":
        return
    if not (version["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]):
        raise invalid(
            "This customer has no attached payment source or default payment method. Please consider adding a default "
            "payment method.",
            code="resource_missing",
        )


def _check_paid(world: World, id: str, params: Object) -> None:
    """`error_if_incomplete`: a refused payment leaves nothing behind."""
    subscription = world.store.objects[id]
    if params.get("payment_behavior") == "error_if_incomplete" and subscription["status"] == "incomplete":
        invoice = world.store.objects[subscription["latest_invoice"]]
        intent = world.store.objects[invoice["_intent"]]
        if intent["last_payment_error"]:
            raise card_error(intent, keeps=False)
        raise ApiError(
            402,
            "card_error",
            "Payment for this subscription requires additional user action.",
            code="subscription_payment_intent_requires_action",
        )

"""What a change of items would do, before anything is done: https://docs.stripe.com/billing/subscriptions/prorations"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twin.billing.items import (
    cost_of,
    cycle_of,
    item_list,
    new_item,
    period_of,
    plan_of,
    priced,
    quantity_of,
    refuse,
    with_period,
)
from twin.billing.lines import item_parent, line_of, proration_of, proration_text, recurring_line
from twin.billing.pending import billed, pending_for
from twin.core.errors import invalid
from twin.core.store import Object, entries
from twin.core.world import World
from twin.money.periods import next_boundary


@dataclass(frozen=True, slots=True)
class Plan:
    """`after` is the subscription as it would be; `restarts`: a new period begins now; `prorations`: what it costs."""

    after: Object
    prorations: tuple[Object, ...]
    restarts: bool
    invoices_now: bool


def planned(world: World, subscription: Object, params: Object) -> Plan:
    """The effect of `items`, `billing_cycle_anchor`, `trial_end` and `proration_behavior`. Raises ApiError."""
    now: int = params.get("proration_date") or world.time_of(subscription)
    old: Sequence[Object] = subscription["items"]["data"]
    items = _changed_items(world, subscription, entries(params, "items"), now)
    trial = _trial(subscription, params, world.time_of(subscription))
    was_trial = subscription["status"] == "trialing"
    ends_trial = was_trial and trial is None
    asked: object = params.get("billing_cycle_anchor")
    asks_now = asked == "now" or (isinstance(asked, dict) and asked == {"type": "now"})
    currency = subscription["currency"]
    becomes_paid = cost_of(old, currency) == 0 and cost_of(items, currency) > 0 and not was_trial
    other_cycle = cycle_of(items) != cycle_of(old) and not (was_trial and trial)
    runs = subscription["status"] not in ("incomplete", "paused")
    restarts = runs and (ends_trial or asks_now or other_cycle or becomes_paid)
    behavior = params.get("proration_behavior", "create_prorations")
    prorates = behavior != "none" and not was_trial and runs
    prorations = list(_prorations(subscription, old, items, now, restarts=restarts)) if prorates else []
    after = subscription | {"items": item_list(subscription["id"], items)} | _trial_fields(subscription, trial)
    if restarts:
        start = world.time_of(subscription)
        interval, count = cycle_of(items)
        period = (start, next_boundary(start, interval, count, start))
        after |= {"billing_cycle_anchor": start, "items": item_list(subscription["id"], with_period(items, period))}
    elif trial is not None and trial != subscription["trial_end"]:
        period = (period_of(subscription)[0], trial)
        after |= {"billing_cycle_anchor": trial, "items": item_list(subscription["id"], with_period(items, period))}
    return Plan(after, tuple(prorations), restarts, restarts or (behavior == "always_invoice" and bool(prorations)))


def plan_lines(world: World, plan: Plan) -> tuple[list[Object], list[Object]]:
    """The lines of the invoice that is made at once, and the pending items among them."""
    customer = world.get("customer", plan.after["customer"])
    waiting = pending_for(world, customer, plan.after)
    lines = [
        *billed(world, waiting, plan.after),
        *(proration_line(world, plan.after, each) for each in plan.prorations),
    ]
    if plan.restarts:
        period = period_of(plan.after)
        licensed = [item for item in plan.after["items"]["data"] if item["quantity"] is not None]
        lines += [recurring_line(world, plan.after, item, item["quantity"], period) for item in licensed]
    return lines, waiting


def proration_line(world: World, subscription: Object, proration: Object) -> Object:
    item: Any = proration["item"]
    return line_of(
        world,
        proration["amount"],
        subscription["currency"],
        proration_text(world, proration),
        proration["period"],
        price=item["price"],
        quantity=item["quantity"],
        parent=item_parent(subscription, item, proration=True),
        subscription=subscription["id"],
        discountable=False,
        tax_rates=item["tax_rates"],
    )


def _changed_items(world: World, subscription: Object, wanted: Sequence[Object], now: int) -> list[Object]:
    kept: dict[str, Object] = {item["id"]: item for item in subscription["items"]["data"]}
    for place, each in enumerate(wanted):
        id: str | None = each.get("id")
        if id is None:
            item = new_item(world, subscription["id"], each, subscription["currency"], period_of(subscription), now)
            kept[item["id"]] = item
        elif id not in kept:
            raise invalid(f"No such subscription item: '{id}'", f"items[{place}][id]", "resource_missing")
        elif each.get("deleted"):
            del kept[id]
        else:
            kept[id] = changed_item(world, subscription, kept[id], each)
    if not kept:
        raise invalid("A subscription must have at least one active item.", "items")
    return list(kept.values())


def changed_item(world: World, subscription: Object, item: Object, wanted: Object) -> Object:
    refuse(wanted, "subscription items", "billing_thresholds", "plan", "clear_usage", "discounts")
    changes: Object = {}
    if "price" in wanted or "price_data" in wanted:
        price = priced(world, wanted, subscription["currency"])
        changes = {
            "price": price,
            "plan": plan_of(price),
            "quantity": quantity_of(wanted, price, item["quantity"] or 1),
        }
    elif "quantity" in wanted:
        changes = {"quantity": quantity_of(wanted, item["price"], None)}
    if "metadata" in wanted:
        merged: Object = item["metadata"] | (wanted["metadata"] or {})
        changes["metadata"] = {key: value for key, value in merged.items() if value != ""}
    if "tax_rates" in wanted:
        changes["tax_rates"] = [world.get("tax_rate", id, "tax_rates") for id in entries(wanted, "tax_rates")]
    return item | changes


def _prorations(
    subscription: Object, old: Sequence[Object], new: Sequence[Object], at: int, *, restarts: bool
) -> list[Object]:
    """Credits for what is no longer used, charges for what is used instead; only credits where a new period begins."""
    before, after = {item["id"]: item for item in old}, {item["id"]: item for item in new}
    found: list[Object | None] = []
    for id, item in before.items():
        if restarts or _costs_otherwise(item, after.get(id)):
            found.append(proration_of(subscription, item, at, credit=True))
    for id, item in after.items():
        if not restarts and _costs_otherwise(item, before.get(id)):
            found.append(proration_of(subscription, item, at, credit=False))
    return [each for each in found if each is not None]


def _costs_otherwise(item: Object, other: Object | None) -> bool:
    return other is None or (item["price"]["id"], item["quantity"]) != (other["price"]["id"], other["quantity"])


def _trial(subscription: Object, params: Object, now: int) -> int | None:
    """The end of the trial as it would be; None when there is none, or none any more."""
    end: object = params.get("trial_end", subscription["trial_end"])
    if isinstance(end, int) and "trial_end" in params and end <= now:
        raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", "trial_end")
    return end if isinstance(end, int) and end > now else None


def _trial_fields(subscription: Object, trial: int | None) -> Object:
    if trial is not None and trial != subscription["trial_end"]:
        status = "trialing" if subscription["status"] in ("active", "trialing") else subscription["status"]
        start = subscription["trial_start"] or subscription["start_date"]
        return {"trial_end": trial, "trial_start": start, "status": status}
    if trial is None and subscription["status"] == "trialing":
        return {"status": "active"}
    return {}

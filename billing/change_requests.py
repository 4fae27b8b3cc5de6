"""A decided change in Stripe's parameters. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billing.changes import Change, Wanted
from billing.current import Current
from billing.model import Price
from billing.objects import objects_among
from billing.ports import Json

PriceIds = Mapping[Price, str]
"""Stripe's id of each price that is new to the subscription."""


def items_for(current: Current, change: Change, ids: PriceIds) -> list[Json]:
    """`items` of an update: those that change, those that come, those that go."""
    kept = {wanted.item.id for wanted in change.items if wanted.item}
    gone: list[Json] = [{"id": item.id, "deleted": True} for item in current.subscription.items if item.id not in kept]
    return [*filter(None, (_changed(wanted, ids) for wanted in change.items)), *gone]


def update_for(current: Current, change: Change, ids: PriceIds, prorated_at: datetime | None) -> dict[str, Any]:
    """Parameters of the subscription's update: billed at once, and refused as a whole when that is not paid.

    Nothing is owed in a trial, so nothing is prorated. `prorated_at`: reckoned as of then, as a preview was.
    """
    update: dict[str, Any] = {"items": items_for(current, change, ids)}
    if current.subscription.status == "trialing":
        return update | {"proration_behavior": "none"}
    update |= {"proration_behavior": "always_invoice", "payment_behavior": "error_if_incomplete"}
    return update | ({"proration_date": int(prorated_at.timestamp())} if prorated_at else {})


def later_for(current: Current, change: Change, ids: PriceIds) -> dict[str, Any]:
    """The phase of a schedule that the change is: one period long, after which the schedule lets go."""
    return {
        "items": [_counted(_price_id(wanted, ids), wanted.quantity) for wanted in change.items],
        "duration": {"interval": change.interval.value, "interval_count": 1},
        "proration_behavior": "none",
        **({"discounts": [{"discount": id} for id in current.discounts]} if current.discounts else {}),
    }


def phases_for(schedule: Json, later: Json) -> list[Json]:
    """The schedule's present phase as it is, then `later`; what a phase does not name, it would not have."""
    now = _phase_now(schedule)
    discounts = [
        {name: each[name] for name in ("coupon", "discount", "promotion_code") if each.get(name)}
        for each in objects_among(now.get("discounts"))
    ]
    held: dict[str, Any] = {
        "items": [_counted(item["price"], item.get("quantity")) for item in objects_among(now.get("items"))],
        "start_date": now["start_date"],
        "end_date": now["end_date"],
        **({"discounts": discounts} if discounts else {}),
        **({"trial_end": now["trial_end"]} if now.get("trial_end") else {}),
    }
    return [held, later]


def preview_for(
    current: Current, change: Change, ids: PriceIds, *, now: bool, prorated_at: datetime | None
) -> dict[str, Any]:
    """Parameters of the preview of what is billed at once (`now`), or else with the next period."""
    details: dict[str, Any] = {"items": items_for(current, change, ids)}
    details["proration_behavior"] = "always_invoice" if now else "none"
    if now and prorated_at:
        details["proration_date"] = int(prorated_at.timestamp())
    return {"subscription": current.subscription.id, "subscription_details": details}


def _phase_now(schedule: Json) -> Json:
    start = schedule["current_phase"]["start_date"]
    return next(phase for phase in objects_among(schedule["phases"]) if phase["start_date"] == start)


def _changed(wanted: Wanted, ids: PriceIds) -> dict[str, Any] | None:
    """None for an item that stays as it is."""
    priced = _counted(_price_id(wanted, ids), wanted.quantity)
    if wanted.item is None:
        return priced
    if isinstance(wanted.price, Price):
        return {"id": wanted.item.id, **priced}
    return {"id": wanted.item.id, "quantity": wanted.quantity} if wanted.quantity != wanted.item.quantity else None


def _price_id(wanted: Wanted, ids: PriceIds) -> str:
    return ids[wanted.price] if isinstance(wanted.price, Price) else wanted.price


def _counted(price_id: str, quantity: int | None) -> dict[str, Any]:
    """What is metered has no quantity."""
    return {"price": price_id} | ({} if quantity is None else {"quantity": quantity})

"""Subscription schedules: https://docs.stripe.com/billing/subscriptions/subscription-schedules"""

from typing import Any

from twin.billing.changing import update
from twin.billing.ending import cancel_now
from twin.billing.items import period_of
from twin.billing.renewing import BEFORE_RENEWAL
from twin.billing.standing import FINAL
from twin.billing.starting import start
from twin.core.settings import DAY
from twin.core.store import Object
from twin.core.world import World, timer

EXPIRING_SECONDS = 7 * DAY
ENDED = ("canceled", "completed", "released")


def _due_at(schedule: Object) -> int | None:
    if schedule["status"] in ENDED:
        return None
    if schedule["status"] == "not_started":
        return schedule["phases"][0]["start_date"]
    last = schedule["phases"][-1]["end_date"]
    warn = last - EXPIRING_SECONDS if not schedule.get("_warned") else last
    return min(schedule["current_phase"]["end_date"], warn)


@timer("subscription_schedule", _due_at)
def on_due(world: World, schedule: Object) -> None:
    now = world.time_of(schedule)
    if schedule["status"] == "not_started":
        begin(world, schedule)
    elif not schedule.get("_warned") and now >= schedule["phases"][-1]["end_date"] - EXPIRING_SECONDS:
        held = world.change(schedule, None, _warned=True)
        world.tell("subscription_schedule.expiring", held)
    else:
        advance(world, schedule)


def begin(world: World, schedule: Object) -> Object:
    """The first phase starts: with it the subscription."""
    phase = schedule["phases"][0]
    asked: Object = {
        "customer": schedule["customer"],
        "items": [_asked(item) for item in phase["items"]],
        "metadata": phase["metadata"],
        "collection_method": schedule["default_settings"]["collection_method"],
    }
    if phase["trial_end"]:
        asked["trial_end"] = phase["trial_end"]
    made = start(world, asked, schedule=schedule["id"])
    current = {"start_date": phase["start_date"], "end_date": phase["end_date"]}
    return world.change(
        schedule, "subscription_schedule.updated", status="active", subscription=made["id"], current_phase=current
    )


def advance(world: World, schedule: Object) -> Object:
    """The current phase is over: the next one's items, or the schedule's end."""
    now = world.time_of(schedule)
    subscription = world.get("subscription", schedule["subscription"])
    upcoming = next((each for each in schedule["phases"] if each["start_date"] <= now < each["end_date"]), None)
    if upcoming is None:
        return _finish(world, schedule, subscription)
    apply(world, subscription, upcoming)
    current = {"start_date": upcoming["start_date"], "end_date": upcoming["end_date"]}
    return world.change(schedule, "subscription_schedule.updated", current_phase=current)


def apply(world: World, subscription: Object, phase: Object) -> Object:
    """Gives the subscription a phase's items; at a period's end nothing is prorated."""
    wanted = {item["price"]: item for item in phase["items"]}
    items: list[Object] = []
    for held in subscription["items"]["data"]:
        match = wanted.pop(held["price"]["id"], None)
        if match is not None:
            items.append({"id": held["id"], "quantity": match["quantity"]} if match["quantity"] else {"id": held["id"]})
            continue
        fresh = next(iter(wanted), None)
        items.append({"id": held["id"], **_asked(wanted.pop(fresh))} if fresh else {"id": held["id"], "deleted": True})
    items += [_asked(item) for item in wanted.values()]
    boundary = world.time_of(subscription) >= period_of(subscription)[1]
    behavior = "none" if boundary else phase["proration_behavior"]
    asked: Object = {"items": items, "proration_behavior": behavior}
    if [each["discount"] for each in phase["discounts"]] != subscription["discounts"]:
        asked["discounts"] = [{"discount": each["discount"]} for each in phase["discounts"]]
    if phase["metadata"]:
        asked["metadata"] = phase["metadata"]
    return update(world, subscription, asked)


def _asked(item: Object) -> Object:
    return {name: item[name] for name in ("price", "quantity") if item[name] is not None}


def _finish(world: World, schedule: Object, subscription: Object) -> Object:
    now = world.time_of(schedule)
    done = world.change(schedule, None, status="completed", completed_at=now, current_phase=None)
    world.tell("subscription_schedule.completed", done)
    if schedule["end_behavior"] == "cancel":
        cancel_now(world, world.change(subscription, None, schedule=None))
        return done
    return release(world, done)


def release(world: World, schedule: Object) -> Object:
    """The subscription goes on without the schedule."""
    now, id = world.time_of(schedule), schedule["subscription"]
    changes: Object = {"status": "released", "released_at": now, "released_subscription": id, "subscription": None}
    held = world.change(schedule, None, **changes, current_phase=None)
    world.tell("subscription_schedule.released", held)
    if id:
        world.change(world.get("subscription", id), "customer.subscription.updated", schedule=None)
    return held


def cancel(world: World, schedule: Object) -> Object:
    """Schedule and subscription end together."""
    held = world.change(schedule, None, status="canceled", canceled_at=world.time_of(schedule), current_phase=None)
    world.tell("subscription_schedule.canceled", held)
    subscription = world.store.objects.get(schedule["subscription"] or "")
    if subscription and subscription["status"] not in FINAL:
        cancel_now(world, subscription)
    return held


def _before_renewal(world: World, subscription: Object) -> Object:
    """A phase that ends with the period is over before the next period is billed."""
    schedule: Any = world.store.objects.get(subscription["schedule"] or "")
    if (
        schedule
        and schedule["status"] == "active"
        and schedule["current_phase"]["end_date"] <= world.time_of(subscription)
    ):
        advance(world, schedule)
        return world.store.objects[subscription["id"]]
    return subscription


BEFORE_RENEWAL.append(_before_renewal)

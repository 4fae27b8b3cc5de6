"""How subscriptions end: https://docs.stripe.com/billing/subscriptions/cancel"""

from twin.core.store import Object
from twin.core.world import World


def cancel_now(world: World, subscription: Object, *, reason: str = "cancellation_requested") -> Object:
    """`canceled`, for good. Open invoices stay open, but are no longer collected by themselves."""
    now = world.time_of(subscription)
    details = subscription["cancellation_details"]
    _end_schedule(world, subscription, now, reason)
    subscription = world.change(
        subscription,
        status="canceled",
        schedule=None,
        canceled_at=subscription["canceled_at"] or now,
        cancel_at_period_end=False,
        ended_at=now,
        pause_collection=None,
        pending_update=None,
        cancellation_details=details | {"reason": details["reason"] or reason},
        _incomplete_until=None,
    )
    stop_collecting(world, subscription)
    world.tell("customer.subscription.deleted", subscription)
    return subscription


def _end_schedule(world: World, subscription: Object, now: int, reason: str) -> None:
    """A schedule ends with its subscription; `aborted` where that was for not paying."""
    schedule = world.store.objects.get(subscription["schedule"] or "")
    if schedule and schedule["status"] == "active":
        held = world.change(schedule, None, status="canceled", canceled_at=now, current_phase=None)
        told = "aborted" if reason == "payment_failed" else "canceled"
        world.tell(f"subscription_schedule.{told}", held)


def stop_collecting(world: World, subscription: Object) -> None:
    for invoice in world.store.children("invoice", "subscription", subscription["id"]):
        if invoice["status"] in ("draft", "open"):
            world.change(invoice, auto_advance=False, next_payment_attempt=None, automatically_finalizes_at=None)


def expire(world: World, subscription: Object) -> Object:
    """`incomplete_expired`, for good: 23 hours went by without the first payment."""
    now = world.time_of(subscription)
    return world.change(
        subscription,
        "customer.subscription.updated",
        status="incomplete_expired",
        ended_at=now,
        canceled_at=now,
        _incomplete_until=None,
    )

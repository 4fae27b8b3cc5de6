"""What an invoice's fate does to its subscription: https://docs.stripe.com/billing/subscriptions/overview

`canceled` and `incomplete_expired` are final: a late payment revives neither.
"""

from typing import Any

from twin.core.store import Object, parent_of
from twin.core.world import World

FINAL = ("canceled", "incomplete_expired")
RUNNING = ("trialing", "active", "past_due", "unpaid")


def subscription_of(world: World, invoice: Object) -> Object | None:
    id = parent_of(invoice, "subscription")
    return world.store.objects.get(id) if id else None


def on_paid(world: World, invoice: Object) -> None:
    """The invoice was paid, or nothing is due on it any more."""
    subscription = subscription_of(world, invoice)
    if subscription is None or subscription["status"] in FINAL:
        return
    if subscription["pending_update"] and subscription.get("_pending_invoice") == invoice["id"]:
        _settle_pending(world, subscription, paid=invoice["status"] == "paid")
    elif subscription["status"] == "paused" and subscription.get("_resuming") == invoice["id"]:
        resumed(world, subscription)
    elif subscription["status"] == "incomplete":
        if invoice["billing_reason"] == "subscription_create":
            activate(world, subscription, _incomplete_until=None)
    elif subscription["status"] in ("past_due", "unpaid"):
        latest = _latest_final(world, subscription)
        if latest is None or latest["status"] != "open":
            activate(world, subscription)


def on_processing(world: World, invoice: Object) -> None:
    """A bank debit is under way: the subscription need not wait for it."""
    subscription = subscription_of(world, invoice)
    if subscription is not None and subscription["status"] == "incomplete":
        activate(world, subscription, _incomplete_until=None)


def on_failed(world: World, invoice: Object) -> None:
    subscription = subscription_of(world, invoice)
    if subscription is None:
        return
    first = invoice["billing_reason"] == "subscription_create"
    if subscription.get("_pending_invoice") == invoice["id"]:
        return
    if subscription["status"] == "active" or (subscription["status"] == "trialing" and not first):
        world.change(subscription, "customer.subscription.updated", status="past_due")


def on_exhausted(world: World, invoice: Object) -> str:
    """The last retry failed. Returns what the settings say of the subscription, where it still is past due."""
    subscription = subscription_of(world, invoice)
    if subscription is None or subscription["status"] != "past_due":
        return "nothing"
    if world.account.after_retries == "unpaid":
        world.change(subscription, "customer.subscription.updated", status="unpaid")
    return world.account.after_retries


def activate(world: World, subscription: Object, **changes: Any) -> Object:
    """`active`, or `trialing` while its trial lasts."""
    end = subscription["trial_end"]
    status = "trialing" if end is not None and end > world.time_of(subscription) else "active"
    return world.change(subscription, "customer.subscription.updated", status=status, **changes)


def resumed(world: World, subscription: Object) -> Object:
    """Out of `paused` into the period that its invoice began; https://docs.stripe.com/billing/subscriptions/pause"""
    begun: Object = subscription["_begun"]
    return world.change(
        subscription,
        "customer.subscription.updated",
        status="active",
        status_details=None,
        _resuming=None,
        _begun=None,
        **begun,
    )


def _settle_pending(world: World, subscription: Object, *, paid: bool) -> None:
    """What waited for the invoice happens once it is paid; one that is void takes it along."""
    changes: Object = subscription["_pending"] if paid else {}
    subscription = world.change(
        subscription,
        "customer.subscription.updated",
        pending_update=None,
        _pending=None,
        _pending_invoice=None,
        **changes,
    )
    if paid:
        world.tell("customer.subscription.pending_update_applied", subscription)


def _latest_final(world: World, subscription: Object) -> Object | None:
    found = list(world.store.children("invoice", "subscription", subscription["id"]))
    return next((each for each in reversed(found) if each["status"] != "draft"), None)

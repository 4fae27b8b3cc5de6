"""What becomes of a subscription by itself: renewal, the end of a trial, of a pause, of a first payment's patience.

https://docs.stripe.com/billing/subscriptions/billing-cycle and …/trials
"""

from collections.abc import Callable, Sequence
from typing import Any

from twin.billing.collection import default_method, settle_or_collect, void
from twin.billing.discounts import spent
from twin.billing.ending import cancel_now, expire
from twin.billing.invoices import draft, finalize
from twin.billing.items import cycle_of, item_list, period_of, with_period
from twin.billing.lines import recurring_line
from twin.billing.pending import attach, billed, pending_for
from twin.billing.standing import RUNNING
from twin.billing.usage import usage_lines
from twin.core.store import Object
from twin.core.world import World, timer
from twin.money.periods import next_boundary

BEFORE_RENEWAL: list[Callable[[World, Object], Object]] = []
"""May change the subscription (a schedule's next phase does) before its next period is billed."""


def _due_at(subscription: Object) -> int | None:
    """The next instant at which something happens to it by itself."""
    if subscription["status"] == "incomplete":
        return subscription["_incomplete_until"]
    found: list[int | None] = []
    if subscription["status"] in RUNNING:
        end = period_of(subscription)[1]
        pause = subscription["pause_collection"]
        pending = subscription["pending_update"]
        found = [end, subscription["cancel_at"], pause and pause["resumes_at"], pending and pending["expires_at"]]
        found += [subscription.get("_warn_at")]
    return min((at for at in found if at is not None), default=None)


@timer("subscription", _due_at)
def on_due(world: World, subscription: Object) -> None:
    now = world.time_of(subscription)
    pause = subscription["pause_collection"]
    if subscription["status"] == "incomplete":
        _expire(world, subscription)
    elif subscription["cancel_at"] is not None and subscription["cancel_at"] <= now:
        _end(world, subscription)
    elif subscription.get("_warn_at") is not None and subscription["_warn_at"] <= now:
        _warn(world, subscription)
    elif subscription["pending_update"] and subscription["pending_update"]["expires_at"] <= now:
        _drop_pending(world, subscription)
    elif pause and pause["resumes_at"] is not None and pause["resumes_at"] <= now:
        world.change(subscription, "customer.subscription.updated", pause_collection=None)
    elif subscription["trial_end"] == period_of(subscription)[1]:
        end_trial(world, subscription)
    else:
        renew(world, subscription)


def _drop_pending(world: World, subscription: Object) -> None:
    """23 hours went by without the payment: the invoice is void, and what waited for it does not come."""
    held = world.change(subscription, None, pending_update=None)
    world.tell("customer.subscription.pending_update_expired", held)
    invoice = world.store.objects[subscription["_pending_invoice"]]
    if invoice["status"] == "open":
        void(world, invoice)


def warned(world: World, subscription: Object) -> Object:
    """Notes when it is to be told that a trial, or a period, is about to end."""
    end = period_of(subscription)[1]
    trial = subscription["status"] == "trialing" and subscription["trial_end"] == end
    ahead = world.account.trial_will_end_seconds if trial else world.account.upcoming_seconds
    at = end - ahead
    later = at > world.time_of(subscription)
    return world.change(subscription, None, _warn_at=at if later or trial else None)


def _warn(world: World, subscription: Object) -> None:
    """`trial_will_end` three days before, `invoice.upcoming` seven; a trial shorter than that is told of at once."""
    held = world.change(subscription, None, _warn_at=None)
    if held["status"] == "trialing":
        world.tell("customer.subscription.trial_will_end", held)
    elif not held["cancel_at_period_end"]:
        world.tell("invoice.upcoming", upcoming(world, held))


def upcoming(world: World, subscription: Object) -> Object:
    """The next invoice as it would be now; nothing of it is kept."""
    customer = world.get("customer", subscription["customer"])
    with world.rehearsal():
        renewed, lines, _ = _next_cycle(world, subscription)
        discounts = subscription["discounts"]
        invoice = draft(world, customer, lines, "upcoming", subscription=renewed, discounts=discounts, tell=False)
    at = period_of(subscription)[1]
    return invoice | {
        "id": f"upcoming_{invoice['id']}",
        "created": at,
        "next_payment_attempt": at + world.account.finalize_after_seconds,
    }


def renew(world: World, subscription: Object) -> None:
    """The next period begins: its invoice is a draft for an hour, then final.

    A schedule's phase that is paid at another interval has begun, and billed, a period of its own.
    """
    for run in BEFORE_RENEWAL:
        subscription = run(world, subscription)
        if subscription["status"] not in RUNNING:
            return
    if period_of(subscription)[1] <= world.time_of(subscription):
        bill_cycle(world, subscription, "subscription_cycle")


def bill_cycle(world: World, subscription: Object, reason: str, **changes: Any) -> Object:
    """Moves it into its next period, drafts the invoice for that, and tells of both. Returns the invoice."""
    customer = world.get("customer", subscription["customer"])
    now, old = world.time_of(subscription), period_of(subscription)
    renewed, lines, waiting = _next_cycle(world, subscription)
    pause = subscription["pause_collection"]
    behavior: str | None = pause["behavior"] if pause else None
    unpaid = subscription["status"] == "unpaid"
    held_back = behavior == "keep_as_draft" or unpaid
    invoice = draft(
        world,
        customer,
        lines,
        reason,
        subscription=renewed,
        period=(old[0], min(old[1], now)),
        discounts=subscription["discounts"],
        auto_advance=not held_back,
        automatically_finalizes_at=None if held_back else now + world.account.finalize_after_seconds,
        _days_until_due=subscription["days_until_due"],
        _pause=behavior,
    )
    attach(world, waiting, invoice)
    subscription = world.change(
        subscription,
        "customer.subscription.updated",
        items=renewed["items"],
        latest_invoice=invoice["id"],
        discounts=spent(world, subscription["discounts"]),
        **changes,
    )
    warned(world, subscription)
    return invoice


def _next_cycle(world: World, subscription: Object) -> tuple[Object, list[Object], list[Object]]:
    """The subscription in its next period, that period's lines, and the pending items among them."""
    customer = world.get("customer", subscription["customer"])
    items: Sequence[Object] = subscription["items"]["data"]
    old = period_of(subscription)
    interval, count = cycle_of(items)
    new = (old[1], next_boundary(subscription["billing_cycle_anchor"], interval, count, old[1]))
    moved = with_period(items, new)
    renewed = subscription | {"items": item_list(subscription["id"], moved)}
    licensed = [
        recurring_line(world, renewed, item, item["quantity"], new) for item in moved if item["quantity"] is not None
    ]
    waiting = pending_for(world, customer, subscription)
    lines = [*billed(world, waiting, subscription), *usage_lines(world, subscription, items, old), *licensed]
    return renewed, lines, waiting


def end_trial(world: World, subscription: Object) -> None:
    """As `trial_settings.end_behavior` says where no payment method is there; else the first paid period begins."""
    known = default_method(world, _payer(subscription)) is not None
    behavior: str = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    free = all(
        (item["price"]["unit_amount"] or 0) == 0 and not item["price"]["_tiers"]
        for item in subscription["items"]["data"]
    )
    if not known and not free and subscription["collection_method"] == "charge_automatically":
        if behavior == "cancel":
            cancel_now(world, subscription)
            return
        if behavior == "pause":
            pause(world, subscription, "trial_end_without_payment_method")
            return
    for run in BEFORE_RENEWAL:
        subscription = run(world, subscription)
    bill_cycle(world, subscription, "subscription_cycle", status="active")


def pause(world: World, subscription: Object, why: str) -> Object:
    """`paused`: no invoices until it is resumed. https://docs.stripe.com/billing/subscriptions/pause"""
    details = {
        "paused": {
            "subscription": {"type": why},
            "transitioned_at": world.time_of(subscription),
            "type": "subscription",
        }
    }
    held = world.change(
        subscription, "customer.subscription.updated", status="paused", status_details=details, _warn_at=None
    )
    world.tell("customer.subscription.paused", held)
    return held


def resume(world: World, subscription: Object) -> Object:
    """Out of the pause into a new period from now, once its invoice is paid."""
    now = world.time_of(subscription)
    customer = world.get("customer", subscription["customer"])
    items: Sequence[Object] = subscription["items"]["data"]
    interval, count = cycle_of(items)
    period = (now, next_boundary(now, interval, count, now))
    moved = with_period(items, period)
    renewed = subscription | {"items": item_list(subscription["id"], moved)}
    waiting = pending_for(world, customer, subscription)
    licensed = [i for i in moved if i["quantity"] is not None]
    lines = [*billed(world, waiting, subscription)]
    lines += [recurring_line(world, renewed, item, item["quantity"], period) for item in licensed]
    invoice = draft(
        world, customer, lines, "subscription_update", subscription=renewed, discounts=subscription["discounts"]
    )
    attach(world, waiting, invoice)
    begun = {
        "billing_cycle_anchor": now,
        "items": renewed["items"],
        "latest_invoice": invoice["id"],
        "trial_end": subscription["trial_end"],
    }
    # What the pause held back shows only when the invoice is paid, in one change with the status.
    world.change(subscription, None, _resuming=invoice["id"], _begun=begun)
    settle_or_collect(world, finalize(world, invoice))
    held = world.store.objects[subscription["id"]]
    return warned(world, held) if held["status"] == "active" else held


def _payer(subscription: Object) -> Object:
    """Enough of an invoice to ask whose payment method would pay it."""
    details = {"subscription_details": {"subscription": subscription["id"]}}
    return {"default_payment_method": None, "customer": subscription["customer"], "parent": details}


def _end(world: World, subscription: Object) -> None:
    """The day of `cancel_at`; usage of the last period is still billed."""
    period = period_of(subscription)
    lines = usage_lines(world, subscription, subscription["items"]["data"], period)
    if any(line["amount"] for line in lines):
        customer = world.get("customer", subscription["customer"])
        last = draft(world, customer, lines, "subscription_cycle", subscription=subscription, period=period)
        settle_or_collect(world, finalize(world, last))
    held = world.store.objects[subscription["id"]]
    cancel_now(world, held)


def _expire(world: World, subscription: Object) -> None:
    expire(world, subscription)
    invoice = world.store.objects.get(subscription["latest_invoice"] or "")
    if invoice and invoice["status"] == "open":
        void(world, invoice)

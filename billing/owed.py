"""What members are owed to be told, worked out from what is stored of a customer. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.access import effect_of, plan_of
from billing.dunning import CLOSING, InvoiceFact, InvoiceStep, due_steps, episodes_of
from billing.model import Catalogue, DisputeEffect
from billing.portfolio import Customer
from billing.state import ENDED, Subscription
from billing.trials import plan_trial_of

TRIAL_NOTICE = timedelta(days=3)
NEAR = timedelta(hours=1)
"""A trial that ends within this of the subscription's end, or its pause, is what ended it."""

CARD_NOTICE = timedelta(days=30)
MOOT = timedelta(days=60)
"""After which nobody is told any more of a trial's end, should all workers have stood still for so long."""

LIVE = ("trialing", "active", "past_due", "unpaid", "paused")


@dataclass(frozen=True, slots=True)
class Message:
    """`cause` is what it is about, with what tells this time from another. `group` holds those that follow each other:
    of several due at once only the last is told."""

    kind: str
    cause: str
    due_at: datetime
    channels: tuple[str, ...]
    group: str


def owed_to(customer: Customer, catalogue: Catalogue, now: datetime) -> list[Message]:
    """All that the customer's member was to be told up to `now`, in the order in which it fell due. Pure."""
    owed = [
        Message(step.step, step.key.rpartition(":")[0], step.due_at, step.channels, episode.invoice_id)
        for episode in episodes_of(customer.invoices)
        for step in due_steps(catalogue.access.dunning, episode, now)
    ]
    for subscription in customer.mirror:
        owed += _of_trial(subscription, catalogue, now) + _of_card(subscription, now)
    owed += _to_confirm(customer.invoices)
    for dispute in customer.disputes:
        if effect_of(dispute, catalogue.access) is not DisputeEffect.KEEP:
            owed.append(Message("dispute_opened", dispute.id, dispute.created_at, ("team",), dispute.id))
    return sorted((each for each in owed if each.due_at <= now), key=lambda each: (each.due_at, each.kind, each.cause))


def _of_trial(subscription: Subscription, catalogue: Catalogue, now: datetime) -> list[Message]:
    ends_at, id = subscription.trial_end, subscription.id
    if trial := plan_trial_of(subscription, catalogue, plan_of(subscription, catalogue)):
        return _of_plan_trial(subscription, trial.until, now)
    if ends_at is None:
        return []
    if subscription.status == "trialing" and now < ends_at:
        cause = f"{id}:{int(ends_at.timestamp())}"
        return [Message("trial_ending", cause, ends_at - TRIAL_NOTICE, ("email",), cause)]
    ended_at = subscription.ended_at if subscription.status == "canceled" else ends_at
    if subscription.status in ("canceled", "paused") and ended_at and abs(ended_at - ends_at) <= NEAR:
        return [Message("trial_expired", id, ends_at, ("email",), id)]
    return []


def _of_plan_trial(subscription: Subscription, until: datetime, now: datetime) -> list[Message]:
    """Of the trial on top of the free plan, while which the subscription itself goes on."""
    id, cause = subscription.id, f"{subscription.id}:{int(until.timestamp())}"
    if subscription.status in ENDED:
        return []
    if now < until:
        return [Message("trial_ending", cause, until - TRIAL_NOTICE, ("email",), cause)]
    return [Message("trial_expired", id, until, ("email",), id)] if now < until + MOOT else []


def _of_card(subscription: Subscription, now: datetime) -> list[Message]:
    """A card that is about to expire, once for each of its dates; a replaced one has another."""
    method = subscription.payment_method
    if subscription.status not in LIVE or method is None or method.expires_at is None or method.expires_at <= now:
        return []
    cause = f"{method.id}:{int(method.expires_at.timestamp())}"
    return [Message("card_expiring", cause, method.expires_at - CARD_NOTICE, ("email", "inapp:banner"), cause)]


def _to_confirm(invoices: Collection[InvoiceFact]) -> list[Message]:
    """Payments that wait for the member's bank to be told yes."""
    closed = {fact.invoice_id for fact in invoices if fact.step in CLOSING}
    waiting = [fact for fact in invoices if fact.step is InvoiceStep.ACTION_REQUIRED and fact.invoice_id not in closed]
    first = {fact.invoice_id: fact for fact in sorted(waiting, key=lambda fact: fact.occurred_at, reverse=True)}
    return [Message("confirm_payment", id, fact.occurred_at, ("email",), id) for id, fact in first.items()]

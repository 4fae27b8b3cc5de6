"""Payments that fail: what events prove of an invoice, and the stage that the policy and the clock put it in. Pure.

An episode is one invoice from its first failed payment until it is paid or given up; when it began and ended is read
off events, whatever their order, and all else follows from the policy and the instant asked about.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class InvoiceStep(StrEnum):
    FAILED = "failed"
    ACTION_REQUIRED = "action_required"
    PAID = "paid"
    GIVEN_UP = "given_up"


CLOSING = (InvoiceStep.PAID, InvoiceStep.GIVEN_UP)


@dataclass(frozen=True, slots=True, order=True)
class InvoiceFact:
    """What one event proves about an invoice of a subscription."""

    invoice_id: str
    subscription_id: str
    step: InvoiceStep
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Episode:
    """`recovered`: it was closed by a payment."""

    invoice_id: str
    subscription_id: str
    anchor: datetime
    closed_at: datetime | None = None
    recovered: bool = False


class StageAccess(StrEnum):
    FULL = "full"
    READ_ONLY = "read_only"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class DunningStep:
    """From `day` days after the first failure: the message `step`, by these channels, and the access from then on."""

    day: int
    step: str
    channels: tuple[str, ...]
    access: StageAccess


@dataclass(frozen=True, slots=True)
class DunningPolicy:
    """`steps` by day. `recovered` are the channels that tell of recovery, where anything was told before."""

    steps: tuple[DunningStep, ...] = ()
    recovered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DueStep:
    """A message of an episode; `key` is the same whenever it is worked out again."""

    key: str
    due_at: datetime
    step: str
    channels: tuple[str, ...]


RECOVERED = "recovered"


def episodes_of(facts: Collection[InvoiceFact]) -> list[Episode]:
    """One for each invoice that failed, by the first failure; the same for any order and number of the facts."""
    found: list[Episode] = []
    for invoice_id in sorted({fact.invoice_id for fact in facts if fact.step is InvoiceStep.FAILED}):
        own = [fact for fact in facts if fact.invoice_id == invoice_id]
        first = min(fact for fact in own if fact.step is InvoiceStep.FAILED)
        closing = min((fact for fact in own if fact.step in CLOSING), key=_when, default=None)
        anchor = min(fact.occurred_at for fact in own if fact.step is InvoiceStep.FAILED)
        closed_at, paid = (closing.occurred_at, closing.step is InvoiceStep.PAID) if closing else (None, False)
        found.append(Episode(invoice_id, first.subscription_id, anchor, closed_at, paid))
    return found


def _when(fact: InvoiceFact) -> tuple[datetime, str]:
    return (fact.occurred_at, fact.step)


def narrows_at(
    access: StageAccess, subscription_id: str, episodes: Iterable[Episode], policy: DunningPolicy
) -> datetime | None:
    """When the subscription's open episodes first bring it to that access or less; None when they never do."""
    anchors = [each.anchor for each in episodes if each.subscription_id == subscription_id and each.closed_at is None]
    rank = list(StageAccess)
    days = [step.day for step in policy.steps if rank.index(step.access) >= rank.index(access)]
    if not anchors or not days:
        return None
    return min(anchors) + timedelta(days=min(days))


def due_steps(policy: DunningPolicy, episode: Episode, now: datetime) -> list[DueStep]:
    """What is to be told of the episode up to `now`, in the order in which it falls due.

    A step at the very instant of recovery is not told: recovery wins.
    """
    until = episode.closed_at
    due: list[DueStep] = []
    for step in policy.steps:
        at = episode.anchor + timedelta(days=step.day)
        if at <= now and (until is None or at < until):
            due.append(DueStep(_key(episode, step.step), at, step.step, step.channels))
    if due and until is not None and episode.recovered and until <= now:
        due.append(DueStep(_key(episode, RECOVERED), until, RECOVERED, policy.recovered))
    return due


def _key(episode: Episode, step: str) -> str:
    return f"{episode.invoice_id}:{int(episode.anchor.timestamp())}:{step}"

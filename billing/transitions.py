"""What may be done with a subscription as it stands, and if not, why and what to do instead. Pure; a table.

`docs/decisions/0014` says why some of what Stripe would take is refused here.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from billing.refusals import Refusal, RefusalCode
from billing.state import ENDED


class Step(StrEnum):
    """What somebody wants to do."""

    CHANGE_PLAN = "change_plan"
    CHANGE_QUANTITY = "change_quantity"
    ADD_ADD_ON = "add_add_on"
    CANCEL_AT_PERIOD_END = "cancel_at_period_end"
    CANCEL_NOW = "cancel_now"
    PAUSE = "pause"
    RESUME = "resume"
    RESUBSCRIBE = "resubscribe"
    EXTEND_TRIAL = "extend_trial"


REMEDIES: Mapping[RefusalCode, str] = {
    RefusalCode.SUBSCRIPTION_ENDED: "The subscription has ended, for good: begin a new one with `resubscribe`.",
    RefusalCode.SUBSCRIPTION_ENDING: "The subscription is to end: take that back with `resumeSubscription` first.",
    RefusalCode.ALREADY_SUBSCRIBED: "There is a subscription: change it with `changePlan`, or resume or cancel it.",
    RefusalCode.SUBSCRIPTION_PAUSED: "The subscription is paused: resume it with `resumeSubscription` first.",
    RefusalCode.PAYMENT_PENDING: "A payment waits to be confirmed: confirm it first, or wait a day until it lapses.",
    RefusalCode.PAYMENT_OVERDUE: "A payment is overdue: pay it first, by `openBillingPortal`.",
    RefusalCode.CHANGE_SCHEDULED: "A change waits for the period's end: drop it by `changePlan` to the present plan,"
    " or wait for it.",
    RefusalCode.IN_TRIAL: "The trial costs nothing, so there is nothing to pause: cancel instead, or wait for its end.",
    RefusalCode.NOT_IN_TRIAL: "There is no trial going on: nothing can be extended.",
    RefusalCode.NOTHING_TO_RESUME: "It is neither paused nor about to end: there is nothing to resume.",
}

NO_SUBSCRIPTION = Refusal(
    RefusalCode.NO_SUBSCRIPTION, "There never was a subscription: begin one with `startCheckout`."
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a subscription stands. `status` is Stripe's.

    `ending`: a cancellation was asked for. `paused`: its collection is. `scheduled`: a change waits for the period's
    end. `pending`: a change waits for its payment.
    """

    status: str
    ending: bool = False
    paused: bool = False
    scheduled: bool = False
    pending: bool = False


CHANGES = frozenset({Step.CHANGE_PLAN, Step.CHANGE_QUANTITY, Step.ADD_ADD_ON})
CANCELS = frozenset({Step.CANCEL_AT_PERIOD_END, Step.CANCEL_NOW})

BY_STATUS: Mapping[str, tuple[AbstractSet[Step], RefusalCode]] = {
    "incomplete": ({Step.CANCEL_NOW}, RefusalCode.PAYMENT_PENDING),
    "incomplete_expired": ({Step.RESUBSCRIBE}, RefusalCode.SUBSCRIPTION_ENDED),
    "trialing": (CHANGES | CANCELS | {Step.RESUME, Step.EXTEND_TRIAL}, RefusalCode.IN_TRIAL),
    "active": (CHANGES | CANCELS | {Step.RESUME, Step.PAUSE}, RefusalCode.NOT_IN_TRIAL),
    "past_due": (CANCELS | {Step.RESUME}, RefusalCode.PAYMENT_OVERDUE),
    "unpaid": (CANCELS | {Step.RESUME}, RefusalCode.PAYMENT_OVERDUE),
    "paused": ({Step.CANCEL_NOW, Step.RESUME}, RefusalCode.SUBSCRIPTION_PAUSED),
    "canceled": ({Step.RESUBSCRIBE}, RefusalCode.SUBSCRIPTION_ENDED),
}
"""By Stripe's status: what may be done, and why nothing else may."""


def refusal_to(step: Step, standing: Standing) -> Refusal | None:
    """`hindrance_to` with its remedy."""
    code = hindrance_to(step, standing)
    return Refusal(code, REMEDIES[code]) if code else None


def hindrance_to(step: Step, standing: Standing) -> RefusalCode | None:
    """Why `step` cannot be taken; None when it can."""
    allowed, otherwise = BY_STATUS[standing.status]
    if step not in allowed:
        return _without(step, standing, otherwise)
    if step is Step.RESUME:
        something = standing.status == "paused" or standing.ending or standing.paused
        return None if something else RefusalCode.NOTHING_TO_RESUME
    return next((why for hinders, steps, why in _circumstances(standing) if hinders and step in steps), None)


def _without(step: Step, standing: Standing, otherwise: RefusalCode) -> RefusalCode:
    """The status' own word, unless what is wanted has a nearer one."""
    if standing.status in ENDED or standing.status == "incomplete":
        return otherwise
    return {Step.RESUBSCRIBE: RefusalCode.ALREADY_SUBSCRIBED, Step.EXTEND_TRIAL: RefusalCode.NOT_IN_TRIAL}.get(
        step, otherwise
    )


def _circumstances(standing: Standing) -> tuple[tuple[bool, AbstractSet[Step], RefusalCode], ...]:
    """What hinders whichever status allows it; the first that does is the one to mend first."""
    changing = CHANGES | {Step.PAUSE, Step.EXTEND_TRIAL}
    return (
        (standing.pending, changing, RefusalCode.PAYMENT_PENDING),
        (standing.paused, CHANGES | {Step.PAUSE}, RefusalCode.SUBSCRIPTION_PAUSED),
        (
            standing.ending,
            (changing | {Step.CANCEL_AT_PERIOD_END}) - {Step.ADD_ADD_ON},
            RefusalCode.SUBSCRIPTION_ENDING,
        ),
        (standing.scheduled, changing - {Step.CHANGE_PLAN}, RefusalCode.CHANGE_SCHEDULED),
    )

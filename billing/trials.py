"""Trials: how one begins, what it gives while it lasts, and that nobody has a second one.

A trial that ends in the free plan is no trial at Stripe: it is a subscription to the free plan from its first day, and
its metadata say which plan is given on top, and for how long. At its end nothing has to happen, neither at Stripe nor
here, so the member can never be left with nothing (docs/decisions/0013). All others are Stripe's own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from billing.model import Catalogue, Plan, Price, Trial, TrialEnd
from billing.state import Subscription
from storage.database import Database

PLAN, DAYS, UNTIL = "gatehouse_trial", "gatehouse_trial_days", "gatehouse_trial_until"
"""Metadata of a subscription to the free plan: the plan given on top; for how many days from its creation, or until
when, in seconds since 1970, which comes before the days. They may stay when the member buys: see `plan_trial_of`."""

LATEST = 253_402_300_799
AT_END = {TrialEnd.CANCEL: "cancel", TrialEnd.PAUSE: "pause", TrialEnd.INVOICE: "create_invoice"}
HAD = (
    "SELECT EXISTS (SELECT FROM subscription JOIN customer_sync USING (customer_id) WHERE member_id = :member_id"
    " AND status NOT IN ('incomplete', 'incomplete_expired')"
    " AND (content->>'trial_end' IS NOT NULL OR content->'metadata'->>:key <> '')) AS had"
)


@dataclass(frozen=True, slots=True)
class Beginning:
    """How to begin a subscription at Stripe, the same whenever it is worked out again.

    `price` is what to subscribe to, which for a trial that ends in the free plan is the free one. `parameters` are
    Stripe's of a subscription (of Checkout's `subscription_data` too), to be merged with others, metadata key by key.
    `card_required`: Checkout's `payment_method_collection` is `always`, else `if_required`.
    """

    price: Price
    parameters: Mapping[str, Any]
    card_required: bool
    trial: Trial | None = None


@dataclass(frozen=True, slots=True)
class PlanTrial:
    """`plan` is given on top until just before `until`."""

    plan: Plan
    until: datetime


def beginning_for(plan: Plan, price: Price, catalogue: Catalogue, *, had_trial: bool) -> Beginning:
    """With the plan's trial, unless the member `had_trial` before: then it is paid for from the first day."""
    trial = plan.trial
    if trial is None or had_trial:
        return Beginning(price, {}, card_required=not price.is_free)
    if trial.ends is TrialEnd.FREE and (free := free_price(catalogue, price.currencies)):
        metadata = {PLAN: plan.key, DAYS: str(trial.days)}
        return Beginning(free, {"metadata": metadata}, card_required=False, trial=trial)
    end = AT_END.get(trial.ends, "cancel")
    settings = {"end_behavior": {"missing_payment_method": end}}
    parameters = {"trial_period_days": trial.days, "trial_settings": settings}
    return Beginning(price, parameters, card_required=trial.card, trial=trial)


def free_price(catalogue: Catalogue, currencies: Iterable[str] = ()) -> Price | None:
    """The price of 0 at which the default plan is subscribed to, in these currencies if there is one."""
    plan = catalogue.default_plan
    free = [price for price in plan.offered_prices if price.is_free] if plan else []
    wanted = frozenset(currencies)
    return next((price for price in free if price.currencies >= wanted), free[0] if free else None)


def plan_trial_of(subscription: Subscription, catalogue: Catalogue, held: Plan | None) -> PlanTrial | None:
    """The trial that the subscription's metadata speak of, over or not; None where `held` is as high a plan already."""
    metadata = subscription.metadata or {}
    plan = catalogue.find_plan(metadata.get(PLAN, ""))
    until = _until(subscription, metadata)
    if plan is None or plan.add_on or until is None or (held is not None and held.rank >= plan.rank):
        return None
    return PlanTrial(plan, until)


def _until(subscription: Subscription, metadata: Mapping[str, str]) -> datetime | None:
    until, days = metadata.get(UNTIL, ""), metadata.get(DAYS, "")
    if until.isdecimal() and int(until) <= LATEST:
        return datetime.fromtimestamp(int(until), UTC)
    if days.isdecimal() and int(days) <= 100_000:
        return subscription.created_at + timedelta(days=int(days))
    return None


def extended(subscription: Subscription, until: datetime) -> Mapping[str, Any]:
    """Stripe's parameters that let the subscription's trial, of either kind, last until then, a whole second."""
    if (subscription.metadata or {}).get(PLAN):
        return {"metadata": {UNTIL: str(int(until.timestamp()))}}
    return {"trial_end": int(until.timestamp()), "proration_behavior": "none"}


async def had_trial(database: Database, member_id: str) -> bool:
    """Whether any customer of the member's was ever in a trial, of any plan. Raises Unavailable."""
    [row] = await database.fetch(HAD, {"member_id": member_id, "key": PLAN})
    return bool(row.had)

"""What a member holds in a token's words. Pure."""

from collections.abc import Callable
from datetime import datetime

from billing.model import Catalogue, Plan
from gating.model import Snapshot
from gating.policies import withheld_by
from identity.tokens import Held


def plan_held(snapshot: Snapshot, catalogue: Catalogue, now: datetime) -> Plan | None:
    """The highest plan that some grant of now names, else the default plan."""
    named = {grant.plan for grant in snapshot.grants if grant.holds_at(now)}
    plans = [plan for plan in catalogue.plans if plan.key in named]
    return plans[-1] if plans else catalogue.default_plan


def tiers_of(catalogue: Catalogue) -> Callable[[Snapshot, datetime], str | None]:
    """Says the key of the plan that a member is on."""

    def tier_of(snapshot: Snapshot, now: datetime) -> str | None:
        plan = plan_held(snapshot, catalogue, now)
        return plan.key if plan else None

    return tier_of


def held_by(snapshot: Snapshot, catalogue: Catalogue, now: datetime, roles: frozenset[str] = frozenset()) -> Held:
    """For a token that carries `roles`: without what the policies withhold from its caller."""
    plan = plan_held(snapshot, catalogue, now)
    withheld = {each.feature for each in withheld_by(catalogue.policies, snapshot.countries, roles)}
    features = snapshot.features_at(now) - withheld
    return Held(plan.key if plan else None, features, snapshot.revision, snapshot.hard_until(now))

"""What a member holds in a token's words. Pure."""

from datetime import datetime

from billing.model import Catalogue, Plan
from gating.model import Snapshot
from identity.tokens import Held


def plan_held(snapshot: Snapshot, catalogue: Catalogue, now: datetime) -> Plan | None:
    """The highest plan that some grant of now names, else the default plan."""
    named = {grant.plan for grant in snapshot.grants if grant.holds_at(now)}
    plans = [plan for plan in catalogue.plans if plan.key in named]
    return plans[-1] if plans else catalogue.default_plan


def held_by(snapshot: Snapshot, catalogue: Catalogue, now: datetime) -> Held:
    plan = plan_held(snapshot, catalogue, now)
    features = snapshot.features_at(now)
    return Held(plan.key if plan else None, features, snapshot.revision, snapshot.hard_until(now))

"""Denials as data: `access` of whatever is Lockable, and whether a feature is available to the caller."""

from dataclasses import dataclass
from typing import Annotated

import strawberry

from billing.model import Feature
from content.model import Entry
from execution.denials import MESSAGES, Denial, TypeAccess
from execution.lockable import access_of
from gating.model import Mode, Rule, decide
from gating.ports import Offer
from resolvers.context import Info

FeatureKey = Annotated[str, strawberry.argument(description="The key of the feature, as in denials.")]


@dataclass(frozen=True, slots=True)
class FeatureAvailability:
    """`required_plans` is empty when the feature is available, or on no plan."""

    feature: Feature
    available: bool
    required_plans: tuple[Offer, ...]


def access(root: strawberry.Parent[Entry], info: Info) -> TypeAccess:
    """Records bear the names of their GraphQL types."""
    return access_of(info, type(root).__name__)


def message(root: strawberry.Parent[Denial]) -> str:
    return MESSAGES[root.code]


def feature(info: Info, key: FeatureKey) -> FeatureAvailability | None:
    """None when the catalogue knows no such feature."""
    context = info.context
    known = context.services.catalogue.features.get(key)
    if known is None:
        return None
    denied = decide(Rule(f"feature {key}", Mode.ERROR, ((frozenset({key}),),)), context.access)
    offers = context.services.catalogue.for_denial(denied) if denied else ()
    return FeatureAvailability(known, denied is None, offers)

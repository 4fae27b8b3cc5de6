"""Plans as they are offered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import strawberry

from billing.model import Catalogue, Feature, Interval, Limit, Plan
from gating.merge import Amount
from resolvers.context import Info


@dataclass(frozen=True, slots=True)
class OfferedPrice:
    """One price on sale in one currency; `amount_minor` in the currency's smallest unit."""

    currency: str
    amount_minor: int
    interval: Interval
    lookup_key: str | None


@dataclass(frozen=True, slots=True)
class NamedLimit:
    """How many at a time are included, or how much a month when `metered`; None is no limit."""

    key: str
    name: str
    value: int | None
    metered: bool


@dataclass(frozen=True, slots=True)
class NamedLevel:
    key: str
    name: str
    value: str


def plans(info: Info) -> Sequence[Plan]:
    """What can be had: plans on sale and the default plan, by rank."""
    catalogue = info.context.services.catalogue
    return [plan for plan in catalogue.plans if plan.on_sale or plan == catalogue.default_plan]


def features(root: strawberry.Parent[Plan], info: Info) -> Sequence[Feature]:
    known = info.context.services.catalogue.features
    return [known[key] for key in sorted(root.features)]


def prices(root: strawberry.Parent[Plan]) -> Sequence[OfferedPrice]:
    return [
        OfferedPrice(money.currency.upper(), money.amount_minor, price.interval, price.lookup_key)
        for price in root.offered_prices
        for money in price.amounts
    ]


def limits(root: strawberry.Parent[Plan], info: Info) -> Sequence[NamedLimit]:
    """Without those that depend on the quantity bought."""
    values = {each.limit: each.value for each in root.limits if not each.per_quantity}
    return name_limits(info.context.services.catalogue, values)


def levels(root: strawberry.Parent[Plan], info: Info) -> Sequence[NamedLevel]:
    return name_levels(info.context.services.catalogue, {each.level: each.value for each in root.levels})


def name_limits(catalogue: Catalogue, values: Mapping[str, Amount]) -> Sequence[NamedLimit]:
    """By key; those that the catalogue has forgotten go by their key and are not metered."""
    known = catalogue.limits
    named = [(known.get(key) or Limit(key, key), value) for key, value in sorted(values.items())]
    return [NamedLimit(limit.key, limit.name, value, limit.metered) for limit, value in named]


def name_levels(catalogue: Catalogue, values: Mapping[str, str]) -> Sequence[NamedLevel]:
    return [NamedLevel(key, catalogue.levels[key].name, value) for key, value in sorted(values.items())]

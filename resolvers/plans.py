"""Plans as they are offered."""

from collections.abc import Sequence
from dataclasses import dataclass

import strawberry

from billing.model import Feature, Interval, Plan
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
    """How much of `meter` a month (or how many at a time) is included."""

    key: str
    name: str
    value: int


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
        for price in root.prices
        if price.on_sale
        for money in price.amounts
    ]


def limits(root: strawberry.Parent[Plan], info: Info) -> Sequence[NamedLimit]:
    """Without those that depend on the quantity bought."""
    known = info.context.services.catalogue.limits
    return [NamedLimit(each.limit, known[each.limit].name, each.value) for each in root.limits if not each.per_quantity]

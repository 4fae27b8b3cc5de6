"""Plans as they are offered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import strawberry

from billing.model import Catalogue, Feature, Interval, Limit, Money, Plan, Price, TaxBehavior, TierMode, Trial
from billing.offered import add_ons_offered, plans_offered
from gating.merge import Amount
from resolvers.context import Info
from resolvers.inputs import text_of

Currency = Annotated[
    str | None, strawberry.argument(description="Only prices in this currency, ISO 4217; all when left out.")
]
Country = Annotated[
    str | None,
    strawberry.argument(
        description="Only prices that are offered in this country, ISO 3166-1 alpha-2; all when left out."
    ),
]


@dataclass(frozen=True, slots=True)
class OfferedTier:
    """Units up to and including `up_to` (None: all others): so much for each, and `flat_amount_minor` once."""

    up_to: int | None
    amount_minor: int
    flat_amount_minor: int


@dataclass(frozen=True, slots=True)
class OfferedPrice:
    """One price on sale in one currency; `amount_minor` in the currency's smallest unit, for the first unit."""

    currency: str
    amount_minor: int
    interval: Interval
    lookup_key: str | None
    by_number: bool
    tiers: tuple[OfferedTier, ...]
    tier_mode: TierMode | None
    meter: str | None
    units: int
    tax: TaxBehavior
    includes: tuple["OfferedPrice", ...]


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


def plans(info: Info, currency: Currency = None, country: Country = None) -> Sequence[Plan]:
    """What can be had: plans on sale and the default plan, by rank."""
    return plans_offered(info.context.services.catalogue, *_asked(currency, country))


def add_ons(info: Info, currency: Currency = None, country: Country = None) -> Sequence[Plan]:
    return add_ons_offered(info.context.services.catalogue, *_asked(currency, country))


def _asked(currency: str | None, country: str | None) -> tuple[str | None, str | None]:
    """As the catalogue writes them."""
    written = None if currency is None else text_of("currency", currency).lower()
    return written, None if country is None else text_of("country", country).upper()


def features(root: strawberry.Parent[Plan], info: Info) -> Sequence[Feature]:
    known = info.context.services.catalogue.features
    return [known[key] for key in sorted(root.features)]


def prices(root: strawberry.Parent[Plan], info: Info) -> Sequence[OfferedPrice]:
    """In every currency that they have."""
    tax = info.context.services.catalogue.tax
    return [
        _offered(root, price, money.currency, tax)
        for price in root.offered_prices
        for money in (price.tiers[0].amounts if price.tiers else price.amounts)
    ]


def _offered(plan: Plan, price: Price, currency: str, tax: TaxBehavior) -> OfferedPrice:
    bundled = [each for each in plan.prices if each.lookup_key in price.bundled and currency in each.currencies]
    return _shown(plan, price, currency, tax, tuple(_shown(plan, each, currency, tax, ()) for each in bundled))


def _shown(
    plan: Plan, price: Price, currency: str, tax: TaxBehavior, includes: tuple[OfferedPrice, ...]
) -> OfferedPrice:
    tiers = tuple(
        OfferedTier(tier.up_to, _in(tier.amounts, currency), _in(tier.flat, currency)) for tier in price.tiers
    )
    first = tiers[0].amount_minor + tiers[0].flat_amount_minor if tiers else _in(price.amounts, currency)
    return OfferedPrice(
        currency=currency.upper(),
        amount_minor=first,
        interval=price.interval,
        lookup_key=price.lookup_key,
        by_number=bool(tiers) or any(limit.per_quantity for limit in plan.limits),
        tiers=tiers,
        tier_mode=price.tier_mode,
        meter=price.meter,
        units=price.each,
        tax=price.tax or tax,
        includes=includes,
    )


def _in(amounts: Iterable[Money], currency: str) -> int:
    return next((money.amount_minor for money in amounts if money.currency == currency), 0)


def card_required(root: strawberry.Parent[Trial]) -> bool:
    return root.card


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

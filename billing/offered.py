"""What can be bought, by whom it is asked for: plans with the prices of a currency, and of a country. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from billing.model import Catalogue, Money, Plan, Price


def plans_offered(catalogue: Catalogue, currency: str | None, country: str | None) -> Sequence[Plan]:
    """Plans on sale and the default plan, by rank, with what of their prices is sold in that currency and country."""
    return [
        plan for plan in _narrowed(catalogue.plans, currency, country) if plan.on_sale or _is_default(plan, catalogue)
    ]


def add_ons_offered(catalogue: Catalogue, currency: str | None, country: str | None) -> Sequence[Plan]:
    """As `plans_offered`, of what is bought on top."""
    return [plan for plan in _narrowed(catalogue.add_ons, currency, country) if plan.on_sale]


def is_sold_in(price: Price, country: str | None) -> bool:
    """Whether it is offered there; None is a country not known, where only what is sold everywhere is."""
    return not price.countries or country in price.countries


def _is_default(plan: Plan, catalogue: Catalogue) -> bool:
    return catalogue.default_plan is not None and plan.key == catalogue.default_plan.key


def _narrowed(plans: Iterable[Plan], currency: str | None, country: str | None) -> list[Plan]:
    if currency is None and country is None:
        return list(plans)
    return [
        replace(
            plan, prices=tuple(_price_in(price, currency) for price in plan.prices if _fits(price, currency, country))
        )
        for plan in plans
    ]


def _fits(price: Price, currency: str | None, country: str | None) -> bool:
    return (currency is None or currency in price.currencies) and (country is None or is_sold_in(price, country))


def _price_in(price: Price, currency: str | None) -> Price:
    """With its amounts in that currency alone."""
    if currency is None:
        return price
    tiers = [
        replace(tier, amounts=_only(tier.amounts, currency), flat=_only(tier.flat, currency)) for tier in price.tiers
    ]
    return replace(price, amounts=_only(price.amounts, currency), tiers=tuple(tiers))


def _only(amounts: Iterable[Money], currency: str) -> tuple[Money, ...]:
    return tuple(money for money in amounts if money.currency == currency)

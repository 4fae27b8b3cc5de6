"""What a price asks for a quantity: https://docs.stripe.com/products-prices/pricing-models"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from twin.core.store import Object


def rounded(amount: Decimal) -> int:
    """To a whole minor unit, halves away from zero."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def amount_for(price: Object, quantity: int, currency: str | None = None) -> int:
    """Flat, tiered (graduated or volume) and packaged prices alike; `currency` picks one of its currency options."""
    option = price.get("_currency_options", {}).get(currency or price["currency"], price)
    if price["billing_scheme"] == "tiered":
        return tiered(option.get("_tiers") or option.get("tiers") or [], price["tiers_mode"], quantity)
    package: Object | None = price["transform_quantity"]
    if package:
        more = quantity % package["divide_by"] > 0 and package["round"] == "up"
        quantity = quantity // package["divide_by"] + more
    return rounded(Decimal(option["unit_amount_decimal"] or 0) * quantity)


def tiered(tiers: Sequence[Object], mode: str, quantity: int) -> int:
    """`graduated`: each tier's units at its own price; `volume`: all at that of the tier reached."""
    total, below = Decimal(0), 0
    for tier in tiers:
        top: int | None = tier["up_to"]
        reached = top is None or quantity <= top
        if mode == "volume":
            if reached:
                return rounded(_unit(tier) * quantity + _flat(tier))
            continue
        inside = (quantity if reached else top or 0) - below
        if inside > 0 or (quantity == 0 and below == 0):
            total += _unit(tier) * inside + _flat(tier)
        if reached:
            break
        below = top or 0
    return rounded(total)


def _unit(tier: Object) -> Decimal:
    return Decimal(tier["unit_amount_decimal"] or 0)


def _flat(tier: Object) -> Decimal:
    return Decimal(tier["flat_amount_decimal"] or 0)


def prorated(amount: int, start: int, end: int, at: int) -> int:
    """The part of `amount` that belongs to what is left of a period: https://docs.stripe.com/billing/subscriptions/prorations"""
    if at <= start:
        return amount
    return 0 if at >= end else rounded(Decimal(amount) * (end - at) / (end - start))


def shared(total: int, weights: Sequence[int]) -> list[int]:
    """`total` divided in proportion to `weights`, without losing a unit."""
    left, weight = total, sum(weights)
    parts: list[int] = []
    for each in weights:
        part = rounded(Decimal(left) * each / weight) if weight else 0
        parts.append(part)
        left, weight = left - part, weight - each
    return parts

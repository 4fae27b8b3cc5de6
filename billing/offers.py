"""The catalogue as objects at Stripe: what should be there, what is, and the steps from one to the other.

Objects are known by keys of ours (product id, lookup key, coupon id, code, event name), so that finding them again
needs no memory: whoever is interrupted begins anew and finds what was done.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from billing.model import Catalogue, Coupon, Interval, Money, Plan, Price


class OfferKind(StrEnum):
    """In the order in which they need one another."""

    FEATURE = "feature"
    METER = "meter"
    PRODUCT = "product"
    PRODUCT_FEATURE = "product_feature"
    PRICE = "price"
    COUPON = "coupon"
    PROMOTION_CODE = "promotion_code"


@dataclass(frozen=True, slots=True)
class Offer:
    """One object. `fields` are Stripe's parameters for it; other objects in them are named by their keys."""

    kind: OfferKind
    key: str
    fields: Mapping[str, Any]


class Action(StrEnum):
    """REPLACE: made anew under the same key, since Stripe changes no amounts; the former one stays for who has it."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class OfferChange:
    """`differs` are the fields that are not as they should be, for UPDATE and REPLACE."""

    action: Action
    offer: Offer
    differs: tuple[str, ...] = ()


class OffersAtStripe(Protocol):
    """Raises errors.Unavailable when Stripe does not answer or refuses."""

    async def fetch_offers(self, wanted: Sequence[Offer]) -> Sequence[Offer]:
        """Those of `wanted` that are at Stripe, with the same fields as they are there."""
        ...

    async def make(self, change: OfferChange) -> None:
        """Idempotent as far as Stripe's idempotency keys reach."""
        ...


CHANGEABLE: Mapping[OfferKind, frozenset[str]] = {
    OfferKind.FEATURE: frozenset({"name"}),
    OfferKind.METER: frozenset({"display_name"}),
    OfferKind.PRODUCT: frozenset({"name", "description", "tax_code"}),
    OfferKind.COUPON: frozenset({"name"}),
}
"""What Stripe lets be changed, by kind; the rest means making it anew."""


def product_id_of(plan: Plan) -> str:
    """The product that the plan names, else one of ours."""
    return min(plan.products, default=f"gatehouse_{plan.key}")


def offers_for(catalogue: Catalogue) -> list[Offer]:
    """All that should be at Stripe, each after what it needs. Prices known by id alone were made elsewhere."""
    plans = (*catalogue.plans, *catalogue.add_ons)
    meters = sorted({price.meter for plan in plans for price in plan.prices if price.meter})
    offers = [Offer(OfferKind.FEATURE, each.key, {"name": each.name}) for each in catalogue.features.values()]
    offers += [Offer(OfferKind.METER, key, {"display_name": catalogue.limits[key].name}) for key in meters]
    for plan in plans:
        product = {"name": plan.name, "description": plan.description or None, "tax_code": plan.tax_code}
        offers.append(Offer(OfferKind.PRODUCT, product_id_of(plan), product))
        for feature in sorted(plan.features):
            fields = {"product": product_id_of(plan), "feature": feature}
            offers.append(Offer(OfferKind.PRODUCT_FEATURE, f"{product_id_of(plan)}/{feature}", fields))
        offers += [_price(price, plan, catalogue) for price in plan.prices if price.lookup_key and price.on_sale]
    for coupon in catalogue.coupons:
        offers.append(_coupon(coupon, catalogue))
        offers += [Offer(OfferKind.PROMOTION_CODE, code, {"coupon": coupon.key}) for code in coupon.codes]
    return sorted(offers, key=lambda offer: list(OfferKind).index(offer.kind))


def changes_between(wanted: Iterable[Offer], there: Iterable[Offer]) -> list[OfferChange]:
    """The steps, in an order in which they can be taken."""
    found = {(offer.kind, offer.key): offer for offer in there}
    changes: list[OfferChange] = []
    for offer in wanted:
        now = found.get((offer.kind, offer.key))
        if now is None:
            changes.append(OfferChange(Action.CREATE, offer))
        elif differs := tuple(sorted(name for name, value in offer.fields.items() if now.fields.get(name) != value)):
            mild = CHANGEABLE.get(offer.kind, frozenset()).issuperset(differs)
            changes.append(OfferChange(Action.UPDATE if mild else Action.REPLACE, offer, differs))
    return changes


def first_currency(currencies: Iterable[str]) -> str:
    """The one that Stripe takes as the price's own; the others are its options."""
    every = sorted(currencies)
    return "usd" if "usd" in every else every[0]


def _price(price: Price, plan: Plan, catalogue: Catalogue) -> Offer:
    recurring = None
    if price.interval is not Interval.ONCE:
        usage = {"usage_type": "metered", "meter": price.meter} if price.meter else {"usage_type": "licensed"}
        recurring = {"interval": price.interval.value, **usage}
    fields: dict[str, Any] = {
        "product": product_id_of(plan),
        "recurring": recurring,
        "tax_behavior": (price.tax or catalogue.tax).value,
        "each": price.each,
        "tiers_mode": price.tier_mode.value if price.tier_mode else None,
        "amounts": {currency: _amount(price, currency) for currency in sorted(price.currencies)},
    }
    return Offer(OfferKind.PRICE, price.lookup_key or "", fields)


def _amount(price: Price, currency: str) -> int | list[list[int | None]]:
    """One number, or for each tier its end, the price of a unit and the flat amount."""
    if not price.tiers:
        return _in(price.amounts, currency)
    return [[tier.up_to, _in(tier.amounts, currency), _in(tier.flat, currency)] for tier in price.tiers]


def _in(amounts: Iterable[Money], currency: str) -> int:
    return next((money.amount_minor for money in amounts if money.currency == currency), 0)


def _coupon(coupon: Coupon, catalogue: Catalogue) -> Offer:
    products = [product_id_of(plan) for key in sorted(coupon.plans) if (plan := catalogue.find_plan(key))]
    fields = {
        "name": coupon.name,
        "percent_off": coupon.percent_off,
        "amounts_off": {money.currency: money.amount_minor for money in coupon.amounts_off},
        "duration": coupon.duration.value,
        "duration_in_months": coupon.months,
        "products": products,
    }
    return Offer(OfferKind.COUPON, coupon.key, fields)

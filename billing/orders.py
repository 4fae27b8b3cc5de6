"""What a member asks to buy, and what that is by the catalogue. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from billing.model import Catalogue, Interval, Plan, Price, Sold
from billing.offered import is_sold_in
from billing.offers import first_currency
from billing.refusals import Refusal, RefusalCode
from billing.state import ENDED, Subscription

MOST_UNITS = 10_000


@dataclass(frozen=True, slots=True)
class Extra:
    """An add-on by its price's lookup key."""

    price: str
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Order:
    """Either `price` (a lookup key), or `plan` with `interval`. `currency` None: the first that fits."""

    price: str | None = None
    plan: str | None = None
    interval: Interval | None = None
    currency: str | None = None
    quantity: int = 1
    extras: tuple[Extra, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """`quantity` None where usage is metered."""

    price: Price
    quantity: int | None


@dataclass(frozen=True, slots=True)
class Basket:
    """What is bought, in one currency (lower case): the `plan` by its own lines, of which the first is its price.

    `once`: all of it is paid once, and makes no subscription.
    """

    plan: Plan
    own: tuple[Line, ...]
    extras: tuple[Line, ...]
    currency: str
    once: bool

    @property
    def lines(self) -> tuple[Line, ...]:
        return (*self.own, *self.extras)

    def begun_with(self, price: Price) -> "Basket":
        """The plan by this price of its first day in place of its own."""
        return self if price == self.own[0].price else replace(self, own=(Line(price, 1),))


def basket_for(order: Order, catalogue: Catalogue, country: str | None) -> Basket | Refusal:
    """What the order buys, for somebody in `country` (None: not known), or what is wrong with it."""
    chosen = _chosen(order, catalogue, country)
    if isinstance(chosen, Refusal):
        return chosen
    extras: list[Line] = []
    for extra in order.extras:
        found = _extra(extra, chosen, catalogue, country)
        if isinstance(found, Refusal):
            return found
        extras += _lines(found, extra.quantity)
        if problem := _quantity_problem(found, extra.quantity):
            return problem
    if problem := _quantity_problem(chosen, order.quantity):
        return problem
    own = _lines(chosen, order.quantity)
    currency = _currency([*own, *extras], order.currency)
    if isinstance(currency, Refusal):
        return currency
    once = all(line.price.interval is Interval.ONCE for line in (*own, *extras))
    return Basket(chosen.plan, own, tuple(extras), currency, once)


def standing_among(mirror: Collection[Subscription], catalogue: Catalogue) -> Subscription | None:
    """The subscription to a plan that a second one would double; none that is free, not begun, or over."""
    standing = [each for each in mirror if each.status not in (*ENDED, "incomplete") and _costs(each, catalogue)]
    return max(standing, key=lambda each: (each.created_at, each.id), default=None)


def _costs(subscription: Subscription, catalogue: Catalogue) -> bool:
    free = catalogue.default_plan.key if catalogue.default_plan else None
    for item in subscription.items:
        sold = catalogue.find_sold(price_id=item.price_id, lookup_key=item.lookup_key, product_id=item.product_id)
        if sold and not sold.plan.add_on and sold.plan.key != free:
            return True
    return False


def _chosen(order: Order, catalogue: Catalogue, country: str | None) -> Sold | Refusal:
    if order.price is not None:
        return _offered(order.price, catalogue, country) or _not_on_sale(order.price, "priceLookupKey")
    plan = catalogue.find_plan(order.plan or "")
    if plan is None:
        return _not_on_sale(order.plan or "", "plan")
    fitting = [price for price in plan.offered_prices if order.interval in (None, price.interval)]
    fitting = [price for price in fitting if is_sold_in(price, country)]
    paid = [price for price in fitting if order.currency is None or order.currency.lower() in price.currencies]
    found = next(iter(paid or fitting), None)
    return Sold(plan, found) if found else _not_on_sale(f"{plan.key} by the {order.interval or 'month'}", "interval")


def _offered(name: str, catalogue: Catalogue, country: str | None) -> Sold | None:
    for plan in (*catalogue.plans, *catalogue.add_ons):
        for price in plan.offered_prices:
            if name in price.names and is_sold_in(price, country):
                return Sold(plan, price)
    return None


def _extra(extra: Extra, chosen: Sold, catalogue: Catalogue, country: str | None) -> Sold | Refusal:
    found = _offered(extra.price, catalogue, country)
    if found is None or found.price is None or not found.plan.add_on:
        return _not_on_sale(extra.price, "addOns")
    interval = chosen.price.interval if chosen.price else Interval.MONTH
    if found.price.interval not in (interval, Interval.ONCE):
        message = f"{extra.price} is paid by the {found.price.interval}, the rest by the {interval}: choose alike."
        return Refusal(RefusalCode.NOT_ON_SALE, message, ("addOns",))
    return found


def _quantity_problem(sold: Sold, quantity: int) -> Refusal | None:
    counted = any(limit.per_quantity for limit in sold.plan.limits) or (sold.price is not None and sold.price.tiers)
    if quantity == 1 or (counted and 1 <= quantity <= MOST_UNITS):
        return None
    most = f"1 to {MOST_UNITS}" if counted else "1: it is not sold by number"
    message = f"{quantity} of {sold.plan.name} cannot be bought: give {most}."
    return Refusal(RefusalCode.QUANTITY_NOT_ALLOWED, message, ("quantity",))


def _lines(sold: Sold, quantity: int) -> tuple[Line, ...]:
    """The price's own, and those that come with it."""
    price = sold.price
    bundled = [each for each in sold.plan.prices if price and each.lookup_key in price.bundled]
    return tuple(Line(each, None if each.meter else quantity) for each in ([price] if price else []) + bundled)


def _currency(lines: Collection[Line], asked: str | None) -> str | Refusal:
    common = frozenset[str].intersection(*(line.price.currencies for line in lines))
    currency = asked.lower() if asked else first_currency(common or {"usd"})
    if currency in common:
        return currency
    offered = ", ".join(sorted(each.upper() for each in common)) or "none"
    message = f"It is not sold in {currency.upper()}: choose another currency; offered: {offered}."
    return Refusal(RefusalCode.CURRENCY_NOT_OFFERED, message, ("currency",))


def _not_on_sale(name: str, field: str) -> Refusal:
    message = f"Nothing called {name!r} is on sale: choose one of the prices that `plans` lists."
    return Refusal(RefusalCode.NOT_ON_SALE, message, (field,))

"""What a wished change comes to: which items the subscription is to have, and when. Pure; Stripe is asked elsewhere.

What costs more takes effect now and is paid in proportion; what costs less when the period that is paid has ended.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from billing.current import Current
from billing.model import Catalogue, Interval, Plan, Price, Sold
from billing.refusals import Refusal, RefusalCode
from billing.state import SubscriptionItem

MOST_UNITS = 100_000


class Timing(StrEnum):
    NOW = "now"
    AT_PERIOD_END = "at_period_end"


@dataclass(frozen=True, slots=True)
class PlanWish:
    """`interval` None: as often as now where that is offered. `timing` None: by what it costs. `country`: the
    buyer's, where it is known."""

    plan: str
    interval: Interval | None = None
    timing: Timing | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class QuantityWish:
    """`plan`: key of the plan or add-on; None where only one can be meant. 0 takes an add-on away."""

    quantity: int
    plan: str | None = None
    timing: Timing | None = None


@dataclass(frozen=True, slots=True)
class AddOnWish:
    add_on: str
    quantity: int = 1
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """One item as it is to be: which one it is now, None for a new one; its price, by Stripe's id where that stays."""

    item: SubscriptionItem | None
    price: Price | str
    quantity: int | None

    @classmethod
    def kept(cls, item: SubscriptionItem) -> "Wanted":
        return cls(item, item.price_id, item.quantity)


@dataclass(frozen=True, slots=True)
class Change:
    """`items` are all that the subscription is to have, paid every `interval`."""

    items: tuple[Wanted, ...]
    timing: Timing
    interval: Interval


@dataclass(frozen=True, slots=True)
class Keep:
    """Everything stays, and what was to change at the period's end does not."""


@dataclass(frozen=True, slots=True)
class OneTime:
    """Something paid once, beside the subscription."""

    price: Price
    quantity: int


def change_plan_for(current: Current, catalogue: Catalogue, wish: PlanWish) -> Change | Keep | Refusal:
    plan = catalogue.find_plan(wish.plan)
    if plan is None or plan.add_on or not plan.on_sale:
        return _not_on_sale("plan", wish.plan, (each.key for each in catalogue.plans if each.on_sale))
    held = base_of(current, catalogue)
    if held is None:
        return _FOREIGN
    base, sold = held
    now = current.intervals.get(base.id)
    price = _price_of(plan, wish.interval, now, current.currency, wish.country)
    if isinstance(price, Refusal):
        return price
    if sold.price == price:
        remedy = f"The subscription is to {plan.name} already, paid as often: there is nothing to change."
        return Keep() if current.scheduled_at else Refusal(RefusalCode.NOTHING_CHANGES, remedy, ("plan",))
    items = _with_plan(current, catalogue, base, plan, price)
    if isinstance(items, Refusal):
        return items
    dearer = _worth(plan, price, price.interval, current.currency) > _worth(
        sold.plan, sold.price, now, current.currency
    )
    return Change(tuple(items), wish.timing or _timing(current, dearer=dearer), price.interval)


def change_quantity_for(current: Current, catalogue: Catalogue, wish: QuantityWish) -> Change | Refusal:
    found = _counted(current, catalogue, wish)
    if isinstance(found, Refusal):
        return found
    item, sold = found
    least = 0 if sold.plan.add_on else 1
    if not least <= wish.quantity <= MOST_UNITS:
        remedy = f"{sold.plan.name} can be had {least} to {MOST_UNITS} times: give such a number."
        return Refusal(RefusalCode.QUANTITY_NOT_ALLOWED, remedy, ("quantity",))
    if wish.quantity == item.quantity:
        remedy = f"There are {wish.quantity} already: there is nothing to change."
        return Refusal(RefusalCode.NOTHING_CHANGES, remedy, ("quantity",))
    kept = [Wanted.kept(each) for each in current.subscription.items if each != item]
    changed = [Wanted(item, item.price_id, wish.quantity)] if wish.quantity else []
    if not kept + changed:
        return Refusal(RefusalCode.QUANTITY_NOT_ALLOWED, "Nothing else is left: cancel it instead.", ("quantity",))
    timing = wish.timing or _timing(current, dearer=wish.quantity > (item.quantity or 0))
    return Change((*changed, *kept), timing, _cycle(current))


def add_on_for(current: Current, catalogue: Catalogue, wish: AddOnWish) -> Change | OneTime | Refusal:
    add_on = catalogue.find_plan(wish.add_on)
    if add_on is None or not add_on.add_on or not add_on.on_sale:
        return _not_on_sale("addOn", wish.add_on, (each.key for each in catalogue.add_ons if each.on_sale))
    cycle = _cycle(current)
    recurring = any(price.interval is cycle for price in add_on.offered_prices)
    once = any(price.interval is Interval.ONCE for price in add_on.offered_prices)
    wanted = Interval.ONCE if once and not recurring else cycle
    price = _price_of(add_on, wanted, None, current.currency, wish.country)
    if isinstance(price, Refusal):
        return price
    most = MOST_UNITS if by_quantity(add_on, price) else 1
    if not 1 <= wish.quantity <= most:
        remedy = f"{add_on.name} cannot be had {wish.quantity} times: give 1" + (f" to {most}." if most > 1 else ".")
        return Refusal(RefusalCode.QUANTITY_NOT_ALLOWED, remedy, ("quantity",))
    if price.interval is Interval.ONCE:
        return OneTime(price, wish.quantity)
    if any(sold.plan.key == add_on.key for _, sold in current.sold(catalogue)):
        remedy = f"{add_on.name} is part of the subscription already: change how many by `changeQuantity`."
        return Refusal(RefusalCode.ALREADY_SUBSCRIBED, remedy, ("addOn",))
    kept = [Wanted.kept(each) for each in current.subscription.items]
    return Change((*kept, Wanted(None, price, wish.quantity), *_bundled(add_on, price)), Timing.NOW, cycle)


def base_of(current: Current, catalogue: Catalogue) -> tuple[SubscriptionItem, Sold] | None:
    """The item that the plan is paid by, and not what comes with it; None where no plan of ours is."""
    plans = [(item, sold) for item, sold in current.sold(catalogue) if not sold.plan.add_on]
    parts = {key for _, sold in plans for price in sold.plan.prices for key in price.bundled}
    plans.sort(key=lambda each: (each[0].lookup_key in parts, each[0].quantity is None, -each[1].plan.rank))
    return plans[0] if plans else None


def by_quantity(plan: Plan, price: Price | None) -> bool:
    """Whether more than one of it can be had."""
    return any(limit.per_quantity for limit in plan.limits) or (price is not None and bool(price.tiers))


def _counted(current: Current, catalogue: Catalogue, wish: QuantityWish) -> tuple[SubscriptionItem, Sold] | Refusal:
    """The item whose quantity is meant."""
    licensed = [(item, sold) for item, sold in current.sold(catalogue) if item.quantity is not None]
    taking_away = wish.plan is not None and wish.quantity == 0
    fitting = [
        each for each in licensed if by_quantity(each[1].plan, each[1].price) or (taking_away and each[1].plan.add_on)
    ]
    meant = [each for each in fitting if wish.plan in (None, each[1].plan.key)]
    if len(meant) == 1:
        return meant[0]
    names = ", ".join(sorted({sold.plan.key for _, sold in fitting}))
    remedy = f"name one of {names} as `plan`." if names else "nothing of the subscription is sold by the quantity."
    return Refusal(RefusalCode.QUANTITY_NOT_ALLOWED, f"It is not clear what is to be counted: {remedy}", ("plan",))


def _with_plan(
    current: Current, catalogue: Catalogue, base: SubscriptionItem, plan: Plan, price: Price
) -> list[Wanted] | Refusal:
    """The new plan with what comes with it, add-ons in its interval, and what we do not know."""
    items = [Wanted(base, price, (base.quantity or 1) if by_quantity(plan, price) else 1), *_bundled(plan, price)]
    ours = dict(current.sold(catalogue))
    for item in current.subscription.items:
        sold = ours.get(item)
        if sold is None or (sold.plan.add_on and current.intervals.get(item.id) is price.interval):
            items.append(Wanted.kept(item))
        elif sold.plan.add_on:
            fitting = _price_of(sold.plan, price.interval, None, current.currency, None)
            if isinstance(fitting, Refusal):
                remedy = f"{sold.plan.name} cannot be paid as often: first take it away by `changeQuantity` to 0."
                return Refusal(RefusalCode.NOT_ON_SALE, remedy, ("interval",))
            items.append(Wanted(item, fitting, item.quantity))
    return items


def _bundled(plan: Plan, price: Price) -> list[Wanted]:
    parts = [each for each in plan.prices if each.lookup_key in price.bundled]
    return [Wanted(None, part, None if part.meter else 1) for part in parts]


def _price_of(
    plan: Plan, wanted: Interval | None, otherwise: Interval | None, currency: str, country: str | None
) -> Price | Refusal:
    """The one offered at that interval; without a wish `otherwise`'s, or else the first that recurs."""
    here = [price for price in plan.offered_prices if not price.countries or country in price.countries]
    fitting = [price for price in here if wanted in (None, price.interval)]
    if wanted is None:
        fitting = [price for price in fitting if price.interval is not Interval.ONCE]
        fitting.sort(key=lambda price: price.interval is not otherwise)
    if not fitting:
        offered = ", ".join(sorted({price.interval.name for price in here})) or "none here"
        remedy = f"{plan.name} is not sold like that: choose an interval of {offered}."
        return Refusal(RefusalCode.NOT_ON_SALE, remedy, ("interval",))
    found = next((price for price in fitting if currency in price.currencies), None)
    if found is None:
        remedy = f"{plan.name} has no price in {currency.upper()}, in which the subscription is: cancel, then"
        return Refusal(RefusalCode.CURRENCY_NOT_OFFERED, f"{remedy} begin anew in another currency.", ("plan",))
    return found


def _worth(plan: Plan, price: Price | None, interval: Interval | None, currency: str) -> tuple[int, bool, int]:
    """Plans by rank, then a year before a month, then by the price of one."""
    amounts: Sequence[int] = ()
    if price is not None:
        every = price.tiers[0].amounts if price.tiers else price.amounts
        amounts = [money.amount_minor for money in every if money.currency == currency]
    return plan.rank, interval is Interval.YEAR, max(amounts, default=0)


def _timing(current: Current, *, dearer: bool) -> Timing:
    """A trial costs nothing, so nothing is lost by changing at once."""
    return Timing.NOW if dearer or current.subscription.status == "trialing" else Timing.AT_PERIOD_END


def _cycle(current: Current) -> Interval:
    """How often the subscription is paid: all of its items are."""
    return next(iter(current.intervals.values()), Interval.MONTH)


def _not_on_sale(name: str, key: str, choices: Iterable[str]) -> Refusal:
    remedy = f"`{key}` is not on sale: choose one of {', '.join(choices)}."
    return Refusal(RefusalCode.NOT_ON_SALE, remedy, (name,))


_FOREIGN = Refusal(
    RefusalCode.NOT_ON_SALE, "The subscription is to nothing that is on sale here: change it by `openBillingPortal`."
)

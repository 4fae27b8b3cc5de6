"""The catalogue as a value: plans, add-ons, prices, limits, and when a subscription gives access."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from billing.dunning import DunningPolicy
from gating.merge import Amount
from gating.model import Denied, Grant, Holdings, LevelGrant, LimitGrant, Scales, Source, satisfied
from gating.policies import Policy
from gating.ports import Offer

NO_DUNNING = DunningPolicy()


class Interval(StrEnum):
    MONTH = "month"
    YEAR = "year"
    ONCE = "once"


class PauseEffect(StrEnum):
    """What a paused collection does to access. UNTIL_PERIOD_END: until the period end in force when it was paused."""

    KEEP = "keep"
    UNTIL_PERIOD_END = "until_period_end"
    NONE = "none"


class StateAccess(StrEnum):
    """GRACE: all, narrowed by the stage of dunning. RESTRICTED: all but what writes."""

    FULL = "full"
    GRACE = "grace"
    RESTRICTED = "restricted"
    NONE = "none"


class DisputeEffect(StrEnum):
    KEEP = "keep"
    SUSPEND_SUBSCRIPTION = "suspend_subscription"
    SUSPEND_ALL = "suspend_all"


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """`amount_minor` in the currency's smallest unit; `currency` is ISO 4217 in lower case, as Stripe writes it."""

    currency: str
    amount_minor: int


class TaxBehavior(StrEnum):
    """Whether a price contains the tax or the tax comes on top."""

    INCLUSIVE = "inclusive"
    EXCLUSIVE = "exclusive"


class TierMode(StrEnum):
    """GRADUATED: each unit at its tier's price. VOLUME: all units at the price of the tier that the last one is in."""

    GRADUATED = "graduated"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class Tier:
    """Units up to and including `up_to` (None: all others): `amounts` for each, and `flat` once."""

    up_to: int | None
    amounts: tuple[Money, ...]
    flat: tuple[Money, ...] = ()


@dataclass(frozen=True, slots=True)
class Price:
    """One way to pay for a plan. At least one of `price_id` and `lookup_key` is set.

    `amounts` are for each unit of the quantity, or of `meter`'s usage where that is set, in which case for each `each`
    units begun; empty where there are `tiers`. `bundled` are lookup keys of prices that come into the subscription
    with this one and are not offered alone. `countries` (ISO 3166-1 alpha-2, upper case) where it is offered; empty:
    everywhere. `extra_features` come with this price alone (grandfathering); `on_sale` False is never offered, but
    still honoured. `lasts_days` is for how long what was paid ONCE is given, None: for ever.
    """

    interval: Interval
    amounts: tuple[Money, ...]
    price_id: str | None = None
    lookup_key: str | None = None
    extra_features: frozenset[str] = frozenset()
    on_sale: bool = True
    tiers: tuple[Tier, ...] = ()
    tier_mode: TierMode | None = None
    meter: str | None = None
    each: int = 1
    tax: TaxBehavior | None = None
    bundled: tuple[str, ...] = ()
    countries: frozenset[str] = frozenset()
    lasts_days: int | None = None

    @property
    def names(self) -> frozenset[str]:
        """By which Stripe's price is recognised."""
        return frozenset(name for name in (self.price_id, self.lookup_key) if name)

    @property
    def is_free(self) -> bool:
        """Whether a subscription by it costs nothing, ever."""
        metered = self.meter is not None or bool(self.tiers)
        return self.interval is not Interval.ONCE and not metered and not any(m.amount_minor for m in self.amounts)

    @property
    def currencies(self) -> frozenset[str]:
        amounts = self.tiers[0].amounts if self.tiers else self.amounts
        return frozenset(money.currency for money in amounts)


class TrialEnd(StrEnum):
    """What becomes of a trial at whose end nobody has paid. FREE: the default plan; never nothing at all."""

    CANCEL = "cancel"
    PAUSE = "pause"
    INVOICE = "invoice"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Trial:
    """`days` of the whole plan; `card`: only with a way to pay."""

    days: int
    card: bool
    ends: TrialEnd


class CouponDuration(StrEnum):
    ONCE = "once"
    REPEATING = "repeating"
    FOREVER = "forever"


@dataclass(frozen=True, slots=True)
class Coupon:
    """Either `percent_off` or `amounts_off`. `months` of REPEATING; `plans` it is for, empty: all; `codes` to type."""

    key: str
    name: str
    duration: CouponDuration
    percent_off: int | None = None
    amounts_off: tuple[Money, ...] = ()
    months: int | None = None
    plans: frozenset[str] = frozenset()
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanLimit:
    """A contribution of `value` to `limit`; `per_quantity`: for each unit of the subscription item's quantity.

    None is no limit.
    """

    limit: str
    value: Amount
    per_quantity: bool = False


@dataclass(frozen=True, slots=True)
class PlanLevel:
    """The word of `level` that a plan comes with."""

    level: str
    value: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Something to subscribe to. `rank` orders plans, lowest first; `products` are Stripe product ids that mean it.

    What was sold as a `version` never changes. `earlier` versions are honoured for whom they were sold to, by the
    prices of their own; those of the versions it `replaces` have this one instead.
    """

    key: str
    name: str
    description: str
    rank: int
    features: frozenset[str]
    limits: tuple[PlanLimit, ...] = ()
    prices: tuple[Price, ...] = ()
    products: frozenset[str] = frozenset()
    add_on: bool = False
    levels: tuple[PlanLevel, ...] = ()
    version: int = 1
    replaces: frozenset[int] = frozenset()
    earlier: tuple["Plan", ...] = ()
    trial: Trial | None = None
    tax_code: str | None = None

    @property
    def on_sale(self) -> bool:
        return any(price.on_sale for price in self.prices)

    @property
    def offered_prices(self) -> tuple[Price, ...]:
        """Those that can be chosen: on sale, and not merely part of another."""
        parts = {key for price in self.prices for key in price.bundled}
        return tuple(price for price in self.prices if price.on_sale and price.lookup_key not in parts)

    @property
    def versions(self) -> tuple["Plan", ...]:
        """This one and those earlier, all of which are honoured."""
        return (self, *self.earlier)


@dataclass(frozen=True, slots=True)
class Feature:
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Limit:
    """`metered`: a quota for a month, counted by the meter of the same key; else so many at a time."""

    key: str
    name: str
    metered: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """A value that is one word of `scale`, lowest first."""

    key: str
    name: str
    scale: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """When a subscription gives access. Statuses are Stripe's; a dispute status not in `open_disputes` is closed.

    `read_only_ends` are the features that write: they end where access is read-only. A subscription that stays unpaid
    is cancelled `unpaid_ends_after_days` after it became so; None: never.
    """

    states: Mapping[str, StateAccess]
    paused_collection: Mapping[str, PauseEffect]
    open_disputes: frozenset[str]
    open_dispute: DisputeEffect
    lost_dispute: DisputeEffect
    dunning: DunningPolicy = NO_DUNNING
    read_only_ends: frozenset[str] = frozenset()
    unpaid_ends_after_days: int | None = None

    @property
    def granting_statuses(self) -> frozenset[str]:
        """In which a subscription gives anything."""
        return frozenset(status for status, access in self.states.items() if access is not StateAccess.NONE)


@dataclass(frozen=True, slots=True)
class Sold:
    """What a subscription item turned out to be: a plan, and the price it is paid by where the catalogue names it."""

    plan: Plan
    price: Price | None


@dataclass(frozen=True, slots=True)
class Route:
    """Addresses that begin with `path` are for holders of `feature`; `fresh`: only the origin may say who they are."""

    path: str
    feature: str
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class EdgeMap:
    """What an edge decides by itself; `upgrade` is where it sends whoever lacks a feature."""

    upgrade: str = "/"
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """Everything on sale and the access policy. Implements `gating.ports.Offers`.

    `plans` and `add_ons` are by rank. `default_plan` is what everybody has without a subscription. `policies` take
    away, whoever gives.
    """

    features: Mapping[str, Feature]
    limits: Mapping[str, Limit]
    plans: tuple[Plan, ...]
    add_ons: tuple[Plan, ...]
    default_plan: Plan | None
    access: AccessPolicy
    levels: Mapping[str, Level] = field(default_factory=dict[str, Level])
    coupons: tuple[Coupon, ...] = ()
    tax: TaxBehavior = TaxBehavior.EXCLUSIVE
    edge: EdgeMap = EdgeMap()
    policies: tuple[Policy, ...] = ()
    _by_reference: Mapping[str, Sold] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        sold: dict[str, Sold] = {}
        for plan in (each for current in (*self.plans, *self.add_ons) for each in current.versions):
            sold.update({product: Sold(plan, None) for product in plan.products})
            for price in plan.prices:
                sold.update(dict.fromkeys(price.names, Sold(plan, price)))
        object.__setattr__(self, "_by_reference", sold)

    @property
    def free_features(self) -> frozenset[str]:
        return self.default_plan.features if self.default_plan else frozenset()

    @property
    def quotas(self) -> frozenset[str]:
        """Keys of the limits that are for a month."""
        return frozenset(key for key, limit in self.limits.items() if limit.metered)

    @property
    def scales(self) -> Scales:
        return {level.key: level.scale for level in self.levels.values()}

    @property
    def baseline(self) -> Holdings:
        """What everybody holds and nobody stores: the default plan's, of Source.FREE, in the order of keys."""
        plan = self.default_plan
        if plan is None:
            return Holdings()
        why = (Source.FREE, plan.key)
        return Holdings(
            tuple(Grant(feature, *why, plan.key) for feature in sorted(plan.features)),
            tuple(LimitGrant(limit.limit, limit.value, *why) for limit in plan.limits if not limit.per_quantity),
            tuple(LevelGrant(level.level, level.value, *why) for level in plan.levels),
        )

    def find_plan(self, key: str) -> Plan | None:
        """The plan or add-on named `key`."""
        return next((plan for plan in (*self.plans, *self.add_ons) if plan.key == key), None)

    def find_sold(self, *, price_id: str, lookup_key: str | None, product_id: str) -> Sold | None:
        """What a Stripe price is in this catalogue: by price id, then lookup key, then product; None when not ours."""
        for reference in (price_id, lookup_key, product_id):
            if reference and reference in self._by_reference:
                return self._by_reference[reference]
        return None

    def plans_with(self, feature: str) -> tuple[str, ...]:
        """Keys of the plans on sale that include `feature`, then of such add-ons, cheapest first."""
        plans = (*self.plans, *self.add_ons)
        return tuple(plan.key for plan in plans if plan.on_sale and feature in plan.features | self.free_features)

    def plans_beyond(self, limit: str, amount: int) -> tuple[Offer, ...]:
        """Plans on sale with more of `limit` than `amount`, by rank; then such add-ons."""
        return tuple(
            Offer(plan.key, plan.name)
            for plan in (*self.plans, *self.add_ons)
            if plan.on_sale
            and any(each.limit == limit and (each.value is None or each.value > amount) for each in plan.limits)
        )

    def for_denial(self, denied: Denied) -> tuple[Offer, ...]:
        """Plans on sale that, with the default plan, satisfy all the rule's needs, by rank; then such add-ons."""
        return tuple(
            Offer(plan.key, plan.name)
            for plan in (*self.plans, *self.add_ons)
            if plan.on_sale
            and all(satisfied(need, (plan.features | self.free_features) - denied.barred) for need in denied.rule.needs)
        )

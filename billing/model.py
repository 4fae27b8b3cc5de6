"""The catalogue as a value: plans, add-ons, prices, limits, and when a subscription gives access."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gating.model import Denied, satisfied
from gating.ports import Offer


class Interval(StrEnum):
    MONTH = "month"
    YEAR = "year"


class PauseEffect(StrEnum):
    """What a paused collection does to access. UNTIL_PERIOD_END: until the period end in force when it was paused."""

    KEEP = "keep"
    UNTIL_PERIOD_END = "until_period_end"
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


@dataclass(frozen=True, slots=True)
class Price:
    """One way to pay for a plan. At least one of `price_id` and `lookup_key` is set.

    `extra_features` come with this price alone (grandfathering); `on_sale` False is never offered, but still honoured.
    """

    interval: Interval
    amounts: tuple[Money, ...]
    price_id: str | None = None
    lookup_key: str | None = None
    extra_features: frozenset[str] = frozenset()
    on_sale: bool = True


@dataclass(frozen=True, slots=True)
class PlanLimit:
    """A contribution of `value` to `limit`; `per_quantity`: for each unit of the subscription item's quantity."""

    limit: str
    value: int
    per_quantity: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Something to subscribe to. `rank` orders plans, lowest first; `products` are Stripe product ids that mean it."""

    key: str
    name: str
    description: str
    rank: int
    features: frozenset[str]
    limits: tuple[PlanLimit, ...] = ()
    prices: tuple[Price, ...] = ()
    products: frozenset[str] = frozenset()
    add_on: bool = False

    @property
    def on_sale(self) -> bool:
        return any(price.on_sale for price in self.prices)


@dataclass(frozen=True, slots=True)
class Feature:
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Limit:
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """When a subscription gives access. Statuses are Stripe's; a dispute status not in `open_disputes` is closed."""

    granting_statuses: frozenset[str]
    paused_collection: Mapping[str, PauseEffect]
    open_disputes: frozenset[str]
    open_dispute: DisputeEffect
    lost_dispute: DisputeEffect


@dataclass(frozen=True, slots=True)
class Sold:
    """What a subscription item turned out to be: a plan, and the price it is paid by where the catalogue names it."""

    plan: Plan
    price: Price | None


@dataclass(frozen=True)
class Catalogue:
    """Everything on sale and the access policy. Implements `gating.ports.Offers`.

    `plans` and `add_ons` are by rank. `default_plan` is what everybody has without a subscription.
    """

    features: Mapping[str, Feature]
    limits: Mapping[str, Limit]
    plans: tuple[Plan, ...]
    add_ons: tuple[Plan, ...]
    default_plan: Plan | None
    access: AccessPolicy
    _by_reference: Mapping[str, Sold] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        sold: dict[str, Sold] = {}
        for plan in (*self.plans, *self.add_ons):
            sold.update({product: Sold(plan, None) for product in plan.products})
            for price in plan.prices:
                sold.update({ref: Sold(plan, price) for ref in (price.price_id, price.lookup_key) if ref})
        object.__setattr__(self, "_by_reference", sold)

    @property
    def free_features(self) -> frozenset[str]:
        return self.default_plan.features if self.default_plan else frozenset()

    @property
    def free_limits(self) -> dict[str, int]:
        return {limit.limit: limit.value for limit in self.default_plan.limits} if self.default_plan else {}

    def find_plan(self, key: str) -> Plan | None:
        """The plan or add-on named `key`."""
        return next((plan for plan in (*self.plans, *self.add_ons) if plan.key == key), None)

    def find_sold(self, *, price_id: str, lookup_key: str | None, product_id: str) -> Sold | None:
        """What a Stripe price is in this catalogue: by price id, then lookup key, then product; None when not ours."""
        for reference in (price_id, lookup_key, product_id):
            if reference and reference in self._by_reference:
                return self._by_reference[reference]
        return None

    def limits_with(self, granted: Mapping[str, int]) -> dict[str, int]:
        """What a member may use: what its grants add up to, or the default plan's limit where that is more."""
        free = self.free_limits
        return {key: max(granted.get(key, 0), free.get(key, 0)) for key in {**free, **granted}}

    def for_denial(self, denied: Denied) -> tuple[Offer, ...]:
        """Plans on sale that, with the default plan, satisfy all the rule's needs, by rank; then such add-ons."""
        return tuple(
            Offer(plan.key, plan.name)
            for plan in (*self.plans, *self.add_ons)
            if plan.on_sale and all(satisfied(need, plan.features | self.free_features) for need in denied.rule.needs)
        )

"""From what Stripe says to what a member holds. Pure: equal facts give equal grants, whatever the order they came in.

No clock: grants are dated, and end by themselves.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from billing.dunning import Episode, InvoiceFact, StageAccess, episodes_of, narrows_at
from billing.facts import paused_until
from billing.model import AccessPolicy, Catalogue, DisputeEffect, PauseEffect, Plan, Sold, StateAccess
from billing.state import Dispute, PauseFact, Subscription, SubscriptionItem
from gating.merge import Amount
from gating.model import Grant, Holdings, LevelGrant, LimitGrant, Source


def holdings_of(
    subscriptions: Iterable[Subscription],
    disputes: Collection[Dispute],
    pauses: Collection[PauseFact],
    catalogue: Catalogue,
    invoices: Collection[InvoiceFact] = (),
) -> Holdings:
    """The union over all subscriptions that give access, less what disputes suspend; sorted, each grant once.

    In grace, `invoices` say since when a payment fails, and so when the policy's stages end what.
    """
    policy = catalogue.access
    if any(effect_of(dispute, policy) is DisputeEffect.SUSPEND_ALL for dispute in disputes):
        return Holdings()
    suspended = {each.subscription_id for each in disputes if effect_of(each, policy) is not DisputeEffect.KEEP}
    episodes = episodes_of(invoices)
    grants: set[Grant] = set()
    limits: list[LimitGrant] = []
    levels: set[LevelGrant] = set()
    for subscription in subscriptions:
        if subscription.id in suspended or not gives_access(subscription, policy):
            continue
        ends = Ends.of(subscription, pauses, episodes, policy)
        ends_at = ends.at
        counted: set[tuple[str, int]] = set()
        for item, sold in sold_items(subscription, catalogue):
            grants.update(_grants(subscription, sold, catalogue, ends))
            again = (sold.plan.key, sold.plan.version) in counted
            limits.extend(_limits(subscription, item, sold.plan, ends_at, again=again))
            counted.add((sold.plan.key, sold.plan.version))
            levels.update(_levels(subscription, sold.plan, ends_at))
    return in_order(Holdings(tuple(grants), tuple(limits), tuple(levels)))


def in_order(holdings: Holdings) -> Holdings:
    """The same in one order, each grant once, so that equal holdings compare equal."""
    return Holdings(
        tuple(sorted(set(holdings.grants), key=_order)),
        tuple(sorted(holdings.limits, key=_order)),
        tuple(sorted(set(holdings.levels), key=_order)),
    )


def effect_of(dispute: Dispute, policy: AccessPolicy) -> DisputeEffect:
    if dispute.status in policy.open_disputes:
        return policy.open_dispute
    return policy.lost_dispute if dispute.status == "lost" else DisputeEffect.KEEP


def gives_access(subscription: Subscription, policy: AccessPolicy) -> bool:
    effect = policy.paused_collection.get(subscription.pause_behavior or "", PauseEffect.KEEP)
    return subscription.status in policy.granting_statuses and effect is not PauseEffect.NONE


def ends_of(subscription: Subscription, pauses: Collection[PauseFact], policy: AccessPolicy) -> datetime | None:
    """When access ends with no further event: by a cancellation asked for, or a pause of collection.

    A trial's end is not one: what follows it is another status. A pause whose beginning nothing proves has already
    ended it, for nobody is let in on a guess; the proving event dates it as soon as it arrives.
    """
    ends = [subscription.ending_at] if subscription.ending_at else []
    if policy.paused_collection.get(subscription.pause_behavior or "") is PauseEffect.UNTIL_PERIOD_END:
        ends.append(paused_until(subscription.id, pauses) or subscription.created_at)
    return min(ends, default=None)


@dataclass(frozen=True, slots=True)
class Ends:
    """When what a subscription gives ends with no further event: all of it, and what `writes`, which ends earlier.

    `without_writes`: what writes is not given at all.
    """

    at: datetime | None
    writes_at: datetime | None
    writes: frozenset[str]
    without_writes: bool

    @classmethod
    def of(
        cls,
        subscription: Subscription,
        pauses: Collection[PauseFact],
        episodes: Collection[Episode],
        policy: AccessPolicy,
    ) -> "Ends":
        access, ends = policy.states.get(subscription.status), ends_of(subscription, pauses, policy)
        if access is not StateAccess.GRACE:
            return cls(ends, ends, policy.read_only_ends, access is StateAccess.RESTRICTED)
        none_at = narrows_at(StageAccess.NONE, subscription.id, episodes, policy.dunning)
        read_only_at = narrows_at(StageAccess.READ_ONLY, subscription.id, episodes, policy.dunning)
        at = _earliest(ends, none_at)
        return cls(at, _earliest(at, read_only_at), policy.read_only_ends, without_writes=False)


def _earliest(*instants: datetime | None) -> datetime | None:
    return min((instant for instant in instants if instant), default=None)


def sold_items(subscription: Subscription, catalogue: Catalogue) -> Iterator[tuple[SubscriptionItem, Sold]]:
    """The items that the catalogue knows; others give nothing."""
    for item in subscription.items:
        sold = catalogue.find_sold(price_id=item.price_id, lookup_key=item.lookup_key, product_id=item.product_id)
        if sold is not None:
            yield item, sold


def plan_of(subscription: Subscription, catalogue: Catalogue) -> Plan | None:
    """The highest plan among the subscription's items; None when it has add-ons only, or nothing we sell."""
    plans = [sold.plan for _, sold in sold_items(subscription, catalogue) if not sold.plan.add_on]
    return max(plans, key=lambda plan: plan.rank, default=None)


def _grants(subscription: Subscription, sold: Sold, catalogue: Catalogue, ends: Ends) -> Iterator[Grant]:
    """Grandfathered is what comes with the price alone, or with an earlier version and no longer with the plan."""
    extra = sold.price.extra_features if sold.price else frozenset[str]()
    current = catalogue.find_plan(sold.plan.key) or sold.plan
    for feature in sold.plan.features | extra:
        source = _source(subscription, sold.plan)
        if feature not in sold.plan.features & current.features:
            source = Source.GRANDFATHERED
        writes = feature in ends.writes
        if not (writes and ends.without_writes):
            ends_at = ends.writes_at if writes else ends.at
            yield Grant(feature, source, subscription.id, sold.plan.key, ends_at=ends_at)


def _limits(
    subscription: Subscription, item: SubscriptionItem, plan: Plan, ends_at: datetime | None, *, again: bool
) -> Iterator[LimitGrant]:
    """`again`: for another item of the same plan, such as its usage beside its base: only what depends on quantity."""
    for limit in plan.limits:
        value = _times(limit.value, item.quantity or 0) if limit.per_quantity else limit.value
        if limit.per_quantity or not again:
            yield LimitGrant(limit.limit, value, _source(subscription, plan), subscription.id, ends_at=ends_at)


def _times(value: Amount, quantity: int) -> Amount:
    return None if value is None else value * quantity


def _levels(subscription: Subscription, plan: Plan, ends_at: datetime | None) -> Iterator[LevelGrant]:
    for level in plan.levels:
        yield LevelGrant(level.level, level.value, _source(subscription, plan), subscription.id, ends_at=ends_at)


def _source(subscription: Subscription, plan: Plan) -> Source:
    if plan.add_on:
        return Source.ADD_ON
    return Source.TRIAL if subscription.status == "trialing" else Source.SUBSCRIPTION


def _order(grant: Grant | LimitGrant | LevelGrant) -> tuple[str, ...]:
    match grant:
        case Grant():
            name = f"{grant.feature} {grant.plan}"
        case LimitGrant():
            name = f"{grant.limit} {'unlimited' if grant.value is None else f'{grant.value:020}'}"
        case LevelGrant():
            name = f"{grant.level} {grant.value}"
    return (name, grant.source, grant.source_id, str(grant.starts_at), str(grant.ends_at))

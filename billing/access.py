"""From what Stripe says to what a member holds. Pure: equal facts give equal grants, whatever the order they came in.

No clock: grants are dated, and end by themselves.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from billing.dunning import Episode, InvoiceFact, StageAccess, episodes_of, narrows_at
from billing.facts import paused_until
from billing.granting import Ends, Share, earliest, grants_of, levels_of, limits_of
from billing.model import AccessPolicy, Catalogue, DisputeEffect, Interval, PauseEffect, Plan, Sold, StateAccess
from billing.state import Dispute, PauseFact, Purchase, Subscription, SubscriptionItem
from billing.trials import plan_trial_of
from gating.model import Grant, Holdings, LevelGrant, LimitGrant, Source


def holdings_of(
    subscriptions: Iterable[Subscription],
    disputes: Collection[Dispute],
    pauses: Collection[PauseFact],
    catalogue: Catalogue,
    invoices: Collection[InvoiceFact] = (),
    purchases: Iterable[Purchase] = (),
) -> Holdings:
    """The union over all subscriptions that give access and all purchases, less what disputes suspend; sorted.

    In grace, `invoices` say since when a payment fails, and so when the policy's stages end what.
    """
    policy, subscriptions = catalogue.access, list(subscriptions)
    countries = tuple(sorted({each.country for each in subscriptions if each.country}))
    if any(effect_of(dispute, policy) is DisputeEffect.SUSPEND_ALL for dispute in disputes):
        return Holdings(countries=countries)
    suspended = {each.subscription_id for each in disputes if effect_of(each, policy) is not DisputeEffect.KEEP}
    episodes = episodes_of(invoices)
    shares: list[Share] = []
    for subscription in subscriptions:
        if subscription.id not in suspended and gives_access(subscription, policy):
            shares += _shares_of(subscription, narrowed_ends_of(subscription, pauses, episodes, policy), catalogue)
    for purchase in purchases:
        if not (purchase.refunded or _is_disputed(purchase, disputes, policy)):
            shares += _shares_of_purchase(purchase, catalogue)
    return in_order(
        Holdings(
            tuple(grant for share in shares for grant in grants_of(share, catalogue)),
            tuple(limit for share in shares for limit in limits_of(share)),
            tuple(level for share in shares for level in levels_of(share)),
            countries=countries,
        )
    )


def in_order(holdings: Holdings) -> Holdings:
    """The same in one order, each grant once, so that equal holdings compare equal."""
    return Holdings(
        tuple(sorted(set(holdings.grants), key=_order)),
        tuple(sorted(holdings.limits, key=_order)),
        tuple(sorted(set(holdings.levels), key=_order)),
        countries=holdings.countries,
    )


def effect_of(dispute: Dispute, policy: AccessPolicy) -> DisputeEffect:
    if dispute.status in policy.open_disputes:
        return policy.open_dispute
    return policy.lost_dispute if dispute.status == "lost" else DisputeEffect.KEEP


def gives_access(subscription: Subscription, policy: AccessPolicy) -> bool:
    effect = policy.paused_collection.get(subscription.pause_behavior or "", PauseEffect.KEEP)
    return subscription.status in policy.granting_statuses and effect is not PauseEffect.NONE


def ends_of(subscription: Subscription, pauses: Collection[PauseFact], policy: AccessPolicy) -> datetime | None:
    """When access ends with no further event: by a cancellation asked for, a trial, or a pause of collection.

    A trial ends it where nothing can be charged then. Whoever can be charged goes on, and so does whoever renews: the
    end of a period is no end of access, for a renewal that we hear of late must lock nobody out. A pause whose
    beginning nothing proves, no event and no invoice, has already ended it, for nobody is let in on a guess; the
    proving event dates it as soon as it arrives.
    """
    ends = [subscription.ending_at] if subscription.ending_at else []
    if subscription.ends_with_trial and subscription.trial_end:
        ends.append(subscription.trial_end)
    if policy.paused_collection.get(subscription.pause_behavior or "") is PauseEffect.UNTIL_PERIOD_END:
        ends.append(paused_until(subscription.id, pauses) or subscription.created_at)
    return min(ends, default=None)


def narrowed_ends_of(
    subscription: Subscription, pauses: Collection[PauseFact], episodes: Collection[Episode], policy: AccessPolicy
) -> Ends:
    """As `ends_of`, and by the state's access and the stages of dunning."""
    access, ends = policy.states.get(subscription.status), ends_of(subscription, pauses, policy)
    if access is not StateAccess.GRACE:
        return Ends(ends, ends, policy.read_only_ends, access is StateAccess.RESTRICTED)
    none_at = narrows_at(StageAccess.NONE, subscription.id, episodes, policy.dunning)
    read_only_at = narrows_at(StageAccess.READ_ONLY, subscription.id, episodes, policy.dunning)
    at = earliest(ends, none_at)
    return Ends(at, earliest(at, read_only_at), policy.read_only_ends)


def _shares_of(subscription: Subscription, ends: Ends, catalogue: Catalogue) -> Iterator[Share]:
    """Of each item; and of a trial on top, while which the plan beneath counts for no limit of its own."""
    trial = plan_trial_of(subscription, catalogue, plan_of(subscription, catalogue))
    seen: set[tuple[str, int]] = set()
    for item, sold in sold_items(subscription, catalogue):
        plan, version = sold.plan, (sold.plan.key, sold.plan.version)
        starts_at = trial.until if trial and not plan.add_on else None
        source = _source(subscription, plan)
        quantity = item.quantity or 0
        yield Share(plan, sold.price, source, subscription.id, quantity, ends, starts_at, again=version in seen)
        seen.add(version)
    if trial:
        yield Share(trial.plan, None, Source.TRIAL, subscription.id, 1, ends.before(trial.until))


def _shares_of_purchase(purchase: Purchase, catalogue: Catalogue) -> Iterator[Share]:
    """For ever, or for as long as the price says. A plan bought once is permanent, from a former purchase."""
    for item in purchase.items:
        sold = catalogue.find_sold(price_id=item.price_id, lookup_key=item.lookup_key, product_id=item.product_id)
        if sold and sold.price and sold.price.interval is Interval.ONCE:
            source = Source.ADD_ON if sold.plan.add_on else Source.GRANDFATHERED
            until = purchase.bought_at + timedelta(days=sold.price.lasts_days) if sold.price.lasts_days else None
            why = (source, purchase.id, item.quantity)
            yield Share(sold.plan, sold.price, *why, Ends(until, until), times=item.quantity)


def _is_disputed(purchase: Purchase, disputes: Iterable[Dispute], policy: AccessPolicy) -> bool:
    """By a dispute that is not won: what was bought is lost with the money, whatever a subscription would keep."""
    paid_by = {purchase.charge_id, purchase.payment_intent_id} - {None}
    about = (each for each in disputes if {each.charge_id, each.payment_intent_id} & paid_by)
    return any(each.status == "lost" or each.status in policy.open_disputes for each in about)


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

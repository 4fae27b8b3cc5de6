"""Subscriptions as Stripe has them, and Stripe's events, as we mirror and keep them."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import strawberry

from billing.events import StripeEvent, count_events, find_event, list_events
from billing.model import Plan
from billing.state import Subscription
from billing.subscriptions import count_subscriptions, find_subscriptions_of, list_subscriptions
from identity.members import Member
from resolvers.connection import After, Connection, First, connect, page_for
from resolvers.context import Context, Info
from resolvers.inputs import text_of

EVENTS_SCOPE = "events:read"


class SubscriptionStatus(StrEnum):
    """Stripe's own words."""

    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELED = "canceled"
    UNPAID = "unpaid"
    PAUSED = "paused"


Status = Annotated[
    SubscriptionStatus | None, strawberry.argument(description="Only those in this status; all when left out.")
]
EventType = Annotated[
    str | None,
    strawberry.argument(description="Only events of this type, as Stripe names them; all when left out."),
]


async def subscription(root: strawberry.Parent[Member], info: Info) -> Subscription | None:
    return await info.context.load(load_subscriptions, root.id)


def plan(root: strawberry.Parent[Subscription], info: Info) -> Plan | None:
    """The highest plan that its items pay for, add-ons aside."""
    catalogue = info.context.services.catalogue
    sold = [
        catalogue.find_sold(price_id=item.price_id, lookup_key=item.lookup_key, product_id=item.product_id)
        for item in root.items
    ]
    plans = [each.plan for each in sold if each and not each.plan.add_on]
    return max(plans, key=lambda each: each.rank, default=None)


async def subscriptions(
    info: Info, first: First = 20, after: After = None, status: Status = None
) -> Connection[Subscription]:
    database, page = info.context.services.database, page_for(first, after, "begun", str)
    wanted = None if status is None else status.value
    found = await list_subscriptions(database, status=wanted, after=page.after_id, limit=page.limit)
    rows = [(each.id, each) for each in found]
    return connect(rows, page, lambda: count_subscriptions(database, status=wanted))


async def stripe_events(
    info: Info, first: First = 20, after: After = None, type: EventType = None
) -> Connection[StripeEvent]:
    database, page = info.context.services.database, page_for(first, after, "arrived", str)
    wanted = None if type is None else text_of("type", type)
    found = await list_events(database, type=wanted, after=page.after_id, limit=page.limit)
    rows = [(each.id, each) for each in found]
    return connect(rows, page, lambda: count_events(database, type=wanted))


async def load_subscriptions(context: Context, member_ids: Sequence[str]) -> Sequence[Subscription | None]:
    found = await find_subscriptions_of(context.services.database, member_ids)
    return [found.get(member_id) for member_id in member_ids]


async def event(info: Info, event_id: str) -> StripeEvent | None:
    """For `node`: None to whoever may not list events."""
    if EVENTS_SCOPE not in info.context.access.scopes:
        return None
    return await find_event(info.context.services.database, event_id)

"""Whether what Stripe answered was already what its own latest event had told; if not, Stripe is asked again.

Nowhere does Stripe promise that a read is at least as new as an event it has sent. So where the newest event about a
subscription claims another state than the one fetched, the customer is looked at again after 5 and after 60 seconds.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.objects import object_in, subscription_from
from billing.state import ENDED, Subscription

RECHECK_AFTER_SECONDS = (5.0, 55.0)
"""The second one counts from the first."""

RECENT = timedelta(seconds=120)
"""Older events claim nothing: a read that lags behind for longer would be an outage."""

CLAIMS = text(
    "SELECT created_at, body FROM stripe_event WHERE customer_id = :customer_id"
    " AND type LIKE 'customer.subscription.%' AND received_at > :since AND created_at > :since"
)
SCHEDULE = text(
    "UPDATE customer_sync SET rechecks = CASE WHEN :unsettled THEN rechecks + 1 ELSE 0 END,"
    " recheck_at = CASE WHEN :unsettled THEN now() + make_interval(secs =>"
    " (CAST(:waits AS double precision[]))[rechecks + 1]) END"
    " WHERE customer_id = :customer_id AND (:unsettled OR rechecks > 0)"
)


@dataclass(frozen=True, slots=True)
class Told:
    """A subscription as one event, created at `at`, shows it."""

    at: datetime
    subscription: Subscription


def is_settled(mirror: Iterable[Subscription], told: Collection[Told]) -> bool:
    """True when, of each subscription told of, one of its newest events (of the same second) shows what was fetched."""
    fetched = {subscription.id: _essence(subscription) for subscription in mirror}
    newest: dict[str, datetime] = {}
    for each in told:
        newest[each.subscription.id] = max(each.at, newest.get(each.subscription.id, each.at))
    unsettled = set(newest)
    for each in told:
        id, status = each.subscription.id, each.subscription.status
        absent = id not in fetched and status in ENDED
        if each.at == newest[id] and (absent or fetched.get(id) == _essence(each.subscription)):
            unsettled.discard(id)
    return not unsettled


def _essence(subscription: Subscription) -> tuple[object, ...]:
    items = tuple((item.id, item.price_id, item.quantity) for item in subscription.items)
    return (subscription.status, subscription.ending_at, subscription.pause_behavior, items)


async def schedule_recheck(
    connection: AsyncConnection, customer_id: str, mirror: Iterable[Subscription], now: datetime
) -> None:
    """In the saving transaction: an unsettled customer is due again, at most twice; of others that is forgotten."""
    rows = await connection.execute(CLAIMS, {"customer_id": customer_id, "since": now - RECENT})
    told = [told for row in rows if (told := _told(row.created_at, row.body))]
    unsettled = not is_settled(mirror, told)
    waits = {"unsettled": unsettled, "waits": list(RECHECK_AFTER_SECONDS)}
    await connection.execute(SCHEDULE, {"customer_id": customer_id, **waits})


def _told(at: datetime, body: str) -> Told | None:
    """None also where the event holds only the first page of the items."""
    subject = object_in(object_in(orjson.loads(body), "data"), "object")
    subscription = subscription_from(subject)
    whole = object_in(subject, "items").get("has_more") is not True
    return Told(at, subscription) if subscription and whole else None

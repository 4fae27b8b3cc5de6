"""Our copy of Stripe's subscriptions and disputes, and the log of every change to it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.state import ENDED, Dispute, Subscription, SubscriptionItem

MIRRORED = text("SELECT id, content FROM subscription WHERE customer_id = :customer_id")
SAVE = text(
    "INSERT INTO subscription (id, customer_id, status, created_at, content)"
    " VALUES (:id, :customer_id, :status, :created_at, CAST(:content AS jsonb))"
    " ON CONFLICT (id) DO UPDATE SET customer_id = excluded.customer_id, status = excluded.status,"
    " created_at = excluded.created_at, content = excluded.content"
)
FORGET = text("DELETE FROM subscription WHERE id = :id")
LOG = text(
    "INSERT INTO subscription_log (subscription_id, customer_id, before, after, recorded_at)"
    " VALUES (:id, :customer_id, CAST(:before AS jsonb), CAST(:after AS jsonb), :now)"
)
FORGET_DISPUTES = text("DELETE FROM dispute WHERE customer_id = :customer_id AND NOT id = ANY(:ids)")
SAVE_DISPUTE = text(
    "INSERT INTO dispute (id, customer_id, status, created_at, charge_id, payment_intent_id, subscription_id)"
    " VALUES (:id, :customer_id, :status, :created_at, :charge_id, :payment_intent_id, :subscription_id)"
    " ON CONFLICT (id) DO UPDATE SET customer_id = excluded.customer_id, status = excluded.status,"
    " charge_id = excluded.charge_id, payment_intent_id = excluded.payment_intent_id,"
    " subscription_id = excluded.subscription_id"
)


async def save_subscriptions(
    connection: AsyncConnection, customer_id: str, fetched: Iterable[Subscription], now: datetime
) -> list[Subscription]:
    """Makes the mirror equal what was fetched, logs each change, and returns the mirror.

    A subscription that has ended stays ended, and stays, whatever is fetched later.
    """
    rows = await connection.execute(MIRRORED, {"customer_id": customer_id})
    before = {row.id: subscription_in(row.content) for row in rows}
    after = {subscription.id: _lasting(before.get(subscription.id), subscription) for subscription in fetched}
    after |= {id: former for id, former in before.items() if id not in after and former.status in ENDED}
    for id in sorted(before.keys() | after.keys()):
        if before.get(id) != after.get(id):
            await _save(connection, customer_id, id, before.get(id), after.get(id), now)
    return [after[id] for id in sorted(after)]


def _lasting(former: Subscription | None, fetched: Subscription) -> Subscription:
    if former is None or former.status not in ENDED or fetched.status == former.status:
        return fetched
    return replace(fetched, status=former.status, canceled_at=former.canceled_at, ended_at=former.ended_at)


async def _save(
    connection: AsyncConnection,
    customer_id: str,
    id: str,
    before: Subscription | None,
    after: Subscription | None,
    now: datetime,
) -> None:
    if after is None:
        await connection.execute(FORGET, {"id": id})
    else:
        row = {"id": id, "customer_id": customer_id, "status": after.status, "created_at": after.created_at}
        await connection.execute(SAVE, {**row, "content": encode_subscription(after)})
    entry = {"id": id, "customer_id": customer_id, "now": now}
    old, new = (encode_subscription(each) if each else None for each in (before, after))
    await connection.execute(LOG, {**entry, "before": old, "after": new})


async def save_disputes(connection: AsyncConnection, customer_id: str, disputes: Collection[Dispute]) -> None:
    """Makes the customer's disputes equal these."""
    await connection.execute(FORGET_DISPUTES, {"customer_id": customer_id, "ids": [each.id for each in disputes]})
    rows = [
        {
            "id": dispute.id,
            "customer_id": customer_id,
            "status": dispute.status,
            "created_at": dispute.created_at,
            "charge_id": dispute.charge_id,
            "payment_intent_id": dispute.payment_intent_id,
            "subscription_id": dispute.subscription_id,
        }
        for dispute in sorted(disputes, key=lambda dispute: dispute.id)
    ]
    if rows:
        await connection.execute(SAVE_DISPUTE, rows)


def encode_subscription(subscription: Subscription) -> str:
    """JSON with instants in seconds since 1970; equal subscriptions give equal text."""
    return orjson.dumps(subscription, default=_seconds, option=ENCODING).decode()


ENCODING = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME


def _seconds(value: object) -> int:
    if isinstance(value, datetime):
        return int(value.timestamp())
    raise TypeError(type(value).__name__)


def subscription_in(content: Mapping[str, Any]) -> Subscription:
    """The subscription that `encode_subscription` wrote."""
    fields = {name: _instant(name, value) for name, value in content.items() if name != "items"}
    items = [
        SubscriptionItem(**{name: _instant(name, value) for name, value in item.items()}) for item in content["items"]
    ]
    return Subscription(**fields, items=tuple(items))


def _instant(name: str, value: Any) -> Any:
    if value is not None and (name.endswith("_at") or name in ("trial_end", "current_period_end")):
        return datetime.fromtimestamp(value, UTC)
    return value

"""Our copy of Stripe's subscriptions and disputes, and the log of every change to it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.facts import pauses_between
from billing.links import record_pauses
from billing.state import ENDED, Dispute, PaymentMethod, Subscription, SubscriptionItem

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
LAST_LOGGED = (
    "SELECT DISTINCT ON (subscription_id) subscription_id AS id, log.customer_id, after FROM subscription_log AS log"
    " JOIN subscription ON subscription.id = log.subscription_id WHERE subscription.customer_id = ANY(:customer_ids)"
    " ORDER BY subscription_id, number DESC"
)
OFF_THE_LOG = text(
    f"SELECT DISTINCT subscription.customer_id FROM subscription JOIN ({LAST_LOGGED}) AS last USING (id)"  # noqa: S608 - constants
    " WHERE subscription.content IS DISTINCT FROM last.after"
)
LOCK = text("SELECT 1 FROM customer_sync WHERE customer_id = ANY(:customer_ids) FOR UPDATE")
RESTORE = text(
    "UPDATE subscription SET content = last.after, status = last.after->>'status'"  # noqa: S608 - constants
    f" FROM ({LAST_LOGGED}) AS last WHERE subscription.id = last.id AND last.after IS NOT NULL"
    " AND subscription.content IS DISTINCT FROM last.after"
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
    """Makes the mirror equal what was fetched, logs each change and what it proves, and returns the mirror.

    A subscription that has ended stays ended, and stays, whatever is fetched later.
    """
    rows = await connection.execute(MIRRORED, {"customer_id": customer_id})
    before = {row.id: subscription_in(row.content) for row in rows}
    after = mirror_after(before, fetched)
    for id in sorted(before.keys() | after.keys()):
        if before.get(id) != after.get(id):
            await _save(connection, customer_id, id, before.get(id), after.get(id), now)
    await record_pauses(connection, pauses_between(before, after, now))
    return [after[id] for id in sorted(after)]


def mirror_after(before: Mapping[str, Subscription], fetched: Iterable[Subscription]) -> dict[str, Subscription]:
    """What the mirror becomes by what was fetched."""
    after = {subscription.id: _lasting(before.get(subscription.id), subscription) for subscription in fetched}
    return after | {id: former for id, former in before.items() if id not in after and former.status in ENDED}


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


async def list_off_the_log(connection: AsyncConnection, customer_ids: Collection[str]) -> frozenset[str]:
    """Those whose mirror is not what was last logged, so that somebody else has written to it."""
    return frozenset((await connection.execute(OFF_THE_LOG, {"customer_ids": list(customer_ids)})).scalars())


async def restore_from_log(connection: AsyncConnection, customer_id: str) -> None:
    """Makes the customer's mirror what was last logged: an end that was written by mistake would last for ever."""
    await connection.execute(LOCK, {"customer_ids": [customer_id]})
    await connection.execute(RESTORE, {"customer_ids": [customer_id]})


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
    if method := content.get("payment_method"):
        fields["payment_method"] = PaymentMethod(**{name: _instant(name, value) for name, value in method.items()})
    items = [
        SubscriptionItem(**{name: _instant(name, value) for name, value in item.items()}) for item in content["items"]
    ]
    return Subscription(**fields, items=tuple(items))


def _instant(name: str, value: Any) -> Any:
    if value is not None and (name.endswith("_at") or name in ("trial_end", "current_period_end")):
        return datetime.fromtimestamp(value, UTC)
    return value

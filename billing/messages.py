"""What members are owed to be told, worked out from what is stored, written once, and shown.

Nothing here is remembered but the rows themselves: whoever works it out again finds the same member, kind and cause, so
neither a second event nor a second worker makes a second message. Until other channels exist, the console shows them.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.dunning import RECOVERED
from billing.model import Catalogue
from billing.owed import CARD_NOTICE, LIVE, MOOT, owed_to
from billing.portfolio import Customer, get_customers
from billing.trials import PLAN as TRIAL_OF
from clock import Clock
from errors import Unavailable
from storage.database import Database
from storage.rows import Row

EVERY_SECONDS = 15.0
BATCH = 500

CONCERNED = (
    "SELECT DISTINCT customer_id FROM customer_sync LEFT JOIN subscription USING (customer_id)"
    " WHERE member_id IS NOT NULL AND customer_id > :after AND ((content->>'trial_end')::bigint > :moot"
    " OR content->'metadata'->>:trial <> ''"
    " OR (status = ANY(:live) AND (content->'payment_method'->>'expires_at')::bigint BETWEEN :now AND :soon)"
    " OR EXISTS (SELECT FROM stripe_invoice_fact AS fact WHERE fact.subscription_id = subscription.id"
    " AND fact.step IN ('failed', 'action_required'))"
    " OR EXISTS (SELECT FROM dispute WHERE dispute.customer_id = customer_sync.customer_id))"
    " AND NOT EXISTS (SELECT FROM stripe_unread WHERE stripe_unread.customer_id = customer_sync.customer_id)"
    " ORDER BY customer_id LIMIT :limit"
)
"""Not those with events that are still to be read: what was owed may be settled by then."""
RECORD = text(
    "INSERT INTO message (member_id, kind, cause, channels, due_at, state, recorded_at)"
    " VALUES (:member_id, :kind, :cause, :channels, :due_at, :state, :now) ON CONFLICT DO NOTHING"
)
TAKE_BACK = text(
    "UPDATE message SET state = 'skipped' WHERE state = 'owed' AND kind = 'card_expiring' AND NOT EXISTS ("
    " SELECT FROM customer_sync JOIN subscription USING (customer_id) WHERE customer_sync.member_id = message.member_id"
    " AND status = ANY(:live)"
    " AND concat(content->'payment_method'->>'id', ':', content->'payment_method'->>'expires_at') = message.cause)"
)
TOLD = text("SELECT EXISTS (SELECT FROM message WHERE cause = :cause AND state <> 'skipped')")
SHOW = text(
    "UPDATE message SET state = 'shown' WHERE number = (SELECT number FROM message WHERE state = 'owed'"
    " ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING member_id, kind, cause, channels, due_at"
)
OF_MEMBER = (
    "SELECT member_id, kind, cause, channels, due_at, state FROM message WHERE member_id = :member_id"
    " ORDER BY due_at, number"
)

log = structlog.get_logger("messages")


async def record_messages(database: Database, catalogue: Catalogue, now: datetime) -> None:
    """Writes all that is owed by now and not written yet; what was written of a card that is not used any more, and
    not told yet, is taken back. Idempotent; any number of processes may.
    """
    async with database.transaction() as connection:
        await connection.execute(TAKE_BACK, {"live": list(LIVE)})
    seconds = int(now.timestamp())
    when = {"now": seconds, "moot": seconds - _seconds(MOOT), "soon": seconds + _seconds(CARD_NOTICE)}
    about, after = {**when, "live": list(LIVE), "trial": TRIAL_OF, "limit": BATCH}, ""
    while rows := await database.fetch(CONCERNED, {**about, "after": after}):
        async with database.transaction() as connection:
            customers = await get_customers(connection, [row.customer_id for row in rows])
            for id in sorted(customers):
                await _record(connection, customers[id], catalogue, now)
        after = rows[-1].customer_id


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())


async def _record(connection: AsyncConnection, customer: Customer, catalogue: Catalogue, now: datetime) -> None:
    owed = owed_to(customer, catalogue, now)
    last = {message.group: message for message in owed}
    for message in owed:
        told = last[message.group] is message
        if told and message.kind == RECOVERED:
            told = bool((await connection.execute(TOLD, {"cause": message.cause})).scalar_one())
        await connection.execute(
            RECORD,
            {
                "member_id": customer.member_id,
                "kind": message.kind,
                "cause": message.cause,
                "channels": list(message.channels),
                "due_at": message.due_at,
                # What fell due while nobody worked is told no more once something later is; and of a recovery hears
                # only who heard of the failure.
                "state": "owed" if told else "skipped",
                "now": now,
            },
        )


Show = Callable[[Row], None]


def show_on_console(message: Row) -> None:
    """The console channel: one log line."""
    log.info(
        "message",
        member=message.member_id,
        kind=message.kind,
        cause=message.cause,
        channels=list(message.channels),
        due_at=message.due_at.isoformat(),
    )


async def show_messages(database: Database, show: Show = show_on_console) -> int:
    """Shows what is owed, in the order written, each at most once; how many."""
    shown = 0
    while True:
        async with database.transaction() as connection:
            row = (await connection.execute(SHOW)).first()
        if row is None:
            return shown
        show(row)  # pyright: ignore[reportArgumentType] - a row of either driver
        shown += 1


async def list_messages(database: Database, member_id: str) -> Sequence[Row]:
    """A member's, in the order due, those skipped too."""
    return await database.fetch(OF_MEMBER, {"member_id": member_id})


async def run_messages(database: Database, catalogue: Catalogue, clock: Clock) -> None:
    """For ever."""
    while True:
        try:
            await record_messages(database, catalogue, clock.now())
            await show_messages(database)
        except Unavailable as fault:
            log.warning("put off", reason=fault.message)
        await asyncio.sleep(EVERY_SECONDS)

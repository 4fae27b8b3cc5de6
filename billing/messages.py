"""What members are owed to be told, worked out from what is stored, written once, and shown.

Nothing here is remembered but the rows themselves: whoever works it out again finds the same member, kind and cause, so
neither a second event nor a second worker makes a second message. Until other channels exist, the console shows them.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.access import effect_of
from billing.dunning import CLOSING, RECOVERED, InvoiceFact, InvoiceStep, due_steps, episodes_of
from billing.model import Catalogue, DisputeEffect
from billing.portfolio import Customer, get_customers
from billing.state import Subscription
from clock import Clock
from errors import Unavailable
from storage.database import Database
from storage.rows import Row

EVERY_SECONDS = 15.0
BATCH = 500
TRIAL_NOTICE = timedelta(days=3)
NEAR = timedelta(hours=1)
"""A trial that ends within this of the subscription's end, or its pause, is what ended it."""

CONCERNED = (
    "SELECT DISTINCT customer_id FROM customer_sync JOIN subscription USING (customer_id) WHERE member_id IS NOT NULL"
    " AND customer_id > :after AND (content->>'trial_end' IS NOT NULL"
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


@dataclass(frozen=True, slots=True)
class Message:
    """`cause` is what it is about, with what tells this time from another. `group` holds those that follow each other:
    of several due at once only the last is told."""

    kind: str
    cause: str
    due_at: datetime
    channels: tuple[str, ...]
    group: str


def owed_to(customer: Customer, catalogue: Catalogue, now: datetime) -> list[Message]:
    """All that the customer's member was to be told up to `now`, in the order in which it fell due. Pure."""
    owed = [
        Message(step.step, step.key.rpartition(":")[0], step.due_at, step.channels, episode.invoice_id)
        for episode in episodes_of(customer.invoices)
        for step in due_steps(catalogue.access.dunning, episode, now)
    ]
    for subscription in customer.mirror:
        owed += _of_trial(subscription, now)
    owed += _to_confirm(customer.invoices)
    for dispute in customer.disputes:
        if effect_of(dispute, catalogue.access) is not DisputeEffect.KEEP:
            owed.append(Message("dispute_opened", dispute.id, dispute.created_at, ("team",), dispute.id))
    return sorted((each for each in owed if each.due_at <= now), key=lambda each: (each.due_at, each.kind, each.cause))


def _of_trial(subscription: Subscription, now: datetime) -> list[Message]:
    ends_at, id = subscription.trial_end, subscription.id
    if ends_at is None:
        return []
    if subscription.status == "trialing" and now < ends_at:
        cause = f"{id}:{int(ends_at.timestamp())}"
        return [Message("trial_ending", cause, ends_at - TRIAL_NOTICE, ("email",), cause)]
    ended_at = subscription.ended_at if subscription.status == "canceled" else ends_at
    if subscription.status in ("canceled", "paused") and ended_at and abs(ended_at - ends_at) <= NEAR:
        return [Message("trial_expired", id, ends_at, ("email",), id)]
    return []


def _to_confirm(invoices: Collection[InvoiceFact]) -> list[Message]:
    """Payments that wait for the member's bank to be told yes."""
    closed = {fact.invoice_id for fact in invoices if fact.step in CLOSING}
    waiting = [fact for fact in invoices if fact.step is InvoiceStep.ACTION_REQUIRED and fact.invoice_id not in closed]
    first = {fact.invoice_id: fact for fact in sorted(waiting, key=lambda fact: fact.occurred_at, reverse=True)}
    return [Message("confirm_payment", id, fact.occurred_at, ("email",), id) for id, fact in first.items()]


async def record_messages(database: Database, catalogue: Catalogue, now: datetime) -> None:
    """Writes all that is owed by now and not written yet. Idempotent; any number of processes may."""
    after = ""
    while rows := await database.fetch(CONCERNED, {"after": after, "limit": BATCH}):
        async with database.transaction() as connection:
            customers = await get_customers(connection, [row.customer_id for row in rows])
            for id in sorted(customers):
                await _record(connection, customers[id], catalogue, now)
        after = rows[-1].customer_id


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

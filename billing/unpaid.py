"""Subscriptions that stay unpaid, which Stripe would keep for ever, are cancelled after the catalogue's window."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from billing.model import AccessPolicy
from billing.ports import Ask, Refused
from billing.queue import mark_dirty
from clock import Clock
from errors import Unavailable
from storage.database import Database
from storage.rows import Row

EVERY_SECONDS = 60.0
GONE = "resource_missing"
OVERDUE = """
    SELECT id, customer_id FROM subscription WHERE status = 'unpaid' AND (
      SELECT min(recorded_at) FROM subscription_log AS log WHERE log.subscription_id = subscription.id
      AND log.number > (
        SELECT coalesce(max(number), 0) FROM subscription_log AS paid
        WHERE paid.subscription_id = subscription.id AND paid.after->>'status' IS DISTINCT FROM 'unpaid')
    ) <= :since ORDER BY id LIMIT 100
"""
"""Unpaid without a break since then, as the log of the mirror has it."""

log = structlog.get_logger("unpaid")


async def end_unpaid(database: Database, ask: Ask, policy: AccessPolicy, now: datetime) -> Sequence[str]:
    """Cancels at Stripe what was unpaid for the whole window, and names it. Idempotent. Raises Unavailable."""
    days = policy.unpaid_ends_after_days
    if days is None:
        return ()
    overdue = await database.fetch(OVERDUE, {"since": now - timedelta(days=days)})
    for row in overdue:
        await _cancel(database, ask, row)
    return [row.id for row in overdue]


async def _cancel(database: Database, ask: Ask, row: Row) -> None:
    try:
        await ask("delete", f"/v1/subscriptions/{row.id}", idempotency_key=f"gatehouse-unpaid-{row.id}")
    except Refused as refusal:
        if refusal.stripe_code != GONE:
            raise
    # What Stripe then says is fetched, whether its event comes or not.
    async with database.transaction() as connection:
        await mark_dirty(connection, [row.customer_id])


async def run_unpaid(database: Database, ask: Ask, policy: AccessPolicy, clock: Clock) -> None:
    """For ever."""
    while True:
        try:
            for id in await end_unpaid(database, ask, policy, clock.now()):
                log.info("cancelled: unpaid for too long", subscription=id)
        except Unavailable as fault:
            log.warning("put off", reason=fault.message)
        await asyncio.sleep(EVERY_SECONDS)

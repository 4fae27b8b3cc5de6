"""Events that never arrived: Stripe's own list is read when a worker starts and every minute, and what is missing kept.

Up to when it was read is kept in the database; each reading begins a little before, so a gap of any length up to the 30
days for which Stripe keeps events is closed. After a longer one a reconciliation is asked for, which needs no events.
"""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from sqlalchemy import text

from billing.ports import StripeLists
from billing.reconciliations import request_reconciliation
from clock import Clock
from errors import BadInput, Unavailable
from storage.database import Database
from webhooks.inbox import Inbox

EVERY_SECONDS = 60.0
OVERLAP = timedelta(minutes=10)
KEPT = timedelta(days=30)
AT_ONCE = 100
LEASE_SECONDS = 120.0

CLAIM = text(
    "UPDATE stripe_backfill SET lease_until = now() + make_interval(secs => :lease)"
    " WHERE (lease_until IS NULL OR lease_until <= now())"
    " AND (listed_at IS NULL OR listed_at <= now() - make_interval(secs => :every)) RETURNING listed_until"
)
RENEW = text("UPDATE stripe_backfill SET lease_until = now() + make_interval(secs => :lease)")
COMPLETE = text(
    "UPDATE stripe_backfill SET listed_until = GREATEST(listed_until, :until), listed_at = now(), lease_until = NULL"
)
RELEASE = text("UPDATE stripe_backfill SET lease_until = NULL")

log = structlog.get_logger("backfill")


@dataclass(frozen=True, slots=True)
class Backfill:
    """Any number of processes may run it: one of them reads at a time, and reading twice does no harm."""

    database: Database
    stripe: StripeLists
    inbox: Inbox
    clock: Clock

    async def run(self) -> None:
        """For ever: at once, and again each minute."""
        while True:
            try:
                await self.fill_if_due()
            except Unavailable as fault:
                log.warning("put off", reason=fault.message)
            await asyncio.sleep(EVERY_SECONDS / 4)

    async def fill_if_due(self, every_seconds: float = EVERY_SECONDS) -> int | None:
        """How many events were missing; None when another process reads, or has read in the last `every_seconds`."""
        claim = {"lease": LEASE_SECONDS, "every": every_seconds}
        async with self.database.transaction() as connection:
            row = (await connection.execute(CLAIM, claim)).first()
        if row is None:
            return None
        now, since = self.clock.now(), _since(row.listed_until, self.clock.now())
        try:
            missing = await self.fill(since)
        except BaseException:
            async with self.database.transaction() as connection:
                await connection.execute(RELEASE)
            raise
        async with self.database.transaction() as connection:
            await connection.execute(COMPLETE, {"until": now})
            if row.listed_until is not None and row.listed_until < now - KEPT:
                await request_reconciliation(connection, now)
        if missing:
            log.warning("events had not arrived", missing=len(missing))
        return len(missing)

    async def fill(self, since: datetime) -> list[str]:
        """Stores every event since then that is missing; the ids of those, in Stripe's order. Idempotent."""
        missing: list[str] = []
        async with aclosing(self.stripe.fetch_events(since)) as events:
            batch: list[Mapping[str, Any]] = []
            async for event in events:
                batch.append(event)
                if len(batch) == AT_ONCE:
                    missing += await self._store(batch)
                    batch = []
        return missing + await self._store(batch)

    async def _store(self, events: list[Mapping[str, Any]]) -> list[str]:
        new = await asyncio.gather(*map(self._accept, events))
        async with self.database.transaction() as connection:
            await connection.execute(RENEW, {"lease": LEASE_SECONDS})
        return [str(event.get("id")) for event, is_new in zip(events, new, strict=True) if is_new]

    async def _accept(self, event: Mapping[str, Any]) -> bool:
        try:
            return await self.inbox.accept(orjson.dumps(event))
        except BadInput as fault:
            log.error("not an event of ours", event=str(event.get("id")), reason=fault.message)
            return False


def _since(listed_until: datetime | None, now: datetime) -> datetime:
    oldest = now - KEPT
    return max(oldest, listed_until - OVERLAP) if listed_until else oldest

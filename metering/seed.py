"""Demo usage: some of everything for each member, over the last weeks."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from metering.model import API_CALLS, ARTICLES_READ, DOWNLOADS, UsageEvent
from metering.record import record_usage
from storage.database import Database

DAYS = 21
EVERY = {ARTICLES_READ: 1, DOWNLOADS: 5, API_CALLS: 3}
"""By meter: on each how manyth day something was used."""


async def seed_usage(database: Database, member_ids: Iterable[str], now: datetime) -> None:
    """Idempotent: each day of each meter counts once."""
    for member_id in member_ids:
        await record_usage(database, list(_events(member_id, now)))


def _events(member_id: str, now: datetime) -> Iterable[UsageEvent]:
    for days_ago in range(DAYS):
        for meter, every in EVERY.items():
            if days_ago % every == 0:
                key = f"demo:{meter}:{days_ago}"
                yield UsageEvent(member_id, key, meter, now - timedelta(days=days_ago), 1 + days_ago % 4)

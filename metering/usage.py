"""Reading what was used."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from metering.model import DailyUsage, month_of
from storage.database import Database

USED_BY_MEMBER = (
    "(SELECT jsonb_object_agg(u.meter, u.used) FROM usage_counter u WHERE u.member_id = m.id AND u.month = :month)"
)
"""SQL over `member m`: what the member used in `month`, by meter; null when nothing."""


async def usage_of(database: Database, member_ids: Iterable[str], now: datetime) -> Mapping[str, Mapping[str, int]]:
    """What was used in the month of `now`, by member, then meter; whoever used nothing is absent."""
    query = "SELECT member_id, meter, used FROM usage_counter WHERE member_id = ANY(:ids) AND month = :month"
    used: dict[str, dict[str, int]] = {}
    for row in await database.fetch(query, {"ids": list(member_ids), "month": month_of(now)}):
        used.setdefault(row.member_id, {})[row.meter] = row.used
    return used


async def daily_usage_of(
    database: Database, features: Iterable[str], member_ids: Iterable[str], since: date
) -> Mapping[str, Sequence[DailyUsage]]:
    """Daily totals from `since` on, by member; each by day, then meter. Behind the wall."""
    query = (
        "SELECT member_id, day, meter, used FROM usage_daily WHERE member_id = ANY(:ids) AND day >= :since"
        " ORDER BY member_id, day, meter"
    )
    rows = await database.fetch_walled(features, query, {"ids": list(member_ids), "since": since})
    daily: dict[str, list[DailyUsage]] = {}
    for row in rows:
        daily.setdefault(row.member_id, []).append(DailyUsage(row.day, row.meter, row.used))
    return daily

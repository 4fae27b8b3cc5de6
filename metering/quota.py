"""Whether what is about to be counted fits into the month's quota: decided and counted in one transaction.

All that counts for one member and meter waits for the one before, so no two both take what was left. Each quota that a
member runs into is kept once for its month, with what was tried on the member: that is what experiments are judged by.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gating.model import Snapshot
from gating.postgres import read_snapshot
from metering.model import UsageEvent, month_of

LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:meter || ' ' || :member_id, 5024))")
KNOWN = text("SELECT 1 FROM usage_event WHERE member_id = :member_id AND key = :key")
USED = text("SELECT used FROM usage_counter WHERE member_id = :member_id AND meter = :meter AND month = :month")
HIT = text(
    "INSERT INTO limit_hit (member_id, name, window_at, allowed, used, variants, hit_at)"
    " VALUES (:member_id, :meter, :window_at, :allowed, :used, :variants, :now) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Exceeded:
    """Of `meter`, `used` of `allowed` are used up; there is more from `resets_at` on, with the next month, UTC."""

    meter: str
    allowed: int
    used: int
    resets_at: datetime


async def find_exceeded(
    connection: AsyncConnection, event: UsageEvent, quotas: Collection[str], whole: Callable[[Snapshot], Snapshot]
) -> Exceeded | None:
    """None when `event` fits, was counted before, or its meter is none of `quotas`. The caller then counts it, in the
    same transaction, which has to commit in any case. `whole` adds to what is stored what nobody stores.
    """
    if event.meter not in quotas:
        return None
    row = {"member_id": event.member_id, "meter": event.meter}
    await connection.execute(LOCK, row)
    if (await connection.execute(KNOWN, {"member_id": event.member_id, "key": event.key})).first():
        return None
    now = event.occurred_at
    snapshot = whole(await read_snapshot(connection, event.member_id))
    allowed = snapshot.limits_at(now).get(event.meter, 0)
    used = (await connection.execute(USED, {**row, "month": month_of(now)})).scalar_one_or_none() or 0
    if allowed is None or used + event.quantity <= allowed:
        return None
    variants = sorted({each.source_id for each in snapshot.variations if each.holds_at(now)})
    hit = {**row, "window_at": _start_of(now), "allowed": allowed, "used": used, "variants": variants, "now": now}
    await connection.execute(HIT, hit)
    return Exceeded(event.meter, allowed, used, resets_at(now))


def resets_at(now: datetime) -> datetime:
    """The first instant of the next month, UTC."""
    start = _start_of(now)
    return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


def _start_of(now: datetime) -> datetime:
    month = month_of(now)
    return datetime(month.year, month.month, 1, tzinfo=UTC)

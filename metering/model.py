"""What is counted. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

ARTICLES_READ = "articles_read"
DOWNLOADS = "downloads"
API_CALLS = "api_calls"

DAILY_FEATURE = "analytics"
"""The feature behind whose wall daily totals lie."""


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """`key` makes it count once for a member; `quantity` is at least 1; `subject_id` is what was used, if one thing."""

    member_id: str
    key: str
    meter: str
    occurred_at: datetime
    quantity: int = 1
    subject_id: str | None = None


@dataclass(frozen=True, slots=True)
class DailyUsage:
    """A meter's total on one day, UTC."""

    day: date
    meter: str
    used: int


def month_of(instant: datetime) -> date:
    """The first day of the month, in UTC, that `instant` is counted in."""
    return instant.astimezone(UTC).date().replace(day=1)

"""Billing periods: https://docs.stripe.com/billing/subscriptions/billing-cycle"""

import calendar
from datetime import UTC, datetime, timedelta

MONTHS = {"month": 1, "year": 12}
DAYS = {"day": 1, "week": 7}


def boundary(anchor: int, interval: str, count: int, number: int) -> int:
    """The instant `number` intervals after the anchor; a day that a month lacks is that month's last."""
    start = datetime.fromtimestamp(anchor, UTC)
    if interval in DAYS:
        return int((start + timedelta(days=DAYS[interval] * count * number)).timestamp())
    month = start.year * 12 + start.month - 1 + MONTHS[interval] * count * number
    year, month = divmod(month, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


def next_boundary(anchor: int, interval: str, count: int, after: int) -> int:
    """The first boundary later than `after`; the anchor itself is one."""
    if after < anchor:
        return anchor
    seconds = {"day": 86_400, "week": 604_800, "month": 2_678_400, "year": 31_622_400}[interval] * count
    number = max(0, (after - anchor) // seconds)
    while (at := boundary(anchor, interval, count, number)) <= after:
        number += 1
    return at


def longest_step(interval: str, count: int) -> int:
    """How far two intervals reach at the most: a test clock's furthest advance."""
    return {"day": 1, "week": 7, "month": 31, "year": 366}[interval] * 86_400 * count * 2

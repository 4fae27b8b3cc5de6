"""Seats of organisations: whoever has one holds what the payer's subscriptions give the payer, for as long as they do.

Nothing is copied: a seat is read as the payer's grants, so it follows them by itself. Seats are numbered in the order
given; those beyond what the payer has bought are kept, and hold nothing until there are enough again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gating.model import Snapshot

SEATS_LIMIT = "seats"
"""The limit that says how many seats a payer can give. It is the payer's alone."""

BOUGHT = "IN ('subscription', 'trial', 'add_on')"
"""Sources of what a seat shares in: not what was given to the payer as a person."""

SEATS = """
    SELECT m.organization_id, o.payer_id
    FROM organization_member AS m JOIN organization AS o ON o.id = m.organization_id
    WHERE m.member_id = e.member_id AND m.seat IS NOT NULL AND o.payer_id <> m.member_id AND (
        o.seats IS NULL OR o.seats >= (
            SELECT count(*) FROM organization_member AS r WHERE r.organization_id = o.id AND r.seat <= m.seat
        )
    )
"""
"""The seats that count of the member `e.member_id`."""

TAKEN = text(
    "SELECT o.payer_id, m.member_id FROM organization AS o LEFT JOIN organization_member AS m"
    " ON m.organization_id = o.id AND m.seat IS NOT NULL WHERE o.payer_id = ANY(:member_ids)"
)
SAVE = text("UPDATE organization SET seats = :seats WHERE payer_id = :payer_id AND seats IS DISTINCT FROM :seats")


@dataclass(frozen=True, slots=True)
class Seats:
    """Those of some members who pay for organisations, and who has a seat of any of them."""

    payers: frozenset[str]
    holders: frozenset[str]


async def find_seats(connection: AsyncConnection, member_ids: Sequence[str]) -> Seats:
    rows = (await connection.execute(TAKEN, {"member_ids": member_ids})).all()
    return Seats(
        frozenset(row.payer_id for row in rows), frozenset(row.member_id for row in rows if row.member_id is not None)
    )


async def save_seats(connection: AsyncConnection, payer: Snapshot, now: datetime) -> None:
    """Keeps how many seats the payer has to give, as of `now`."""
    seats = payer.limits_at(now).get(SEATS_LIMIT, 0)
    await connection.execute(SAVE, {"payer_id": payer.member_id, "seats": seats})

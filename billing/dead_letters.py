"""What could not be done, time and again: customers whose sync ends in a fault, disputes that lead to no customer.

Nothing is lost by lying here: the events are kept, a new signal takes the customer up again, and so does a replay.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.queue import wake
from billing.unlinked import MOST_ATTEMPTS
from storage.database import Database
from storage.rows import Row

EVERY = (
    "SELECT customer_id AS id, 'customer' AS kind, attempts, dead_at AS since, reason FROM customer_sync"
    " WHERE dead_at IS NOT NULL UNION ALL SELECT id, kind, attempts, kept_at, 'leads to no customer we know of'"
    " FROM stripe_unlinked WHERE attempts >= :most"
)
LIST = f"SELECT * FROM ({EVERY}) AS letter WHERE id > :after ORDER BY id LIMIT :limit"  # noqa: S608 - a constant
ONE = f"SELECT * FROM ({EVERY}) AS letter WHERE id = :id"  # noqa: S608 - a constant
COUNT = f"SELECT count(*) AS total FROM ({EVERY}) AS letter"  # noqa: S608 - a constant
REVIVE = text(
    "UPDATE customer_sync SET dead_at = NULL, faults = 0, retry_at = NULL, dirty = dirty + 1"
    " WHERE customer_id = :id AND dead_at IS NOT NULL RETURNING customer_id"
)
RETRY = text(
    "UPDATE stripe_unlinked SET attempts = 0, retry_at = now() WHERE id = :id AND attempts >= :most RETURNING id"
)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`id` and `kind` name the Stripe object; `reason` never quotes what Stripe sent."""

    id: str
    kind: str
    attempts: int
    since: datetime
    reason: str


async def list_dead_letters(database: Database, *, after: str | None = None, limit: int) -> Sequence[DeadLetter]:
    """By id, those after the id `after`."""
    parameters = {"after": after or "", "limit": limit, "most": MOST_ATTEMPTS}
    return [_letter(row) for row in await database.fetch(LIST, parameters)]


async def find_dead_letter(database: Database, id: str) -> DeadLetter | None:
    rows = await database.fetch(ONE, {"id": id, "most": MOST_ATTEMPTS})
    return _letter(rows[0]) if rows else None


async def count_dead_letters(database: Database) -> int:
    [row] = await database.fetch(COUNT, {"most": MOST_ATTEMPTS})
    return row.total


async def revive(connection: AsyncConnection, id: str) -> bool:
    """Due again at once; False when no dead letter has this id."""
    customer = (await connection.execute(REVIVE, {"id": id})).first()
    found = customer or (await connection.execute(RETRY, {"id": id, "most": MOST_ATTEMPTS})).first()
    if found:
        await wake(connection)
    return found is not None


def _letter(row: Row) -> DeadLetter:
    return DeadLetter(row.id, row.kind, row.attempts, row.since, row.reason or "")

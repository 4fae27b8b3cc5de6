"""Which customers are to be synced: a counter of signals, one lease for each customer, and a token that fences.

`dirty` counts signals; a sync notes it BEFORE it fetches and, in the transaction that saves, sets `clean` to what it
noted. A signal that came meanwhile leaves `dirty > clean`, so nothing is lost and many signals cost one fetch.
Leases and retries run on the database's clock, the one that all processes share.

What fails by a fault of ours, time and again, becomes a dead letter: no worker takes it up until a new signal comes or
an operator replays it. What fails because Stripe or the database does not answer is tried for ever.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database

CHANNEL = "gatehouse_sync"
"""NOTIFY when a customer has become dirty, at once or 20 ms later; without payload."""

LEASE_SECONDS = 5.0
LONGEST_BACKOFF_SECONDS = 60.0
FIRST_BACKOFF_SECONDS = 0.5
NEWCOMER_SECONDS = 0.8
"""For which a new customer's sync waits for an event that names its member: one that comes before cannot give access,
and puts off the next, which can."""
MOST_FAULTS = 8
"""In a row; then the customer is a dead letter."""

MARK = text(
    "INSERT INTO customer_sync AS sync (customer_id, dirty, retry_at)"
    " SELECT id, 1, now() FROM unnest(CAST(:ids AS text[])) AS t (id)"
    " ON CONFLICT (customer_id) DO UPDATE SET dirty = sync.dirty + 1, faults = 0, dead_at = NULL,"
    " retry_at = CASE WHEN sync.dirty = sync.clean THEN GREATEST(sync.retry_at, now()) ELSE sync.retry_at END"
)
WAKE = text("SELECT pg_notify(:channel, '')")
CLAIM = text(
    "UPDATE customer_sync SET token = token + 1, lease_until = now() + make_interval(secs => :lease),"
    " retry_at = now() + make_interval(secs => :spacing)"
    " WHERE customer_id = (SELECT customer_id FROM customer_sync WHERE dirty > clean AND dead_at IS NULL"
    " AND (lease_until IS NULL OR lease_until <= now()) AND (retry_at IS NULL OR retry_at <= now())"
    " ORDER BY retry_at NULLS FIRST LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " RETURNING customer_id, dirty, token"
)
CLAIM_RECHECK = text(
    "UPDATE customer_sync SET token = token + 1, lease_until = now() + make_interval(secs => :lease),"
    " retry_at = now() + make_interval(secs => :spacing)"
    " WHERE customer_id = (SELECT customer_id FROM customer_sync WHERE recheck_at <= now() AND dead_at IS NULL"
    " AND (lease_until IS NULL OR lease_until <= now()) AND (retry_at IS NULL OR retry_at <= now())"
    " ORDER BY recheck_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " RETURNING customer_id, dirty, token"
)
CLAIM_ONE = text(
    "UPDATE customer_sync SET token = token + 1, lease_until = now() + make_interval(secs => :lease),"
    " retry_at = now()"
    " WHERE customer_id = :customer_id AND (lease_until IS NULL OR lease_until <= now())"
    " RETURNING customer_id, dirty, token"
)
RENEW = text(
    "UPDATE customer_sync SET lease_until = now() + make_interval(secs => :lease)"
    " WHERE customer_id = :customer_id AND token = :token RETURNING token"
)
COMPLETE = text(
    "UPDATE customer_sync SET clean = GREATEST(clean, :noted), lease_until = NULL, attempts = 0, faults = 0,"
    " reason = NULL, dead_at = NULL"
    " WHERE customer_id = :customer_id AND token = :token RETURNING member_id"
)
FAIL = text(
    "UPDATE customer_sync SET lease_until = NULL, attempts = attempts + 1, reason = :reason,"
    " faults = faults + :faults, dead_at = CASE WHEN faults + :faults >= :most THEN now() END,"
    " retry_at = now() + make_interval(secs => random() * LEAST(:longest, :first * power(2, LEAST(attempts, 20))))"
    " WHERE customer_id = :customer_id AND token = :token"
)


class Fenced(Exception):
    """Another worker has claimed the customer since: what was fetched must not be saved."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A customer to sync, and how dirty it was when claimed."""

    customer_id: str
    noted: int
    token: int


async def mark_dirty(connection: AsyncConnection, customer_ids: Collection[str]) -> None:
    """One more signal for each; wakes a worker at commit. In one order, so that two transactions never deadlock."""
    if customer_ids:
        await connection.execute(MARK, {"ids": sorted(set(customer_ids))})
        await wake(connection)


async def wake(connection: AsyncConnection) -> None:
    """Tells the workers at commit that there is something to do."""
    await connection.execute(WAKE, {"channel": CHANNEL})


async def count_waiting(database: Database) -> int:
    """How many customers have signals that no sync has answered yet."""
    query = "SELECT count(*) AS waiting FROM customer_sync WHERE dirty > clean AND dead_at IS NULL"
    [row] = await database.fetch(query)
    return row.waiting


async def claim_due(
    connection: AsyncConnection, *, lease_seconds: float = LEASE_SECONDS, spacing_seconds: float = 0.0
) -> Claimed | None:
    """The customer that has waited longest, leased; None when none is due. Skips what others are claiming.

    A customer whose last answer is to be looked at again comes after all that have signals. No worker claims the
    customer again for `spacing_seconds`: what comes meanwhile is answered by one more sync.
    """
    waits = {"lease": lease_seconds, "spacing": spacing_seconds}
    row = (await connection.execute(CLAIM, waits)).first()
    row = row or (await connection.execute(CLAIM_RECHECK, waits)).first()
    return Claimed(row.customer_id, row.dirty, row.token) if row else None


async def claim_customer(
    connection: AsyncConnection, customer_id: str, *, lease_seconds: float = LEASE_SECONDS
) -> Claimed | None:
    """This customer, leased, dirty or not; None when another worker has it or nobody ever marked it."""
    row = (await connection.execute(CLAIM_ONE, {"customer_id": customer_id, "lease": lease_seconds})).first()
    return Claimed(row.customer_id, row.dirty, row.token) if row else None


async def renew(connection: AsyncConnection, claimed: Claimed, *, lease_seconds: float = LEASE_SECONDS) -> bool:
    """Holds the lease for longer; False when it is no longer ours."""
    holder = {"customer_id": claimed.customer_id, "token": claimed.token, "lease": lease_seconds}
    return (await connection.execute(RENEW, holder)).first() is not None


async def complete(connection: AsyncConnection, claimed: Claimed) -> str | None:
    """Marks everything noted as done and ends the lease; returns the member linked until now. Raises Fenced.

    To be called first in the saving transaction: it locks the customer until that ends.
    """
    row = (await connection.execute(COMPLETE, _holder(claimed) | {"noted": claimed.noted})).first()
    if row is None:
        raise Fenced(claimed.customer_id)
    return row.member_id


async def fail(connection: AsyncConnection, claimed: Claimed, reason: str, *, our_fault: bool) -> None:
    """Ends the lease; the customer is due again after a random part of a wait that doubles each time.

    `our_fault`: trying again is likely to be vain; after MOST_FAULTS of them in a row it is a dead letter.
    """
    waits = {"first": FIRST_BACKOFF_SECONDS, "longest": LONGEST_BACKOFF_SECONDS, "most": MOST_FAULTS}
    await connection.execute(FAIL, _holder(claimed) | waits | {"reason": reason, "faults": int(our_fault)})


def _holder(claimed: Claimed) -> dict[str, object]:
    return {"customer_id": claimed.customer_id, "token": claimed.token}

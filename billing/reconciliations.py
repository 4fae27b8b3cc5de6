"""Reconciliations as they were asked for, run and what each found: rows that operators read and workers take up."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from storage.rows import Row

NIGHTLY = timedelta(hours=24)
LEASE_SECONDS = 60.0

COLUMNS = "id, requested_at, finished_at, customers, members"
REQUEST = text("INSERT INTO reconciliation (id, requested_at) VALUES (:id, :now) ON CONFLICT DO NOTHING")
OPEN = text("SELECT id FROM reconciliation WHERE finished_at IS NULL ORDER BY requested_at LIMIT 1")
LATEST = text("SELECT max(requested_at) AS at FROM reconciliation")
LOCK = text("SELECT pg_advisory_xact_lock(5022)")
CLAIM = text(
    "UPDATE reconciliation SET lease_until = now() + make_interval(secs => :lease) WHERE id = (SELECT id"
    " FROM reconciliation WHERE finished_at IS NULL AND (lease_until IS NULL OR lease_until <= now())"
    " AND (CAST(:id AS text) IS NULL OR id = :id) ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"
)
RENEW = text(
    "UPDATE reconciliation SET lease_until = now() + make_interval(secs => :lease), customers = :customers,"
    " members = :members WHERE id = :id"
)
FINISH = text("UPDATE reconciliation SET finished_at = :now, lease_until = NULL WHERE id = :id")
FOUND = text(
    "INSERT INTO drift (reconciliation_id, kind, customer_id, member_id, detail, found_at)"
    " VALUES (:reconciliation_id, :kind, :customer_id, :member_id, :detail, :now)"
)
LIST = (
    f"SELECT {COLUMNS} FROM reconciliation"  # noqa: S608 - a constant
    " WHERE CAST(:after AS text) IS NULL OR (requested_at, id) <"
    " (SELECT requested_at, id FROM reconciliation WHERE id = :after) ORDER BY requested_at DESC, id DESC LIMIT :limit"
)
BY_ID = f"SELECT {COLUMNS} FROM reconciliation WHERE id = :id"  # noqa: S608 - a constant
DRIFTS = (
    "SELECT reconciliation_id, kind, customer_id, member_id, detail FROM drift"
    " WHERE reconciliation_id = ANY(:ids) ORDER BY number LIMIT :limit"
)


class DriftKind(StrEnum):
    """What differed from what it should be. All are mended when they are found."""

    EVENT = "event"
    MIRROR = "mirror"
    DISPUTE = "dispute"
    LINK = "link"
    GRANTS = "grants"
    CACHE = "cache"


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference found, and mended. `detail` names what differed, in words for an operator."""

    kind: DriftKind
    detail: str
    customer_id: str | None = None
    member_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """`customers` and `members` count those looked at so far."""

    id: str
    requested_at: datetime
    finished_at: datetime | None
    customers: int
    members: int


async def request_reconciliation(connection: AsyncConnection, now: datetime, *, id: str | None = None) -> str:
    """The id of one that is asked for: of this one, which may be done already, else of one that waits or runs."""
    await connection.execute(LOCK)
    waiting = None if id else (await connection.execute(OPEN)).scalar_one_or_none()
    if waiting is not None:
        return str(waiting)
    id = id or f"rec_{secrets.token_hex(8)}"
    await connection.execute(REQUEST, {"id": id, "now": now})
    return id


async def request_nightly(connection: AsyncConnection, now: datetime) -> None:
    """Asks for one where the last was asked for a day ago or longer."""
    latest = (await connection.execute(LATEST)).scalar_one()
    if latest is None or latest <= now - NIGHTLY:
        await request_reconciliation(connection, now)


async def claim_reconciliation(connection: AsyncConnection, id: str | None = None) -> str | None:
    """The id of one that is asked for and that nobody runs, or of `id`; None when there is none."""
    claimed = await connection.execute(CLAIM, {"id": id, "lease": LEASE_SECONDS})
    return claimed.scalar_one_or_none()


async def record_progress(
    connection: AsyncConnection,
    id: str,
    drifts: Collection[Drift],
    now: datetime,
    *,
    customers: int,
    members: int,
) -> None:
    """What was found since the last time, and how many were looked at in all; holds the lease for longer."""
    await connection.execute(RENEW, {"id": id, "lease": LEASE_SECONDS, "customers": customers, "members": members})
    rows = [
        {
            "reconciliation_id": id,
            "kind": drift.kind.value,
            "customer_id": drift.customer_id,
            "member_id": drift.member_id,
            "detail": drift.detail,
            "now": now,
        }
        for drift in drifts
    ]
    if rows:
        await connection.execute(FOUND, rows)


async def finish_reconciliation(connection: AsyncConnection, id: str, now: datetime) -> None:
    await connection.execute(FINISH, {"id": id, "now": now})


async def list_reconciliations(database: Database, *, after: str | None = None, limit: int) -> Sequence[Reconciliation]:
    """The latest asked for first, those after the id `after`."""
    return [_reconciliation(row) for row in await database.fetch(LIST, {"after": after, "limit": limit})]


async def find_reconciliation(database: Database, id: str) -> Reconciliation | None:
    return next((_reconciliation(row) for row in await database.fetch(BY_ID, {"id": id})), None)


async def count_reconciliations(database: Database) -> int:
    [row] = await database.fetch("SELECT count(*) AS total FROM reconciliation")
    return row.total


async def list_drifts(database: Database, ids: Collection[str], *, limit: int) -> dict[str, list[Drift]]:
    """What each reconciliation found, in the order found; at most `limit` in all."""
    found: dict[str, list[Drift]] = {id: [] for id in ids}
    for row in await database.fetch(DRIFTS, {"ids": list(ids), "limit": limit}):
        drift = Drift(DriftKind(row.kind), row.detail, row.customer_id, row.member_id)
        found[row.reconciliation_id].append(drift)
    return found


def _reconciliation(row: Row) -> Reconciliation:
    return Reconciliation(row.id, row.requested_at, row.finished_at, row.customers, row.members)

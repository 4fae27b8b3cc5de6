"""Actions under their idempotency keys, in PostgreSQL: whose turn it is, what was asked, what came of it.

An actor's actions take turns, whatever their keys: two at once would both find nothing bought and buy it twice.
Leases run on the database's clock; `begun_at` on ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

LEASE_SECONDS = 30.0
"""Longer than an action may take: one that was killed leaves its actor to others after so long."""

TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:actor, 5023))")
BEGIN = text(
    "INSERT INTO billing_action (actor, idempotency_key, kind, fingerprint, begun_at)"
    " VALUES (:actor, :key, :kind, :fingerprint, :now) ON CONFLICT DO NOTHING"
)
FIND = text(
    "SELECT fingerprint, begun_at, result, EXISTS (SELECT FROM billing_action AS running"
    " WHERE running.actor = :actor AND running.lease_until > now()) AS waits"
    " FROM billing_action WHERE actor = :actor AND idempotency_key = :key"
)
LEASE = text(
    "UPDATE billing_action SET lease_until = now() + make_interval(secs => :lease)"
    " WHERE actor = :actor AND idempotency_key = :key"
)
RELEASE = text("UPDATE billing_action SET lease_until = NULL WHERE actor = :actor AND idempotency_key = :key")
STEP = text(
    "UPDATE billing_action SET steps = jsonb_build_object(CAST(:name AS text), CAST(:request AS jsonb)) || steps"
    " WHERE actor = :actor AND idempotency_key = :key RETURNING steps->:name AS request"
)
FIND_STEP = text("SELECT steps->:name FROM billing_action WHERE actor = :actor AND idempotency_key = :key")
FINISH = text(
    "UPDATE billing_action SET result = COALESCE(result, CAST(:result AS jsonb)), lease_until = NULL,"
    " finished_at = COALESCE(finished_at, :now) WHERE actor = :actor AND idempotency_key = :key RETURNING result"
)
FORGET = text("DELETE FROM billing_action WHERE actor = :actor AND idempotency_key = :key AND result IS NULL")
RESULTS = text(
    "SELECT result FROM billing_action WHERE actor = :actor AND result IS NOT NULL"
    " ORDER BY finished_at, idempotency_key"
)


@dataclass(frozen=True, slots=True)
class ActionKey:
    """Whose action, and the text that tells it from that actor's others."""

    actor: str
    key: str

    @property
    def row(self) -> dict[str, Any]:
        return {"actor": self.actor, "key": self.key}


@dataclass(frozen=True, slots=True)
class Begun:
    """`result` None: it has not come to an end. `waits`: some action of the actor's is being done now."""

    fingerprint: str
    begun_at: datetime
    result: Mapping[str, Any] | None
    waits: bool


async def begin(connection: AsyncConnection, key: ActionKey, kind: str, fingerprint: str, now: datetime) -> Begun:
    """What is known of it, the first time too. Until the transaction ends, no other action of the actor's begins."""
    await connection.execute(TURN, {"actor": key.actor})
    await connection.execute(BEGIN, {**key.row, "kind": kind, "fingerprint": fingerprint, "now": now})
    row = (await connection.execute(FIND, key.row)).one()
    return Begun(row.fingerprint, row.begun_at, row.result, row.waits)


async def lease(connection: AsyncConnection, key: ActionKey) -> None:
    await connection.execute(LEASE, {**key.row, "lease": LEASE_SECONDS})


async def release(connection: AsyncConnection, key: ActionKey) -> None:
    """Leaves it undone, for whoever repeats it."""
    await connection.execute(RELEASE, key.row)


async def record_step(
    connection: AsyncConnection, key: ActionKey, name: str, request: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The request as it was first recorded under `name`, which is this one if none was."""
    parameters = {**key.row, "name": name, "request": orjson.dumps(request).decode()}
    return (await connection.execute(STEP, parameters)).scalar_one()


async def find_step(connection: AsyncConnection, key: ActionKey, name: str) -> Mapping[str, Any] | None:
    """The request recorded under `name`."""
    return (await connection.execute(FIND_STEP, {**key.row, "name": name})).scalar_one()


async def finish(
    connection: AsyncConnection, key: ActionKey, result: Mapping[str, Any], now: datetime
) -> Mapping[str, Any]:
    """What has come of it: this result, unless another was recorded before."""
    row = {**key.row, "result": orjson.dumps(result).decode(), "now": now}
    return (await connection.execute(FINISH, row)).scalar_one()


async def forget(connection: AsyncConnection, key: ActionKey) -> None:
    """One that came to no end is as if it had never begun."""
    await connection.execute(FORGET, key.row)


async def list_results(connection: AsyncConnection, actor: str) -> list[Mapping[str, Any]]:
    """Of all that the actor has done, in order."""
    return list((await connection.execute(RESULTS, {"actor": actor})).scalars())

"""Writing what a member holds: replaced owner by owner, in the caller's transaction, fenced by a revision."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gating.codec import encode_content, hash_content
from gating.model import Grant, Holdings, LevelGrant, LimitGrant, Override, Snapshot
from gating.postgres import CONTENT, snapshot_from

CHANNEL = "gatehouse_entitlements"
"""NOTIFY at each commit that left something to publish; the payload is the member's id."""

LOCK_OWNER = text("SELECT pg_advisory_xact_lock(hashtextextended(:owner, 5021))")
FORMER = text(
    "SELECT member_id FROM entitlement_grant WHERE owner = :owner"
    " UNION SELECT member_id FROM limit_grant WHERE owner = :owner"
    " UNION SELECT member_id FROM level_grant WHERE owner = :owner"
    " UNION SELECT member_id FROM entitlement_override WHERE owner = :owner"
)
INTRODUCE = text(
    "INSERT INTO member_entitlement (member_id, revision, content_hash, changed_at)"
    " VALUES (:member_id, 0, :content_hash, :now) ON CONFLICT DO NOTHING"
)
LOCK_MEMBERS = text(
    "SELECT member_id, content_hash FROM member_entitlement WHERE member_id = ANY(:member_ids)"
    " ORDER BY member_id FOR UPDATE"
)
FORGET = (
    text("DELETE FROM entitlement_grant WHERE owner = :owner"),
    text("DELETE FROM limit_grant WHERE owner = :owner"),
    text("DELETE FROM level_grant WHERE owner = :owner"),
    text("DELETE FROM entitlement_override WHERE owner = :owner"),
)
ADD_GRANT = text(
    "INSERT INTO entitlement_grant (owner, member_id, feature, source, source_id, plan, starts_at, ends_at)"
    " VALUES (:owner, :member_id, :feature, :source, :source_id, :plan, :starts_at, :ends_at)"
)
ADD_LIMIT = text(
    "INSERT INTO limit_grant (owner, member_id, name, value, source, source_id, starts_at, ends_at)"
    " VALUES (:owner, :member_id, :limit, :value, :source, :source_id, :starts_at, :ends_at)"
)
ADD_LEVEL = text(
    "INSERT INTO level_grant (owner, member_id, name, value, source, source_id, starts_at, ends_at)"
    " VALUES (:owner, :member_id, :level, :value, :source, :source_id, :starts_at, :ends_at)"
)
ADD_OVERRIDE = text(
    "INSERT INTO entitlement_override"
    " (owner, member_id, kind, key, value, source_id, organization, starts_at, ends_at) VALUES"
    " (:owner, :member_id, :kind, :key, CAST(:value AS jsonb), :source_id, :organization, :starts_at, :ends_at)"
)
RAISE = text(
    "UPDATE member_entitlement SET revision = revision + 1, content_hash = :content_hash, changed_at = :now"
    " WHERE member_id = :member_id RETURNING revision"
)
LOG = text(
    "INSERT INTO entitlement_log (member_id, revision, cause, before, after, recorded_at)"
    " VALUES (:member_id, :revision, :cause, CAST(:before AS jsonb), CAST(:after AS jsonb), :now)"
)
LEAVE_TO_PUBLISH = text(
    "INSERT INTO entitlement_outbox (member_id, revision) VALUES (:member_id, :revision)"
    " ON CONFLICT (member_id) DO UPDATE SET revision = excluded.revision"
)
NOTIFY = text("SELECT pg_notify(:channel, :member_id)")


async def record_grants(
    connection: AsyncConnection,
    member_id: str,
    *,
    owner: str,
    grants: Iterable[Grant],
    limits: Iterable[LimitGrant],
    levels: Iterable[LevelGrant] = (),
    overrides: Iterable[Override] = (),
    cause: str,
    now: datetime,
) -> int | None:
    """Makes these all that `owner` (for example `stripe:cus_123`) gives and sets, and gives it to this member.

    Idempotent: the member's revision rises by one iff the whole of what it holds changed, and only then is the change
    logged under `cause` and left to publish. A member who held something of this owner before loses it the same way.
    Returns the member's new revision, None when nothing changed. The member must exist. Runs in the caller's
    transaction (READ COMMITTED), and holds the locks of the owner and of the members until its end.
    """
    await connection.execute(LOCK_OWNER, {"owner": owner})
    former = (await connection.execute(FORMER, {"owner": owner})).scalars().all()
    touched = sorted({member_id, *former})
    hashes = await _lock(connection, touched, now)
    before = await _contents(connection, touched)
    held = Holdings(tuple(set(grants)), tuple(limits), tuple(set(levels)), tuple(overrides))
    await _replace(connection, member_id, owner, held)
    after = await _contents(connection, touched)
    changed = [each for each in touched if hash_content(after[each]) != hashes[each]]
    revisions = {each: await _raise(connection, each, cause, before[each], after[each], now) for each in changed}
    return revisions.get(member_id)


async def _lock(connection: AsyncConnection, member_ids: Sequence[str], now: datetime) -> dict[str, bytes]:
    """The content hash of each, none of which anybody else changes until the transaction ends."""
    nothing = hash_content(encode_content(Snapshot("", 0)))
    introduced = [{"member_id": each, "content_hash": nothing, "now": now} for each in member_ids]
    await connection.execute(INTRODUCE, introduced)
    rows = await connection.execute(LOCK_MEMBERS, {"member_ids": member_ids})
    return {row.member_id: row.content_hash for row in rows}


async def _contents(connection: AsyncConnection, member_ids: Sequence[str]) -> dict[str, bytes]:
    rows = (await connection.execute(text(CONTENT), {"member_ids": member_ids})).all()
    return {each: encode_content(snapshot_from(each, rows)) for each in member_ids}


async def _replace(connection: AsyncConnection, member_id: str, owner: str, held: Holdings) -> None:
    for forget in FORGET:
        await connection.execute(forget, {"owner": owner})
    parts = (
        (ADD_GRANT, held.grants),
        (ADD_LIMIT, held.limits),
        (ADD_LEVEL, held.levels),
        (ADD_OVERRIDE, held.overrides),
    )
    for add, given in parts:
        if given:
            await connection.execute(add, [{"owner": owner, "member_id": member_id, **_row(each)} for each in given])


def _row(each: Grant | LimitGrant | LevelGrant | Override) -> dict[str, Any]:
    """The columns are named like the fields."""
    if isinstance(each, Override):
        return {**asdict(each), "kind": each.kind.value, "value": orjson.dumps(each.value).decode()}
    return {**asdict(each), "source": each.source.value}


async def _raise(
    connection: AsyncConnection, member_id: str, cause: str, before: bytes, after: bytes, now: datetime
) -> int:
    member = {"member_id": member_id}
    raised = await connection.execute(RAISE, {**member, "content_hash": hash_content(after), "now": now})
    revision: int = raised.scalar_one()
    entry = {**member, "revision": revision, "cause": cause, "now": now}
    await connection.execute(LOG, {**entry, "before": before.decode(), "after": after.decode()})
    await connection.execute(LEAVE_TO_PUBLISH, {**member, "revision": revision})
    await connection.execute(NOTIFY, {"channel": CHANNEL, **member})
    return revision

"""Writing what a member holds: replaced owner by owner, in the caller's transaction, fenced by a revision."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gating.codec import encode_content, hash_content
from gating.model import Grant, LimitGrant, Snapshot
from gating.postgres import CONTENT, snapshot_from

CHANNEL = "gatehouse_entitlements"
"""NOTIFY at each commit that left something to publish; the payload is the member's id."""

LOCK_OWNER = text("SELECT pg_advisory_xact_lock(hashtextextended(:owner, 5021))")
FORMER = text(
    "SELECT member_id FROM entitlement_grant WHERE owner = :owner"
    " UNION SELECT member_id FROM limit_grant WHERE owner = :owner"
)
INTRODUCE = text(
    "INSERT INTO member_entitlement (member_id, revision, content_hash, changed_at)"
    " VALUES (:member_id, 0, :content_hash, :now) ON CONFLICT DO NOTHING"
)
LOCK_MEMBERS = text(
    "SELECT member_id, content_hash FROM member_entitlement WHERE member_id = ANY(:member_ids)"
    " ORDER BY member_id FOR UPDATE"
)
FORGET_GRANTS = text("DELETE FROM entitlement_grant WHERE owner = :owner")
FORGET_LIMITS = text("DELETE FROM limit_grant WHERE owner = :owner")
ADD_GRANT = text(
    "INSERT INTO entitlement_grant (owner, member_id, feature, source, source_id, plan, starts_at, ends_at)"
    " VALUES (:owner, :member_id, :feature, :source, :source_id, :plan, :starts_at, :ends_at)"
)
ADD_LIMIT = text(
    "INSERT INTO limit_grant (owner, member_id, name, value, source, source_id, starts_at, ends_at)"
    " VALUES (:owner, :member_id, :name, :value, :source, :source_id, :starts_at, :ends_at)"
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
    cause: str,
    now: datetime,
) -> int | None:
    """Makes `grants` and `limits` all that `owner` (for example `stripe:cus_123`) gives, and gives it to this member.

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
    await _replace(connection, member_id, owner, grants, limits)
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


async def _replace(
    connection: AsyncConnection, member_id: str, owner: str, grants: Iterable[Grant], limits: Iterable[LimitGrant]
) -> None:
    await connection.execute(FORGET_GRANTS, {"owner": owner})
    await connection.execute(FORGET_LIMITS, {"owner": owner})
    here = {"owner": owner, "member_id": member_id}
    grant_rows = [{**here, "feature": each.feature, "plan": each.plan, **_reason(each)} for each in set(grants)]
    limit_rows = [{**here, "name": each.limit, "value": each.value, **_reason(each)} for each in limits]
    if grant_rows:
        await connection.execute(ADD_GRANT, grant_rows)
    if limit_rows:
        await connection.execute(ADD_LIMIT, limit_rows)


def _reason(grant: Grant | LimitGrant) -> dict[str, Any]:
    return {
        "source": grant.source.value,
        "source_id": grant.source_id,
        "starts_at": grant.starts_at,
        "ends_at": grant.ends_at,
    }


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

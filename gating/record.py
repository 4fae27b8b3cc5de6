"""Writing what a member holds: replaced owner by owner, in the caller's transaction, fenced by a revision."""

from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gating.codec import encode_content, hash_content
from gating.model import Grant, Holdings, LevelGrant, LimitGrant, Snapshot
from gating.owned import lock_owner, replace_owned
from gating.postgres import CONTENT, read_snapshot, snapshot_from
from gating.seats import find_seats, save_seats
from gating.values import Override

CHANNEL = "gatehouse_entitlements"
"""NOTIFY at each commit that left something to publish; the payload is the member's id."""

INTRODUCE = text(
    "INSERT INTO member_entitlement (member_id, revision, content_hash, changed_at)"
    " VALUES (:member_id, 0, :content_hash, :now) ON CONFLICT DO NOTHING"
)
LOCK_MEMBERS = text(
    "SELECT member_id, content_hash FROM member_entitlement WHERE member_id = ANY(:member_ids)"
    " ORDER BY member_id FOR UPDATE"
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
    countries: Iterable[str] = (),
    cause: str,
    now: datetime,
) -> int | None:
    """Makes these all that `owner` (for example `stripe:cus_123`) gives and sets, and gives it to this member.

    Idempotent: the member's revision rises by one iff the whole of what it holds changed, and only then is the change
    logged under `cause` and left to publish. A member who held something of this owner before loses it the same way,
    and those who have seats of these members share in it. Returns the member's new revision, None when nothing
    changed. The member must exist. Runs in the caller's transaction (READ COMMITTED), and holds the locks of the owner
    and of the members until its end.
    """
    former = await lock_owner(connection, owner)
    held = Holdings(tuple(set(grants)), tuple(limits), tuple(set(levels)), tuple(overrides), tuple(set(countries)))
    async with recording(connection, {member_id, *former}, cause=cause, now=now) as revisions:
        await replace_owned(connection, member_id, owner, held)
    return revisions.get(member_id)


@asynccontextmanager
async def recording(
    connection: AsyncConnection, member_ids: Collection[str], *, cause: str, now: datetime
) -> AsyncGenerator[dict[str, int]]:
    """Whatever the body changes of what these members hold, and of what follows for those who have seats of theirs, is
    fenced, logged and left to publish. `member_ids` are all that the body touches, its seats' new holders and their
    payers too. Yields what is filled at the end: the new revision of each who now holds something else.
    """
    hashes, payers = await _lock_in_order(connection, member_ids, now)
    before = await _contents(connection, list(hashes))
    revisions: dict[str, int] = {}
    yield revisions
    for payer_id in payers:
        await save_seats(connection, await read_snapshot(connection, payer_id), now)
    for member_id, after in (await _contents(connection, list(hashes))).items():
        if hash_content(after) != hashes[member_id]:
            revisions[member_id] = await _raise(connection, member_id, cause, before[member_id], after, now)


async def _lock_in_order(
    connection: AsyncConnection, member_ids: Collection[str], now: datetime
) -> tuple[dict[str, bytes], Collection[str]]:
    """Payers before all who may have their seats, each in the order of ids, so that nobody waits in a circle. Content
    hashes of those locked, holders of seats among them; and who of `member_ids` are payers.
    """
    early = (await find_seats(connection, list(member_ids))).payers if len(member_ids) > 1 else frozenset[str]()
    hashes = await _lock(connection, sorted(early), now)
    hashes |= await _lock(connection, sorted(set(member_ids) - early), now)
    seats = await find_seats(connection, list(member_ids))  # now that nobody gives seats of theirs
    hashes |= await _lock(connection, sorted(seats.holders - hashes.keys()), now)
    return hashes, sorted(seats.payers)


async def _lock(connection: AsyncConnection, member_ids: Sequence[str], now: datetime) -> dict[str, bytes]:
    """The content hash of each, none of which anybody else changes until the transaction ends."""
    if not member_ids:
        return {}
    nothing = hash_content(encode_content(Snapshot("", 0)))
    introduced = [{"member_id": each, "content_hash": nothing, "now": now} for each in member_ids]
    await connection.execute(INTRODUCE, introduced)
    rows = await connection.execute(LOCK_MEMBERS, {"member_ids": member_ids})
    return {row.member_id: row.content_hash for row in rows}


async def _contents(connection: AsyncConnection, member_ids: Sequence[str]) -> dict[str, bytes]:
    rows = (await connection.execute(text(CONTENT), {"member_ids": member_ids})).all()
    return {each: encode_content(snapshot_from(each, rows)) for each in member_ids}


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

"""Setting by hand what the grants of a member, or of all in an organisation, come to; and taking that back.

Each key by itself, dated, with who did it and why. The member's own stands over its organisations'.
"""

from collections.abc import Sequence
from datetime import datetime

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gating.acts import Act, record_act
from gating.organizations import list_member_ids, lock_organization
from gating.record import record_grants, recording
from gating.values import Override, ValueKind

SET, REMOVED = "override set", "override removed"

FORGET = text("DELETE FROM organization_override WHERE organization_id = :id AND kind = :kind AND key = :key")
ADD = text(
    "INSERT INTO organization_override (organization_id, kind, key, value, source_id, starts_at, ends_at)"
    " VALUES (:id, :kind, :key, CAST(:value AS jsonb), :source_id, :starts_at, :ends_at)"
)


async def set_override(
    connection: AsyncConnection, member_id: str, override: Override, *, act: Act, now: datetime
) -> int | None:
    """In place of an earlier one of the same key. The member's new revision, None when nothing changed. As
    `record_grants`, in the caller's transaction; the member must exist.
    """
    await record_act(connection, act, SET, member_id, _detail(override), now)
    return await _record(connection, member_id, override.kind, override.key, (override,), act.cause(SET), now)


async def remove_override(
    connection: AsyncConnection, member_id: str, kind: ValueKind, key: str, *, act: Act, now: datetime
) -> int | None:
    """None when there was none."""
    revision = await _record(connection, member_id, kind, key, (), act.cause(REMOVED), now)
    if revision is not None:
        await record_act(connection, act, REMOVED, member_id, {"kind": kind.value, "key": key}, now)
    return revision


async def set_organization_override(
    connection: AsyncConnection, organization_id: str, override: Override, *, act: Act, now: datetime
) -> dict[str, int]:
    """For all its members, whoever joins later too, in place of an earlier one of the same key. The organisation must
    exist. The new revision of each member who now holds something else.
    """
    await lock_organization(connection, organization_id)
    row = {"id": organization_id, "kind": override.kind.value, "key": override.key}
    members = await list_member_ids(connection, organization_id)
    async with recording(connection, members, cause=act.cause(SET), now=now) as revisions:
        await connection.execute(FORGET, row)
        dates = {"starts_at": override.starts_at, "ends_at": override.ends_at}
        value = orjson.dumps(override.value).decode()
        await connection.execute(ADD, {**row, **dates, "value": value, "source_id": override.source_id})
        await record_act(connection, act, SET, organization_id, _detail(override), now)
    return revisions


async def remove_organization_override(
    connection: AsyncConnection, organization_id: str, kind: ValueKind, key: str, *, act: Act, now: datetime
) -> bool:
    """Whether there was one."""
    await lock_organization(connection, organization_id)
    members = await list_member_ids(connection, organization_id)
    async with recording(connection, members, cause=act.cause(REMOVED), now=now):
        gone = await connection.execute(FORGET, {"id": organization_id, "kind": kind.value, "key": key})
        if gone.rowcount:
            await record_act(connection, act, REMOVED, organization_id, {"kind": kind.value, "key": key}, now)
    return bool(gone.rowcount)


async def _record(
    connection: AsyncConnection,
    member_id: str,
    kind: ValueKind,
    key: str,
    overrides: Sequence[Override],
    cause: str,
    now: datetime,
) -> int | None:
    owner = f"override:{kind.value}:{key}:{member_id}"
    return await record_grants(
        connection, member_id, owner=owner, grants=(), limits=(), overrides=overrides, cause=cause, now=now
    )


def _detail(override: Override) -> dict[str, object]:
    return {
        "kind": override.kind.value,
        "key": override.key,
        "value": override.value,
        "starts_at": override.starts_at,
        "ends_at": override.ends_at,
    }

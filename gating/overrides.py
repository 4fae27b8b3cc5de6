"""Setting by hand what a member's grants come to, and taking it back: each key by itself, dated and logged."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from gating.model import Override, ValueKind
from gating.record import record_grants


async def set_override(
    connection: AsyncConnection, member_id: str, override: Override, *, cause: str, now: datetime
) -> int | None:
    """In place of an earlier one of the same key. The member's new revision, None when nothing changed. As
    `record_grants`, in the caller's transaction; the member must exist.
    """
    return await _record(connection, member_id, override.kind, override.key, (override,), cause, now)


async def remove_override(
    connection: AsyncConnection, member_id: str, kind: ValueKind, key: str, *, cause: str, now: datetime
) -> int | None:
    """None when there was none."""
    return await _record(connection, member_id, kind, key, (), cause, now)


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

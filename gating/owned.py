"""What each owner gives, as rows: those of an owner are replaced all at once."""

from dataclasses import asdict
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gating.model import Grant, Holdings, LevelGrant, LimitGrant
from gating.values import Override

LOCK_OWNER = text("SELECT pg_advisory_xact_lock(hashtextextended(:owner, 5021))")
FORMER = text(
    "SELECT member_id FROM entitlement_grant WHERE owner = :owner"
    " UNION SELECT member_id FROM limit_grant WHERE owner = :owner"
    " UNION SELECT member_id FROM level_grant WHERE owner = :owner"
    " UNION SELECT member_id FROM entitlement_override WHERE owner = :owner"
    " UNION SELECT member_id FROM entitlement_country WHERE owner = :owner"
)
FORGET = (
    text("DELETE FROM entitlement_grant WHERE owner = :owner"),
    text("DELETE FROM limit_grant WHERE owner = :owner"),
    text("DELETE FROM level_grant WHERE owner = :owner"),
    text("DELETE FROM entitlement_override WHERE owner = :owner"),
    text("DELETE FROM entitlement_country WHERE owner = :owner"),
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
ADD_COUNTRY = text("INSERT INTO entitlement_country (owner, member_id, country) VALUES (:owner, :member_id, :country)")


async def lock_owner(connection: AsyncConnection, owner: str) -> list[str]:
    """Until the transaction ends. The members who hold anything of the owner."""
    await connection.execute(LOCK_OWNER, {"owner": owner})
    return list((await connection.execute(FORMER, {"owner": owner})).scalars())


async def replace_owned(connection: AsyncConnection, member_id: str, owner: str, held: Holdings) -> None:
    """Makes `held` all that the owner gives, and gives it to this member."""
    for forget in FORGET:
        await connection.execute(forget, {"owner": owner})
    parts = (
        (ADD_GRANT, [_row(each) for each in held.grants]),
        (ADD_LIMIT, [_row(each) for each in held.limits]),
        (ADD_LEVEL, [_row(each) for each in held.levels]),
        (ADD_OVERRIDE, [_override_row(each) for each in held.overrides]),
        (ADD_COUNTRY, [{"country": each} for each in held.countries]),
    )
    for add, rows in parts:
        if rows:
            await connection.execute(add, [{"owner": owner, "member_id": member_id, **row} for row in rows])


def _row(each: Grant | LimitGrant | LevelGrant) -> dict[str, Any]:
    """The columns are named like the fields."""
    return {**asdict(each), "source": each.source.value}


def _override_row(each: Override) -> dict[str, Any]:
    return {**asdict(each), "kind": each.kind.value, "value": orjson.dumps(each.value).decode()}

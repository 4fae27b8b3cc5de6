"""Members as persons: find, list, and make sure that one exists."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from storage.rows import Row

COLUMNS = "id, email, name, country, created_at"


@dataclass(frozen=True, slots=True)
class Member:
    """`id` is opaque (`mem_…` where we chose it); None is what nobody told us yet; `country` is ISO 3166-1 alpha-2."""

    id: str
    email: str | None
    name: str | None
    country: str | None
    created_at: datetime


async def find_member(database: Database, member_id: str) -> Member | None:
    members = await find_members(database, (member_id,))
    return members.get(member_id)


async def find_members(database: Database, member_ids: Iterable[str]) -> dict[str, Member]:
    """Those of `member_ids` that exist, by id, in one statement."""
    query = f"SELECT {COLUMNS} FROM member WHERE id = ANY(:ids)"  # noqa: S608 - a constant
    return {row[0]: _member(row) for row in await database.fetch(query, {"ids": list(member_ids)})}


async def find_members_with(
    database: Database, member_ids: Iterable[str], column: str, parameters: Mapping[str, Any]
) -> dict[str, tuple[Member, dict[str, Any]]]:
    """The same with a JSON object each: `column` is SQL over `member m`, with `parameters` of its own, or null."""
    query = f"SELECT {COLUMNS}, {column} FROM member m WHERE id = ANY(:ids)"  # noqa: S608 - code's own text
    rows = await database.fetch(query, {**parameters, "ids": list(member_ids)})
    return {row[0]: (_member(row), row[5] or {}) for row in rows}


async def list_members(database: Database, *, after: str | None = None, limit: int) -> Sequence[Member]:
    """At most `limit` members by id, those after the id `after`; ask for one more to learn whether more exist."""
    query = f"SELECT {COLUMNS} FROM member WHERE id > :after ORDER BY id LIMIT :limit"  # noqa: S608 - a constant
    return [_member(row) for row in await database.fetch(query, {"after": after or "", "limit": limit})]


async def count_members(database: Database) -> int:
    [row] = await database.fetch("SELECT count(*) AS total FROM member")
    return row.total


async def ensure_member(
    connection: AsyncConnection, member_id: str, email: str | None = None, name: str | None = None
) -> bool:
    """Makes the member exist; fills `email` and `name` where they are unknown, never overwrites them. Idempotent.

    True when the member is new.
    """
    query = text(
        "INSERT INTO member (id, email, name) VALUES (:id, :email, :name)"
        " ON CONFLICT (id) DO UPDATE SET email = COALESCE(member.email, excluded.email),"
        " name = COALESCE(member.name, excluded.name) RETURNING xmax = 0 AS is_new"
    )
    result = await connection.execute(query, {"id": member_id, "email": email, "name": name})
    return bool(result.scalar_one())


def _member(row: Row) -> Member:
    """Of a row that begins with COLUMNS."""
    return Member(row[0], row[1], row[2], row[3], row[4])

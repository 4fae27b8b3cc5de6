"""What members keep: one bookmark for each member and entry."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from storage.database import Database


async def add_bookmark(database: Database, member_id: str, content_id: str, now: datetime) -> bool:
    """Idempotent; True when it is new, and the first date stays. `content_id` must exist."""
    query = text(
        "INSERT INTO bookmark (member_id, content_id, created_at) VALUES (:member_id, :content_id, :now)"
        " ON CONFLICT DO NOTHING RETURNING content_id"
    )
    async with database.transaction() as connection:
        result = await connection.execute(query, {"member_id": member_id, "content_id": content_id, "now": now})
        return result.first() is not None


async def remove_bookmark(database: Database, member_id: str, content_id: str) -> bool:
    """Idempotent; True when there was one."""
    query = text("DELETE FROM bookmark WHERE member_id = :member_id AND content_id = :content_id RETURNING content_id")
    async with database.transaction() as connection:
        result = await connection.execute(query, {"member_id": member_id, "content_id": content_id})
        return result.first() is not None


async def list_bookmarks(
    database: Database, member_id: str, *, after: tuple[datetime, str] | None = None, limit: int
) -> Sequence[tuple[datetime, str]]:
    """At most `limit` pairs of date and content id, newest first, of entries that are published."""
    follows = " AND (b.created_at, b.content_id) < (:after_date, :after_id)" if after else ""
    query = (
        "SELECT b.created_at, b.content_id FROM bookmark b JOIN content c ON c.id = b.content_id"
        f" WHERE b.member_id = :member_id AND c.published_at IS NOT NULL{follows}"
        " ORDER BY b.created_at DESC, b.content_id DESC LIMIT :limit"
    )
    parameters = {"member_id": member_id, "limit": limit}
    if after:
        parameters |= {"after_date": after[0], "after_id": after[1]}
    return [(row.created_at, row.content_id) for row in await database.fetch(query, parameters)]


async def count_bookmarks(database: Database, member_id: str) -> int:
    query = (
        "SELECT count(*) AS total FROM bookmark b JOIN content c ON c.id = b.content_id"
        " WHERE b.member_id = :member_id AND c.published_at IS NOT NULL"
    )
    [row] = await database.fetch(query, {"member_id": member_id})
    return row.total

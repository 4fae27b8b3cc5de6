"""What lies behind the second wall, for many entries in one statement.

Each function reads as a holder of `features`: for everybody else the row does not exist, and the answer lacks the key.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database

BODY_FEATURE = "content_premium"
FILE_FEATURE = "downloads"
STATS_FEATURE = "analytics"
"""What rows require when we write them; the row's own `required_feature` is what counts when it is read."""


async def find_bodies(database: Database, features: Iterable[str], content_ids: Iterable[str]) -> dict[str, str]:
    query = "SELECT content_id, body AS value FROM content_body WHERE content_id = ANY(:ids)"
    return await _find(database, features, query, content_ids)


async def find_file_urls(database: Database, features: Iterable[str], content_ids: Iterable[str]) -> dict[str, str]:
    query = "SELECT content_id, file_url AS value FROM content_file WHERE content_id = ANY(:ids)"
    return await _find(database, features, query, content_ids)


async def find_read_counts(database: Database, features: Iterable[str], content_ids: Iterable[str]) -> dict[str, int]:
    query = "SELECT content_id, read_count AS value FROM content_stats WHERE content_id = ANY(:ids)"
    return await _find(database, features, query, content_ids)


async def count_reading(connection: AsyncConnection, content_id: str) -> None:
    """Adds one to the entry's read count. The transaction must see behind the wall of STATS_FEATURE."""
    query = text(
        "INSERT INTO content_stats (content_id, required_feature, read_count) VALUES (:id, :feature, 1)"
        " ON CONFLICT (content_id) DO UPDATE SET read_count = content_stats.read_count + 1"
    )
    await connection.execute(query, {"id": content_id, "feature": STATS_FEATURE})


async def _find(database: Database, features: Iterable[str], query: str, content_ids: Iterable[str]) -> dict[str, Any]:
    rows = await database.fetch_walled(features, query, {"ids": list(content_ids)})
    return {row.content_id: row.value for row in rows}

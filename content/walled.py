"""What lies behind the second wall, as it is written. `content.selecting` reads it."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

BODY_FEATURE = "content_premium"
FILE_FEATURE = "downloads"
STATS_FEATURE = "analytics"
"""What rows require when we write them; the row's own `required_feature` is what counts when it is read."""


async def count_reading(connection: AsyncConnection, content_id: str) -> None:
    """Adds one to the entry's read count. The transaction must see behind the wall of STATS_FEATURE."""
    query = text(
        "INSERT INTO content_stats (content_id, required_feature, read_count) VALUES (:id, :feature, 1)"
        " ON CONFLICT (content_id) DO UPDATE SET read_count = content_stats.read_count + 1"
    )
    await connection.execute(query, {"id": content_id, "feature": STATS_FEATURE})

"""Publishing, and telling every process about it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

from sqlalchemy import text

from storage.database import Database

CHANNEL = "gatehouse_content"
UNREAD_AT_MOST = 1000
"""Announcements kept for a slow subscriber; beyond, the oldest are dropped."""


async def publish_content(database: Database, content_id: str, now: datetime) -> bool:
    """Publishes a draft and announces it, in one transaction. False when there is no such draft. Idempotent."""
    query = text("UPDATE content SET published_at = :now WHERE id = :id AND published_at IS NULL RETURNING id")
    async with database.transaction() as connection:
        published = (await connection.execute(query, {"id": content_id, "now": now})).first() is not None
        if published:
            await connection.execute(text("SELECT pg_notify(:channel, :id)"), {"channel": CHANNEL, "id": content_id})
        return published


class Feed:
    """Announcements of one process: one listener on the database, fanned out to all subscribers here."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._subscribers: set[asyncio.Queue[str]] = set()

    async def run(self) -> None:
        """Listens for ever; what is published while the connection is down is not announced."""
        async for content_id in self._database.listen(CHANNEL):
            if content_id is not None:
                self._announce(content_id)

    async def published(self) -> AsyncIterator[str]:
        """Ids of content published from now on, in order of commit."""
        queue: asyncio.Queue[str] = asyncio.Queue(UNREAD_AT_MOST)
        self._subscribers.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._subscribers.discard(queue)

    def _announce(self, content_id: str) -> None:
        for queue in self._subscribers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(content_id)

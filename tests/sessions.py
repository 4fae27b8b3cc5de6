"""Reading connections are handed on without a reset, so after any test they must be as if they had just been opened."""

import asyncio
from typing import Any

from storage.database import Database, connect

SESSION = """
    SELECT 'setting', name, setting FROM pg_settings WHERE setting <> ''
    UNION ALL SELECT 'wall', value, '' FROM current_setting('gatehouse.features', true) AS value WHERE value <> ''
    UNION ALL SELECT 'advisory lock', concat_ws(':', classid, objid, objsubid), mode
        FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
    UNION ALL SELECT 'channel', channel, '' FROM pg_listening_channels() AS channel
    UNION ALL SELECT 'cursor', name, statement FROM pg_cursors WHERE name <> ''
    UNION ALL SELECT 'temporary', relname, '' FROM pg_class WHERE relnamespace = pg_my_temp_schema()
    ORDER BY 1, 2, 3
"""
"""What a statement could leave behind. A setting of ours that was made once is '' afterwards, which opens as little as
if it was never made."""

TRANSACTION = "SELECT pg_backend_pid(), now()"


async def require_untouched_sessions(database: Database, url: str) -> None:
    """AssertionError if a reading connection differs from one just opened. None may be in use."""
    sessions = await _on_each(database, SESSION)
    fresh = await _fresh_session(url) if sessions else []
    for session in sessions:
        assert session == fresh, sorted(set(session) ^ set(fresh))
    transactions = [*await _on_each(database, TRANSACTION), *await _on_each(database, TRANSACTION)]
    assert len({row for rows in transactions for row in rows}) == 2 * len(sessions), "a transaction was left open"


async def _on_each(database: Database, query: str) -> list[list[tuple[Any, ...]]]:
    read = await asyncio.gather(*(database.fetch(query) for _ in range(database.readers.idle)))
    return [[tuple(row) for row in rows] for rows in read]


async def _fresh_session(url: str) -> list[tuple[Any, ...]]:
    database = connect(url)
    try:
        return [tuple(row) for row in await database.fetch(SESSION)]
    finally:
        await database.close()

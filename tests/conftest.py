"""What a test may ask for: real PostgreSQL and Valkey, a fresh migrated database, an empty cache, a settable clock."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from storage.database import Database, connect
from tests.clock import FixedClock
from tests.parts import DatabaseUrls, SessionParts, start_test_parts
from tests.sessions import require_untouched_sessions


@pytest.fixture(scope="session")
def parts() -> Iterator[SessionParts]:
    """Both servers, once for the session, gone with it (and with us, should we be killed)."""
    # Not pytest's own folder: socket paths must be short, and nothing should be kept.
    with tempfile.TemporaryDirectory(prefix="gatehouse-test-") as folder:
        started = start_test_parts(Path(folder) / "data")
        yield started
        started.running.stop()


@pytest.fixture
async def database_urls(parts: SessionParts) -> AsyncIterator[DatabaseUrls]:
    """A database of this test's own, through the owner's and the application's login."""
    async with parts.database() as urls:
        yield urls


@pytest.fixture
async def database(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    """The handle the service would have: on the application's login."""
    handle = connect(database_urls.app)
    yield handle
    await require_untouched_sessions(handle, database_urls.app)
    await handle.close()


@pytest.fixture
async def redis_url(parts: SessionParts) -> str:
    """The session's Valkey, emptied."""
    return await parts.empty_redis()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()

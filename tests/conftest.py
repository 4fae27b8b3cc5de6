"""What a test may ask for: real PostgreSQL and Valkey, a fresh migrated database, an empty cache, a settable clock."""

from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import settings

from storage.database import Database, connect
from tests.clock import FixedClock
from tests.parts import DatabaseUrls, SessionParts, folder_for_parts, start_test_parts
from tests.sessions import require_untouched_sessions

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")  # how long an example takes says nothing about it on a busy machine


@pytest.fixture(scope="session")
def parts() -> Iterator[SessionParts]:
    """Both servers, once for the session, gone with it (and with us, should we be killed)."""
    with folder_for_parts() as folder:
        started = start_test_parts(folder / "data")
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

"""The served demo, for whoever asks it questions."""

from collections.abc import AsyncIterator

import pytest

from storage.database import Database
from tests.clock import FixedClock
from tests.flow.served import Served, serve


@pytest.fixture
async def served(database: Database, redis_url: str, clock: FixedClock) -> AsyncIterator[Served]:
    async with serve(database, redis_url, clock) as running:
        yield running

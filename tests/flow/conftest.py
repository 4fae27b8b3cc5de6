"""The served demo for whoever asks it questions, and the whole application on a real socket."""

from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from storage.database import Database
from tests.clock import FixedClock
from tests.flow.edge import Edge, serving
from tests.flow.selling import Selling, selling
from tests.flow.served import Served, serve
from tests.parts import SessionParts


@pytest.fixture
async def served(database: Database, redis_url: str, clock: FixedClock) -> AsyncIterator[Served]:
    async with serve(database, redis_url, clock) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edge(parts: SessionParts, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Edge]:
    """One for each module, whose tests run in its loop: seeded with demo content and a member of each plan.

    Tests leave those members as they are; what is to change is made by the test that changes it.
    """
    folder: Path = tmp_path_factory.mktemp("edge")
    async with parts.database() as urls, serving(urls.app, await parts.empty_redis(), FixedClock(), folder) as edge:
        yield edge


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(parts: SessionParts, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Selling]:
    """One for each module, whose tests run in its loop; each of them has members of its own."""
    async with selling(parts, tmp_path_factory.mktemp("selling")) as shop:
        yield shop

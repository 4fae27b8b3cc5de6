"""The planted world, once for a module."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.leak.world import World, build_world
from tests.parts import SessionParts


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(parts: SessionParts) -> AsyncIterator[World]:
    async with parts.database() as urls, build_world(urls, await parts.empty_redis()) as built:
        yield built

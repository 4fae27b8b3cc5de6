"""A change reaches another process by message."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator

import pytest

from clock import SystemClock
from gating.model import Grant, Source
from gating.postgres import PostgresSnapshots
from gating.publish import run_publisher
from gating.record import record_grants
from gating.redis import RedisSnapshots
from identity.members import ensure_member
from storage.database import Database
from storage.redis import connect_redis
from tests.parts import DatabaseUrls

pytestmark = pytest.mark.alone

CHANGES = 100
MEMBER = "ann"


@pytest.fixture
async def follower(
    database: Database, database_urls: DatabaseUrls, redis_url: str
) -> AsyncIterator[asyncio.StreamReader]:
    """The lines of another process, which has heard nothing yet."""
    async with database.transaction() as connection:
        await ensure_member(connection, MEMBER)
    arguments = ("-m", "tests.flow.follower", database_urls.app, redis_url, MEMBER)
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    assert await process.stdout.readline() == b"0\n"
    yield process.stdout
    process.kill()
    await process.wait()


async def test_a_change_reaches_another_process_by_message(
    database: Database, redis_url: str, follower: asyncio.StreamReader
) -> None:
    clock, client = SystemClock(), connect_redis(redis_url)
    source, cache = PostgresSnapshots(database), RedisSnapshots(client, clock)
    publisher = asyncio.create_task(run_publisher(database, source, cache, clock))
    took: list[float] = []
    for revision in range(1, CHANGES + 1):
        grant = Grant("downloads", Source.MANUAL, f"gift_{revision}")
        async with database.transaction() as connection:
            await record_grants(
                connection, MEMBER, owner="test", grants=[grant], limits=(), cause="test", now=clock.now()
            )
        committed_at = time.monotonic()
        async with asyncio.timeout(10):
            while int(await follower.readline()) < revision:
                pass
        took.append(time.monotonic() - committed_at)
    publisher.cancel()
    await asyncio.gather(publisher, return_exceptions=True)
    await client.aclose()
    assert sorted(took)[CHANGES * 98 // 100] < 1

"""Another process: says the revision it answers with for a member, each time something may have changed.

Its memory never ages, so that only a message can make it ask again.
"""

import asyncio
import sys

from clock import SystemClock
from gating.postgres import PostgresSnapshots
from gating.redis import RedisSnapshots
from gating.store import EntitlementStore
from storage.database import connect
from storage.redis import connect_redis


async def follow(database_url: str, redis_url: str, member_id: str) -> None:
    clock = SystemClock()
    cache = RedisSnapshots(connect_redis(redis_url), clock)
    store = EntitlementStore(PostgresSnapshots(connect(database_url)), cache, clock, monotonic=lambda: 0.0)
    listening = asyncio.create_task(store.run())
    async for changed in store.changes():
        if changed in (None, member_id):
            revision = (await store.snapshot_of(member_id)).revision
            sys.stdout.write(f"{revision}\n")
            sys.stdout.flush()
    await listening


if __name__ == "__main__":
    asyncio.run(follow(*sys.argv[1:]))

"""Reading a member's snapshot from Redis, and from PostgreSQL where Redis has none, filling Redis on the way."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from errors import Unavailable
from gating.model import Snapshot
from gating.ports import SnapshotCache, SnapshotSource

CONCURRENT_READS = 16

AtLeast = Callable[[str], int]
"""The lowest revision that may still be answered for a member, as known when asked."""


class Layers:
    """`count` is told which layer answered."""

    def __init__(
        self, source: SnapshotSource, cache: SnapshotCache, at_least: AtLeast, count: Callable[[str], None]
    ) -> None:
        self._source = source
        self._cache = cache
        self._at_least = at_least
        self._count = count
        self._reading = asyncio.Semaphore(CONCURRENT_READS)

    async def read(self, member_id: str) -> Snapshot:
        """From the cache unless it is behind what this process has seen. Raises Unavailable."""
        with suppress(Unavailable):
            cached = await self._cache.find(member_id)
            if cached is not None and cached.revision >= self._at_least(member_id):
                self._count("redis")
                return cached
        return await self.read_authority(member_id)

    async def read_authority(self, member_id: str) -> Snapshot:
        """From PostgreSQL. Raises Unavailable."""
        async with self._reading:
            snapshot = await self._fill(member_id)
            if snapshot.revision < self._at_least(member_id):  # a newer one was published while we read
                snapshot = await self._fill(member_id)
        if snapshot.revision < self._at_least(member_id):
            raise Unavailable("The database is behind what it has told before.")
        self._count("postgres")
        return snapshot

    async def _fill(self, member_id: str) -> Snapshot:
        """The cache may be down, and it may refuse: what was read is as good."""
        token: str | None = None
        with suppress(Unavailable):
            token = await self._cache.take_token(member_id)
        snapshot = await self._source.get_snapshot(member_id)
        if token is not None:
            with suppress(Unavailable):
                await self._cache.put(token, snapshot)
        return snapshot

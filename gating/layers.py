"""Reading a member's snapshot from Redis, and from PostgreSQL where Redis has none, filling Redis on the way."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from errors import Unavailable
from gating.model import Snapshot
from gating.ports import SnapshotCache, SnapshotSource

CONCURRENT_READS = 16
RETRIES = 2


class Layers:
    """`at_least` is the lowest revision that may still be answered for a member, as known when asked.

    `count` is told which layer answered.
    """

    def __init__(
        self,
        source: SnapshotSource,
        cache: SnapshotCache,
        at_least: Callable[[str], int],
        count: Callable[[str], None],
    ) -> None:
        self._source = source
        self._cache = cache
        self._at_least = at_least
        self._count = count
        self._reading = asyncio.Semaphore(CONCURRENT_READS)

    async def read(self, member_id: str) -> Snapshot:
        """From the cache; from PostgreSQL when it has none, or is behind what was seen. Raises Unavailable."""
        return await self._find(member_id) or await self.read_authority(member_id)

    async def read_anew(self, member_id: str) -> Snapshot:
        """As `read`, with PostgreSQL first: for a while after the cache may have lost what it acknowledged."""
        try:
            return await self.read_authority(member_id)
        except Unavailable:
            if (cached := await self._find(member_id)) is None:
                raise
            return cached

    async def read_authority(self, member_id: str) -> Snapshot:
        """From PostgreSQL. Raises Unavailable."""
        async with self._reading:
            told, snapshot = await self._fill_knowing(member_id)
            for _ in range(RETRIES):
                if snapshot.revision >= self._at_least(member_id):
                    break
                told, snapshot = await self._fill_knowing(member_id)  # a newer one was published while we read
        # Where changes outrun every read, what was true when the last one began is a right answer.
        if snapshot.revision < told:
            raise Unavailable("The database is behind what it has told before.")
        self._count("postgres")
        return snapshot

    async def _find(self, member_id: str) -> Snapshot | None:
        with suppress(Unavailable):
            cached = await self._cache.find(member_id)
            if cached is not None and cached.revision >= self._at_least(member_id):
                self._count("redis")
                return cached
        return None

    async def _fill_knowing(self, member_id: str) -> tuple[int, Snapshot]:
        """With the revision that was known to exist before the read began."""
        return self._at_least(member_id), await self._fill(member_id)

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

"""From the outbox to the cache. Any number of publishers may run at once.

A row names a member and a revision; the value is read here, under a fill token, so that a late publisher cannot write
an old one. A row goes only when the cache has taken its revision or a later one; a refused publication is tried again.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import text

from clock import Clock
from errors import Unavailable
from gating.ports import SnapshotCache, SnapshotSource
from gating.record import CHANNEL
from storage.database import Database

POLL_SECONDS = 1.0
AGAIN_SECONDS = 0.2
"""After something did not answer: it may have been a moment only, and somebody waits to hear of the change."""
RETRY_SECONDS = 0.02
AT_ONCE = 16
BATCH = 500
RECENT = timedelta(seconds=120)
"""Longer than any cached entry lives, by a minute for clocks that differ and commits that linger."""

# At random, lest rows that cannot be published for long stand in the way of the others.
PENDING = "SELECT member_id, revision FROM entitlement_outbox ORDER BY random() LIMIT :batch"
CHANGED = "SELECT member_id, revision FROM member_entitlement WHERE changed_at > :since"
# One row at a time: several in one statement and those who record could wait for each other.
DONE = text("DELETE FROM entitlement_outbox WHERE member_id = :member_id AND revision <= :revision")

Publication = tuple[str, int]
"""A member, and the revision that the cache is to have or exceed."""


async def run_publisher(database: Database, source: SnapshotSource, cache: SnapshotCache, clock: Clock) -> None:
    """For ever: publishes at each NOTIFY and, lest one was lost, each second.

    When the cache may have lost what it acknowledged, and at the start, since it may have been then, publishes again
    all that changed recently enough for an entry older than the change to be still there.
    """
    woken = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_wake(database, woken))
        tasks.create_task(_watch_cache(database, source, cache, clock))
        while True:
            woken.clear()
            try:
                await publish_pending(database, source, cache)
            except Unavailable:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await woken.wait()


async def publish_pending(database: Database, source: SnapshotSource, cache: SnapshotCache) -> None:
    """Until the outbox is empty. Raises Unavailable when a part does not answer; what can be published is."""
    while rows := await database.fetch(PENDING, {"batch": BATCH}):
        await _publish_all([(row.member_id, row.revision) for row in rows], database, source, cache)


async def count_pending(database: Database) -> int:
    """How many members have a revision that is not published yet."""
    [row] = await database.fetch("SELECT count(*) AS waiting FROM entitlement_outbox")
    return row.waiting


async def publish(publication: Publication, source: SnapshotSource, cache: SnapshotCache) -> int | None:
    """The revision that the cache now has or exceeds; None when refused and not yet there. Raises Unavailable."""
    member_id, revision = publication
    token = await cache.take_token(member_id)
    snapshot = await source.get_snapshot(member_id)
    if await cache.put(token, snapshot):
        return snapshot.revision
    cached = await cache.find(member_id)
    return cached.revision if cached is not None and cached.revision >= revision else None


async def _publish_all(
    publications: Sequence[Publication], database: Database, source: SnapshotSource, cache: SnapshotCache
) -> None:
    """Until none is refused. Raises Unavailable, after every one was tried."""
    at_once = asyncio.Semaphore(AT_ONCE)

    async def attempt(publication: Publication) -> Publication | None:
        async with at_once:
            revision = await publish(publication, source, cache)
            if revision is None:
                return publication
            async with database.transaction() as connection:
                await connection.execute(DONE, {"member_id": publication[0], "revision": revision})
            return None

    while publications:
        outcomes = await asyncio.gather(*map(attempt, publications), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        publications = [outcome for outcome in outcomes if isinstance(outcome, tuple)]
        await asyncio.sleep(RETRY_SECONDS if publications else 0)


async def _watch_cache(database: Database, source: SnapshotSource, cache: SnapshotCache, clock: Clock) -> None:
    seen: str | None = None
    while True:
        with suppress(Unavailable):
            current = await cache.incarnation()
            if current != seen:
                rows = await database.fetch(CHANGED, {"since": clock.now() - RECENT})
                await _publish_all([(row.member_id, row.revision) for row in rows], database, source, cache)
            seen = current
        await asyncio.sleep(POLL_SECONDS)


async def _wake(database: Database, woken: asyncio.Event) -> None:
    async for _ in database.listen(CHANNEL):
        woken.set()

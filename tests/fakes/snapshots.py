"""The ports of gating in memory: they keep the contracts of the real ones (`tests/contract`), and can be down."""

import asyncio
import itertools
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime

from clock import Clock
from errors import Unavailable
from gating.codec import canonical
from gating.model import Grant, LevelGrant, LimitGrant, Snapshot
from gating.values import Override


@dataclass
class MemorySource:
    """A SnapshotSource. `hold`, once set, lets no read return before it is released; each has looked by then."""

    down: bool = False
    reads: int = 0
    hold: asyncio.Event | None = None
    _snapshots: dict[str, Snapshot] = field(default_factory=dict[str, Snapshot])

    def record(
        self,
        member_id: str,
        *grants: Grant,
        limits: tuple[LimitGrant, ...] = (),
        levels: tuple[LevelGrant, ...] = (),
        overrides: tuple[Override, ...] = (),
    ) -> int:
        revision = self._snapshots[member_id].revision + 1 if member_id in self._snapshots else 1
        self._snapshots[member_id] = canonical(Snapshot(member_id, revision, grants, limits, levels, overrides))
        return revision

    async def get_snapshot(self, member_id: str) -> Snapshot:
        self.reads += 1
        if self.down:
            raise Unavailable("The database does not answer.")
        snapshot = self._snapshots.get(member_id, Snapshot(member_id, 0))
        if self.hold is not None:
            await self.hold.wait()
        return snapshot


@dataclass
class MemoryCache:
    """A SnapshotCache in one process, in which nothing lives shorter than its `hard_until`."""

    clock: Clock
    down: bool = False
    _entries: dict[str, tuple[Snapshot, datetime | None]] = field(
        default_factory=dict[str, tuple[Snapshot, datetime | None]]
    )
    _tokens: dict[str, str] = field(default_factory=dict[str, str])
    _starts: int = 1
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _listeners: "set[asyncio.Queue[tuple[str, int] | None]]" = field(
        default_factory=set["asyncio.Queue[tuple[str, int] | None]"]
    )

    def restart(self) -> None:
        """Loses everything, and the connections."""
        self._entries.clear()
        self._tokens.clear()
        self._starts += 1
        self._tell(None)

    def evict(self, member_id: str) -> None:
        self._entries.pop(member_id, None)

    async def find(self, member_id: str) -> Snapshot | None:
        self._answer()
        snapshot, until = self._entries.get(member_id, (None, None))
        return None if until is not None and self.clock.now() >= until else snapshot

    async def take_token(self, member_id: str) -> str:
        self._answer()
        self._tokens[member_id] = str(next(self._numbers))
        return self._tokens[member_id]

    async def put(self, token: str, snapshot: Snapshot) -> bool:
        self._answer()
        if self._tokens.get(snapshot.member_id) != token:
            return False
        del self._tokens[snapshot.member_id]
        current, _ = self._entries.get(snapshot.member_id, (None, None))
        known = -1 if current is None else current.revision
        if snapshot.revision >= known:
            self._entries[snapshot.member_id] = (snapshot, snapshot.hard_until(self.clock.now()))
        if snapshot.revision > known:
            self._tell((snapshot.member_id, snapshot.revision))
        return True

    async def incarnation(self) -> str:
        self._answer()
        return str(self._starts)

    async def changes(self) -> AsyncGenerator[tuple[str, int] | None, None]:
        queue: asyncio.Queue[tuple[str, int] | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield None
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)

    def _tell(self, change: tuple[str, int] | None) -> None:
        for queue in self._listeners:
            queue.put_nowait(change)

    def _answer(self) -> None:
        if self.down:
            raise Unavailable("The cache does not answer.")

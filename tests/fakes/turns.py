"""Actors that take turns: each call at a port waits until the schedule lets it through."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

from gating.model import Snapshot
from gating.ports import SnapshotCache, SnapshotSource


@dataclass
class Actor:
    """`act` receives the actor, whose `cache` and `source` wait for their turns."""

    act: Callable[["Actor"], Awaitable[object]]
    real_cache: SnapshotCache
    real_source: SnapshotSource
    _waiting: asyncio.Event = field(default_factory=asyncio.Event)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    _task: "asyncio.Task[object] | None" = None
    _free: bool = False

    async def step(self) -> None:
        """One call at a port, and on to the next; nothing when there is none any more."""
        if self._task is None:
            self._task = asyncio.ensure_future(self._run())
            await self._until_waiting()
        self._waiting.clear()
        self._turns.release()
        await self._until_waiting()

    async def finish(self) -> None:
        self._free = True
        self._turns.release()
        if self._task is not None:
            await self._task

    async def crash(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def turn(self) -> None:
        if not self._free:
            self._waiting.set()
            await self._turns.acquire()

    async def _run(self) -> object:
        return await self.act(self)

    async def _until_waiting(self) -> None:
        assert self._task is not None
        waiting = asyncio.ensure_future(self._waiting.wait())
        await asyncio.wait([self._task, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    # The two ports.

    async def get_snapshot(self, member_id: str) -> Snapshot:
        await self.turn()
        return await self.real_source.get_snapshot(member_id)

    async def find(self, member_id: str) -> Snapshot | None:
        await self.turn()
        return await self.real_cache.find(member_id)

    async def take_token(self, member_id: str) -> str:
        await self.turn()
        return await self.real_cache.take_token(member_id)

    async def put(self, token: str, snapshot: Snapshot) -> bool:
        await self.turn()
        return await self.real_cache.put(token, snapshot)

    async def incarnation(self) -> str:
        return await self.real_cache.incarnation()

    def changes(self) -> AsyncGenerator[tuple[str, int] | None, None]:
        return self.real_cache.changes()

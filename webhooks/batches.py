"""Group commit: what waits together is stored together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from billing.events import Arrival
from billing.intake import Unread
from errors import Unavailable

LARGEST_BATCH = 100

Arrived = TypeVar("Arrived", Unread, Arrival)


class _Waiting(NamedTuple, Generic[Arrived]):
    arrival: Arrived
    stored: asyncio.Future[bool]


class Batches(Generic[Arrived]):
    """Stores what arrives, in turn: all that has come while a batch was being stored is the next batch."""

    def __init__(self, store: Callable[[Sequence[Arrived]], Awaitable[frozenset[str]]]) -> None:
        """`store` returns the ids of the new ones, after the commit."""
        self._store = store
        self._waiting: list[_Waiting[Arrived]] = []
        self._writer: asyncio.Task[None] | None = None

    async def add(self, arrival: Arrived) -> bool:
        """True when it is new. Raises what `store` raises for this one."""
        waiting = _Waiting(arrival, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await waiting.stored

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
            await self._settle(batch)

    async def _settle(self, batch: Sequence[_Waiting[Arrived]]) -> None:
        """Tells each of the batch its outcome; a fault in one is not the others': they are then stored one by one."""
        try:
            new = set(await self._store([each.arrival for each in batch]))
        except Exception as fault:  # noqa: BLE001 - handed to whoever waits
            if len(batch) > 1 and not isinstance(fault, Unavailable):
                for each in batch:
                    await self._settle([each])
                return
            for each in batch:
                if not each.stored.done():
                    each.stored.set_exception(fault)
            return
        for each in batch:
            if not each.stored.done():
                each.stored.set_result(each.arrival.event.id in new)
            new.discard(each.arrival.event.id)

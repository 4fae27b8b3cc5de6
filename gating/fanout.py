"""One stream of changed members, heard by any number of listeners of this process."""

import asyncio
from collections.abc import AsyncGenerator

WAITING = 1000


class Fanout:
    """A listener that falls too far behind is told that it lost messages, and loses them."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[str | None]] = set()

    def tell(self, member_id: str | None) -> None:
        for queue in self._queues:
            lagging = queue.full()
            while lagging and not queue.empty():
                queue.get_nowait()
            queue.put_nowait(None if lagging else member_id)

    async def listen(self) -> AsyncGenerator[str | None, None]:
        """None first, so that the listener looks once after it began to listen."""
        queue: asyncio.Queue[str | None] = asyncio.Queue(WAITING)
        self._queues.add(queue)
        try:
            yield None
            while True:
                yield await queue.get()
        finally:
            self._queues.discard(queue)

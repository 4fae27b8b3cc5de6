"""Reads that operations have in common: whoever asks in the same turn of the event loop is answered by one statement.

Under load many requests arrive in one turn, and a statement for each would cost more than most of what else is done
for them. Nobody gets what was read before he asked: a statement is sent when the turn ends, for all who are waiting.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

from errors import GatehouseError, Unavailable

Key = TypeVar("Key")
Value = TypeVar("Value")
AT_ONCE = 2
"""Two, so that one that takes long holds nobody up."""

Asked = Sequence[tuple[Key, list[asyncio.Future[Value]]]]


class InTurn(Generic[Key, Value]):
    """`read` answers one value for each key, in their order; at most `most` distinct keys go into one read.

    What it answers is shared by all who asked for it: nobody may change it, nor may it depend on who asked. While
    `at_once` reads are under way whoever asks waits for the end of one of them: they are short, and the fuller the
    next one is, the less all of them cost.
    """

    def __init__(
        self, read: Callable[[Sequence[Key]], Awaitable[Sequence[Value]]], most: int = 100, at_once: int = AT_ONCE
    ) -> None:
        self._read = read
        self._most = most
        self._at_once = at_once
        self._called = False
        self._waiting: dict[Key, list[asyncio.Future[Value]]] = {}
        self._reads: set[asyncio.Task[None]] = set()

    def load(self, key: Key) -> Awaitable[Value]:
        """The value of `key`. Raises what `read` raises."""
        loop = asyncio.get_running_loop()
        if not self._called and len(self._reads) < self._at_once:
            self._called = True
            loop.call_soon(self._send)
        future: asyncio.Future[Value] = loop.create_future()
        self._waiting.setdefault(key, []).append(future)
        return future

    def _send(self, ended: asyncio.Task[None] | None = None) -> None:
        self._called = False
        if ended is not None:
            self._reads.discard(ended)
        while self._waiting and len(self._reads) < self._at_once:
            asked = [(key, self._waiting.pop(key)) for key in list(islice(self._waiting, self._most))]
            task = asyncio.ensure_future(self._answer(asked))
            self._reads.add(task)
            task.add_done_callback(self._send)

    async def _answer(self, asked: Asked[Key, Value]) -> None:
        """Whoever has gone away meanwhile is left out; what cannot be read with the others is read alone."""
        try:
            values = await self._read([key for key, _ in asked])
            if len(values) != len(asked):
                raise GatehouseError(f"{len(values)} answers for {len(asked)} keys")
        except Exception as fault:  # noqa: BLE001 - it is theirs who wait
            if len(asked) > 1 and not isinstance(fault, Unavailable):
                await asyncio.gather(*(self._answer([each]) for each in asked))
            else:
                for future in _waiting(asked):
                    future.set_exception(fault)
        else:
            for (_, futures), value in zip(asked, values, strict=True):
                for future in futures:
                    if not future.done():
                        future.set_result(value)


def _waiting(asked: Asked[Any, Value]) -> Iterator[asyncio.Future[Value]]:
    return (future for _, futures in asked for future in futures if not future.done())

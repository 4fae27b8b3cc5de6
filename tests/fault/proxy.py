"""A TCP proxy between us and a server: it can be cut, like a cable, or fall silent, as when packets are dropped."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
State = Literal["whole", "refused", "silent"]


@dataclass
class Proxy:
    """`refused`: connections break and none is made. `silent`: they stand, and nothing passes."""

    dial: Callable[[], Awaitable[Streams]]
    port: int = 0
    state: State = "whole"
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])
    _writers: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])
    _whole: asyncio.Event = field(default_factory=asyncio.Event)
    _server: Any = None

    async def open(self) -> None:
        """Listens on `port`, on any free one at first."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._whole.set()
        self.state = "whole"

    async def refuse(self) -> None:
        self.state = "refused"
        self._server.close()
        self._hang_up()

    def fall_silent(self) -> None:
        self.state = "silent"
        self._whole.clear()

    async def mend(self) -> None:
        if self.state == "refused":
            await self.open()
        elif self.state == "silent":
            self._hang_up()  # what was sent into the silence never arrives
            self._whole.set()
            self.state = "whole"

    async def close(self) -> None:
        self._whole.set()
        self._server.close()
        self._hang_up()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _hang_up(self) -> None:
        for task in self._tasks:
            task.cancel()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        with suppress(OSError, asyncio.CancelledError):
            await self._whole.wait()
            their_reader, their_writer = await self.dial()
            self._writers.add(their_writer)
            passing = [
                asyncio.create_task(self._pass(*each)) for each in ((reader, their_writer), (their_reader, writer))
            ]
            try:
                await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in passing:
                    each.cancel()
                await asyncio.gather(*passing, return_exceptions=True)
                self._writers.discard(their_writer)
                their_writer.transport.abort()
        self._writers.discard(writer)
        writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._whole.wait()
                writer.write(data)
                await writer.drain()


@asynccontextmanager
async def proxied(dial: Callable[[], Awaitable[Streams]]) -> AsyncGenerator[Proxy]:
    proxy = Proxy(dial)
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()

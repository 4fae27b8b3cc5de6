"""An answer goes out by one write: uvicorn makes two, and each costs more than most of what an answer is made by."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class _Gathering:
    """A transport that keeps a write for the next one of the same turn of the loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.plain = transport
        self._loop = loop
        self._kept: bytes | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)

    def write(self, data: bytes) -> None:
        kept = self._kept
        if kept is None:
            self._kept = data
            self._loop.call_soon(self._release)
        else:
            self._kept = None
            self.plain.writelines((kept, data))

    def close(self) -> None:
        self._release()
        self.plain.close()

    def _release(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            self.plain.write(kept)


class OneWrite(HttpToolsProtocol):
    """uvicorn's protocol, but for how an answer's head and body go out; a socket that is upgraded is left alone."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        gathering: Any = _Gathering(transport, self.loop)
        super().connection_made(gathering)

    def handle_websocket_upgrade(self) -> None:
        gathering: Any = self.transport
        self.transport = gathering.plain
        super().handle_websocket_upgrade()

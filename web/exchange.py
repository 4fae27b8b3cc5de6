"""One request that has come whole and is answered as a whole, without ASGI's messages."""

import asyncio
from typing import Protocol

from starlette.types import ASGIApp
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from asgi import Receive, Reply, Scope, Send, WholeAnswers, respond
from web.heads import head_of, write


class Connection(Protocol):
    """What an exchange needs of the connection that it came by."""

    transport: asyncio.Transport
    flow: FlowControl
    server_state: ServerState

    def cycle_for(self, exchange: "Exchange") -> RequestResponseCycle:
        """One that takes the place of `exchange`, for an answer by ASGI's messages."""
        ...

    def on_response_complete(self) -> None: ...


class Exchange:
    """To uvicorn it looks like a cycle. `app` serves the request where it turns out not to be taken as a whole."""

    __slots__ = ("app", "connection", "disconnected", "keep_alive", "length", "parts", "response_complete", "scope")

    message_event = asyncio.Event()
    """Set when a client leaves: here nobody waits for it."""

    def __init__(self, connection: Connection, scope: Scope, app: ASGIApp, *, keep_alive: bool) -> None:
        self.connection = connection
        self.scope = scope
        self.app = app
        self.keep_alive = keep_alive
        self.parts: list[bytes] = []
        self.length = 0
        self.disconnected = False
        self.response_complete = False

    @property
    def body(self) -> bytes:
        """As far as it has come."""
        return self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)

    async def run(self, answers: WholeAnswers) -> None:
        """Never raises."""
        try:
            reply = await answers.answer(self.scope, self.body)
            if self.disconnected or self._is_sent(reply):
                return
            app = _sending(reply)
        except BaseException as fault:  # noqa: BLE001 - uvicorn tells of it
            app = _raising(fault)
        await self.connection.cycle_for(self).run_asgi(app)  # pyright: ignore[reportArgumentType] - uvicorn has types of its own for the same

    def _is_sent(self, reply: Reply) -> bool:
        """Sends it unless something about it is special."""
        connection = self.connection
        if connection.flow.write_paused or not self.keep_alive:
            return False
        head = head_of(reply, connection.server_state.default_headers)
        if head is None:
            return False
        write(connection.transport, head, reply.body)
        self.response_complete = True
        connection.on_response_complete()
        return True


def _sending(reply: Reply) -> ASGIApp:
    async def run(_scope: Scope, _receive: Receive, send: Send) -> None:
        await respond(send, reply)

    return run


def _raising(fault: BaseException) -> ASGIApp:
    async def run(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise fault

    return run

"""uvicorn's HTTP protocol, spared what a small answer would pay for without need.

What an application answers as a whole (`asgi.WholeAnswers`) is asked of it when all of the request has come, without
ASGI's messages. Head and body of an answer go out by one write, where uvicorn makes two; headers that come in every
answer are checked and written once; a connection that is kept alive has one timer, and not a new one after each answer;
a body that has come is not waited for, nor headers of a proxy looked for where none are. All else is as uvicorn has it:
limits, pipelining, `Expect`, upgrades to WebSocket, and how streams are sent.
"""

import asyncio
from functools import lru_cache
from typing import Any, cast
from urllib.parse import unquote

import httptools
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from asgi import LONGEST_WHOLE, Headers, Receive, Reply, Scope, Send, WholeAnswers, respond, whole_answers_of

LENGTH = b"content-length"
OWN = frozenset({b"x-request-id", b"gatehouse-token"})
"""Headers whose values do not come again."""

HANDLED = frozenset({b"connection", b"transfer-encoding"})
"""Headers that say how to send an answer: those are uvicorn's."""

JOINED = 16_384
"""Bytes up to which a body is cheaper to copy than to write beside its head."""

EXPECT = b"expect"
PROXYS = frozenset({b"x-forwarded-for", b"x-forwarded-proto"})
HEEDED = PROXYS | {EXPECT}


class Cycle(RequestResponseCycle):
    """One request and its answer. The head of an answer whose length is known waits for the body."""

    _head: bytes | None = None
    _given = False

    def wholly(self, answers: WholeAnswers) -> ASGIApp:
        """`answers` as an application for this request alone, all of which has come."""

        async def run(scope: Scope, _receive: Receive, send: Send) -> None:
            reply = await answers.answer(scope, bytes(self.body))
            if not self._is_sent(reply):
                await respond(send, reply)

        return run

    async def receive(self) -> Any:
        """Without waiting where all of the body has come."""
        if self.more_body or self._given or self.disconnected or self.waiting_for_100_continue:
            return await super().receive()
        self._given = True
        self.flow.resume_reading()
        self.message_event.clear()
        return {"type": "http.request", "body": bytes(self.body), "more_body": False}

    async def send(self, message: Any) -> None:
        if self.flow.write_paused or self.disconnected:
            await self._release(message)
        elif not self.response_started and (head := self._head_of(message)) is not None:
            self._head = head
            self.response_started = True
            self.waiting_for_100_continue = False
            self.chunked_encoding = False
        elif self._head is not None and self._is_whole(message):
            self._finish(self._head, message.get("body", b""))
        else:
            await self._release(message)

    def _is_sent(self, reply: Reply) -> bool:
        """Sends it unless something about it is special."""
        if self.flow.write_paused or self.disconnected or not self.keep_alive:
            return False
        status, headers, body, own = reply
        known = _lines(headers)
        if known is None:
            return False
        lines = [
            STATUS_LINE[status],
            _defaults.lines_of(self.default_headers),
            b"content-length: %d\r\n" % len(body),
            known,
        ]
        for name, value in own:
            lines.append(b"%b: %b\r\n" % (name, value) if name in OWN and value.isalnum() else _checked(name, value))
        lines.append(b"\r\n")
        self.response_started = True
        self._finish(b"".join(lines), body)
        return True

    async def _release(self, message: Any) -> None:
        """As uvicorn does it."""
        head, self._head = self._head, None
        if head is not None and not self.disconnected:
            self.transport.write(head)
        await super().send(message)

    def _head_of(self, message: Any) -> bytes | None:
        """The head, if nothing about it is special; else None."""
        if message["type"] != "http.response.start" or not self.keep_alive or self.scope["method"] == "HEAD":
            return None
        length = None
        lines = [STATUS_LINE[message["status"]]]
        for name, value in (*self.default_headers, *message["headers"]):
            if name == LENGTH:
                length = int(value)
                lines.append(b"content-length: %d\r\n" % length)
            elif name in HANDLED:
                return None
            else:
                lines.append(_checked(name, value) if name in OWN else _line(name, value))
        if length is None:
            return None
        self.expected_content_length = length
        lines.append(b"\r\n")
        return b"".join(lines)

    def _is_whole(self, message: Any) -> bool:
        if message["type"] != "http.response.body" or message.get("more_body", False):
            return False
        return len(message.get("body", b"")) == self.expected_content_length

    def _finish(self, head: bytes, body: bytes) -> None:
        self._head = None
        self.expected_content_length = 0
        if len(body) > JOINED:
            self.transport.writelines((head, body))
        else:
            self.transport.write(head + body)
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


class Protocol(HttpToolsProtocol):
    """For uvicorn's `http`."""

    _idle_since: float | None = None
    _proxied = False
    _earlier: RequestResponseCycle | None = None
    _held: Any = None
    """The application of a request that may be answered as a whole, until all of it has come."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        app = cast(Any, self).app
        self._inner: Any = app.app if isinstance(app, ProxyHeadersMiddleware) else app
        self._whole = whole_answers_of(self._inner)

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self.headers.append((name, value))
        if name in HEEDED:
            if name != EXPECT:
                self._proxied = True
            elif value.lower() == b"100-continue":
                self.expect_100_continue = True

    def on_headers_complete(self) -> None:
        parser: Any = self.parser
        scope: Any = self.scope
        http_version = parser.get_http_version()
        scope["method"] = parser.get_method().decode("ascii")
        if http_version != "1.1":
            scope["http_version"] = http_version
        if parser.should_upgrade() and self._should_upgrade():
            return
        path, raw_path, query = _address(self.url)
        scope["path"] = self.root_path + path
        scope["raw_path"] = self.root_path.encode("ascii") + raw_path
        scope["query_string"] = query
        app: Any = cast(Any, self).app if self._proxied else self._inner
        self._proxied = False
        limit = self.limit_concurrency
        if limit is not None and (len(self.connections) >= limit or len(self.tasks) >= limit):
            app = service_unavailable
            self.logger.warning("Exceeded concurrency limit.")
        self._earlier = cast("RequestResponseCycle | None", self.cycle)
        self.cycle = Cycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=http_version != "1.0" and parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        whole = self._whole
        special = app is service_unavailable or self.expect_100_continue or parser.should_upgrade()
        if whole is not None and not special and whole.takes(scope):
            self._held = app
        else:
            self._begin(app)

    def on_body(self, body: bytes) -> None:
        if self._held is None:
            super().on_body(body)
            return
        self.cycle.body += body
        if len(self.cycle.body) > LONGEST_WHOLE:
            self.flow.pause_reading()  # until it is received
            self._begin(self._held)

    def on_message_complete(self) -> None:
        whole = self._whole
        if self._held is None or whole is None:
            super().on_message_complete()
            return
        self.cycle.more_body = False
        self._begin(cast(Cycle, self.cycle).wholly(whole))

    def _begin(self, app: Any) -> None:
        """In its turn: requests that were sent together are answered one after the other."""
        self._held = None
        if self._earlier is None or self._earlier.response_complete:
            self._start_asgi_task(self.cycle, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, app))

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        if self._held is not None:
            return  # the next request is on its way
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._arm(self.timeout_keep_alive)

    def data_received(self, data: bytes) -> None:
        self._idle_since = None
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._held is not None:
            self._begin(self._held)  # so that it is told of as of others that left
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def timeout_keep_alive_handler(self) -> None:
        """Closes what has been idle for so long; looks again later otherwise."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return  # at work: the end of the answer arms it again
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._arm(left)
        elif not self.transport.is_closing():
            self.transport.close()

    def _arm(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _unset_keepalive_if_required(self) -> None:
        """Nothing: the timer finds out by itself."""


def _checked(name: bytes, value: bytes) -> bytes:
    if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
        raise RuntimeError(f"The header {name!r} cannot be sent.")
    return b"%b: %b\r\n" % (name.lower(), value)


_line = lru_cache(512)(_checked)


class _Defaults:
    """The lines of headers that come in every answer. uvicorn makes a new list of them each second, changing none."""

    def __init__(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._lines = b""

    def lines_of(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        if headers is not self._headers:
            self._headers, self._lines = headers, b"".join(_line(name, value) for name, value in headers)
        return self._lines


_defaults = _Defaults()


@lru_cache(512)
def _lines(headers: Headers) -> bytes | None:
    """None where one of them says how to send the answer."""
    if any(name == LENGTH or name in HANDLED for name, _ in headers):
        return None
    return b"".join(_checked(name, value) for name, value in headers)


@lru_cache(512)
def _address(url: bytes) -> tuple[str, bytes, bytes]:
    """The path, as it is and as it was sent, and the query."""
    parsed = httptools.parse_url(url)
    path = parsed.path.decode("ascii")
    return unquote(path) if "%" in path else path, parsed.path, parsed.query or b""

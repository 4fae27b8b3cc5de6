"""uvicorn's HTTP protocol, spared what a small answer would pay for without need.

What an application answers as a whole (`asgi.WholeAnswers`) is asked of it when all of the request has come
(`exchange`). A connection that is kept alive has one timer, and not a new one after each answer; headers of a proxy
are not looked for where none are. All else is as uvicorn has it (`cycle`): limits, pipelining, `Expect`, upgrades to
WebSocket, streams.
"""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast
from urllib.parse import unquote

import httptools
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from asgi import LONGEST_WHOLE, WholeAnswers, headers_in, whole_answers_of
from web.cycle import Cycle
from web.exchange import Exchange

PROXYS = frozenset({b"x-forwarded-for", b"x-forwarded-proto"})


class Protocol(HttpToolsProtocol):
    """For uvicorn's `http`."""

    cycle: Any
    _idle_since: float | None = None
    _earlier: Any = None
    _coming: Exchange | None = None
    """A request to be answered as a whole, until all of it has come."""
    _following: Exchange | None = None
    _waiting: "asyncio.Future[Exchange | None] | None" = None
    _task: "asyncio.Task[None] | None" = None
    _ended = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        app = cast(Any, self).app
        self._inner: Any = app.app if isinstance(app, ProxyHeadersMiddleware) else app
        self._whole = whole_answers_of(self._inner)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser: Any = self.parser
        scope: Any = self.scope
        http_version = parser.get_http_version()
        scope["method"] = parser.get_method().decode("ascii")
        if http_version != "1.1":
            scope["http_version"] = http_version
        upgrades = parser.should_upgrade()
        if upgrades and self._should_upgrade():
            return
        path, raw_path, query = _address(self.url)
        if self.root_path:
            path, raw_path = self.root_path + path, self.root_path.encode("ascii") + raw_path
        scope["path"], scope["raw_path"], scope["query_string"] = path, raw_path, query
        headers = headers_in(scope)
        if b"expect" in headers:
            self.expect_100_continue = headers[b"expect"].lower() == b"100-continue"
        app: Any = self._inner if PROXYS.isdisjoint(headers) else cast(Any, self).app
        if self.limit_concurrency is not None and self._is_busy(self.limit_concurrency):
            app = service_unavailable
        keep_alive = http_version != "1.0" and parser.should_keep_alive()
        special = upgrades or self.expect_100_continue or app is service_unavailable
        self._earlier = self.cycle
        if self._whole is not None and not special and self._whole.takes(scope):
            self.cycle = self._coming = Exchange(self, scope, app, keep_alive=keep_alive)
        else:
            self.cycle = self._cycle(scope, self.on_response_complete, keep_alive=keep_alive)
            self._begin(app)

    def on_body(self, body: bytes) -> None:
        coming = self._coming
        if coming is None:
            super().on_body(body)
            return
        coming.parts.append(body)
        coming.length += len(body)
        if coming.length > LONGEST_WHOLE:
            self.flow.pause_reading()  # until it is received
            self._hand_over(coming)

    def on_message_complete(self) -> None:
        coming = self._coming
        if coming is None:
            super().on_message_complete()
            return
        self._coming = None
        if self._is_next():
            self._serve(coming)
        else:
            self._queue(coming, None)

    def cycle_for(self, exchange: Exchange) -> Cycle:
        """One that takes the place of `exchange`, for an answer by ASGI's messages."""

        def on_response() -> None:
            exchange.response_complete = True
            self.on_response_complete()

        cycle = self._cycle(exchange.scope, on_response, keep_alive=exchange.keep_alive)
        cycle.disconnected = exchange.disconnected
        cycle.body = bytearray(exchange.body)
        if self.cycle is exchange:
            self.cycle = cycle
        return cycle

    def _is_busy(self, limit: int) -> bool:
        if len(self.connections) < limit and len(self.tasks) < limit:
            return False
        self.logger.warning("Exceeded concurrency limit.")
        return True

    def _cycle(self, scope: Any, on_response: Callable[[], None], *, keep_alive: bool) -> Cycle:
        return Cycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keep_alive,
            on_response=on_response,
        )

    def _hand_over(self, coming: Exchange) -> None:
        """To the application, before all of it has come."""
        self._coming = None
        self.cycle_for(coming)
        self._begin(coming.app)

    def _begin(self, app: Any) -> None:
        """In its turn: requests that were sent together are answered one after the other."""
        if self._is_next():
            self._start_asgi_task(self.cycle, app)
        else:
            self._queue(self.cycle, app)

    def _is_next(self) -> bool:
        return self._earlier is None or self._earlier.response_complete

    def _queue(self, cycle: Any, app: Any) -> None:
        self.flow.pause_reading()
        self.pipeline.appendleft((cycle, app))

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        if cycle.__class__ is Exchange:
            self._serve(cycle)
        else:
            super()._start_asgi_task(cycle, app)

    def _serve(self, exchange: Exchange) -> None:
        """By the connection's own task, which is made once: a task costs as much as all of HTTP."""
        if self._waiting is not None:
            self.tasks.add(cast(Any, self._task))
            self._waiting.set_result(exchange)
            self._waiting = None
            return
        self._following = exchange
        if self._task is None:
            self._task = self.loop.create_task(self._serve_all())
            self.tasks.add(self._task)

    async def _serve_all(self) -> None:
        """One exchange after the other, until the connection ends. Among the server's tasks while it works."""
        task, whole = cast(Any, asyncio.current_task()), cast(WholeAnswers, self._whole)
        try:
            while True:
                exchange, self._following = self._following, None
                if exchange is None:
                    self.tasks.discard(task)
                    if self._ended:
                        return
                    self._waiting = self.loop.create_future()
                    exchange = await self._waiting
                    if exchange is None:
                        return
                await exchange.run(whole)
        finally:
            self.tasks.discard(task)

    def _end(self) -> None:
        """No exchange will come any more."""
        self._ended = True
        if self._waiting is not None:
            self._waiting.set_result(None)
            self._waiting = None

    def handle_websocket_upgrade(self) -> None:
        self._end()
        super().handle_websocket_upgrade()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        if self._coming is not None:
            return  # the next request is on its way
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._arm(self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._coming is not None:
            self._hand_over(self._coming)  # so that it is told of as of others that left
        self._end()
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
        """Something has come; the timer finds out by itself."""
        self._idle_since = None


@lru_cache(512)
def _address(url: bytes) -> tuple[str, bytes, bytes]:
    """The path, as it is and as it was sent, and the query."""
    parsed = httptools.parse_url(url)
    path = parsed.path.decode("ascii")
    return unquote(path) if "%" in path else path, parsed.path, parsed.query or b""

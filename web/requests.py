"""Around every request: an id, one log line, the counters, and an answer even to what went wrong unforeseen."""

import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from asgi import Answering, Message, Receive, Reply, Scope, Send, headers_in
from counting import Count, Spread
from errors import GatehouseError
from execution.model import Answer
from telemetry import Metrics
from web.problems import masked, on_gatehouse_error

LOGGABLE_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,79}")
REQUEST_ID = b"x-request-id"
HARMLESS_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

log = structlog.get_logger()


def note(scope: Scope, **facts: str | None) -> None:
    """Adds to the request's log line. Never pass a query, a variable, a token or a body."""
    scope["notes"].update(facts)


def loggable(operation_name: str | None) -> str | None:
    """The name where it is one and short: it comes from the client, and goes into a log line."""
    return operation_name if operation_name and LOGGABLE_NAME.fullmatch(operation_name) else None


def outcome_of(answer: Answer) -> str:
    if answer.request_error:
        return "refused"
    return "errors" if answer.errors else "ok"


@dataclass(frozen=True, slots=True)
class RequestLog:
    """ASGI middleware. `paths` are those counted by name; all others count as `other`.

    `logged`: whether requests have log lines. `direct` answers the POSTs of its paths for servers that ask for whole
    answers (`asgi.WholeAnswers`): finding a route in `app`, and ASGI's messages, cost as much as a small query.
    """

    app: ASGIApp
    metrics: Metrics
    paths: frozenset[str]
    logged: bool = True
    direct: Mapping[str, Answering] = field(default_factory=dict[str, Answering])
    _counting: dict[tuple[str, int], tuple[Count, Spread]] = field(default_factory=dict[Any, Any], init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._pass_on(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def takes(self, scope: Scope) -> bool:
        """As `asgi.WholeAnswers` has it, and `answer` too."""
        return scope["path"] in self.direct and scope["method"] == "POST"

    async def answer(self, scope: Scope, body: bytes) -> Reply:
        request_id, notes, started = _begin(scope)
        status = 0
        try:
            status, headers, answer, own = await self.direct[scope["path"]](scope, body)
            return Reply(status, headers, answer, (*own, (REQUEST_ID, request_id)))
        except Exception as fault:  # noqa: BLE001 - whatever breaks is answered
            refusal = await _refusal_of(scope, fault)
            status = refusal.status_code
            headers = ((name, value) for name, value in refusal.raw_headers if name != b"content-length")
            return Reply(status, (*headers,), bytes(refusal.body), ((REQUEST_ID, request_id),))
        finally:
            self._tell(scope, status, time.perf_counter() - started, notes)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id, notes, started = _begin(scope)
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((REQUEST_ID, request_id))
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception as fault:
            if status:
                log.exception("fault", request_id=scope["request_id"])
                raise  # the answer has begun: only breaking it off tells the client
            await (await _refusal_of(scope, fault))(scope, receive, send_with_id)
        finally:
            self._tell(scope, status, time.perf_counter() - started, notes)

    def _tell(self, scope: Scope, status: int, seconds: float, notes: Mapping[str, Any]) -> None:
        path: str = scope["path"]
        counting = self._counting.get((path, status)) or self._begin_counting(path, status)
        counting[0].value += 1
        counting[1].observe(seconds)
        if not self.logged:
            return
        log.info(
            "request",
            request_id=scope["request_id"],
            method=scope["method"],
            path=self._named(path),
            status=status,
            ms=round(seconds * 1000, 2),
            **notes,
        )

    def _begin_counting(self, path: str, status: int) -> tuple[Count, Spread]:
        name = self._named(path)
        found = self.metrics.requests.labels(name, str(status)), self.metrics.request_seconds.labels(name)
        if name == path:  # of the others there are any number
            self._counting[path, status] = found
        return found

    def _named(self, path: str) -> str:
        return path if path in self.paths else "other"


def _begin(scope: Scope) -> tuple[bytes, dict[str, Any], float]:
    """The request's id, what will be noted of it, and when it began.

    The id is the caller's own where that is a harmless word, so that it can be followed from proxy to log.
    """
    request_id = headers_in(scope).get(REQUEST_ID)
    if request_id is None or not HARMLESS_ID.fullmatch(request_id):
        request_id = b"%016x" % random.getrandbits(64)  # no secret
    scope["request_id"] = request_id.decode()
    notes: dict[str, Any] = {}
    scope["notes"] = notes
    return request_id, notes, time.perf_counter()


async def _refusal_of(scope: Scope, fault: Exception) -> Response:
    """The answer to a fault; what nobody foresaw is logged and masked."""
    request = Request(scope)
    if isinstance(fault, GatehouseError):
        return await on_gatehouse_error(request, fault)
    log.error("fault", request_id=scope["request_id"], exc_info=fault)
    return masked(request)

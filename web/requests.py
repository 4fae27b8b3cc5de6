"""Around every request: an id, one log line, the counters, and an answer even to what went wrong unforeseen."""

import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp

from asgi import Answering, Message, Receive, Scope, Send, respond, takes_at_once
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

    `logged`: whether requests have log lines. `direct` answers the POSTs of its paths in place of `app`: finding a
    route costs half of what is done for such a request besides executing it.
    """

    app: ASGIApp
    metrics: Metrics
    paths: frozenset[str]
    logged: bool = True
    direct: Mapping[str, Answering] = field(default_factory=dict[str, Answering])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _id_of(scope)
        scope["request_id"] = request_id.decode()
        scope["notes"] = notes = dict[str, Any]()
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((REQUEST_ID, request_id))
            await send(message)

        direct = self.direct.get(scope["path"]) if scope["method"] == "POST" else None
        try:
            if direct is None:
                await self.app(scope, receive, send_with_id)
            elif reply := await direct(scope, receive):
                status = reply.status
                own = (*reply.own, (REQUEST_ID, request_id))
                await respond(send, reply._replace(own=own), at_once=takes_at_once(scope))
        except Exception as fault:
            expected = isinstance(fault, GatehouseError)
            if status or not expected:
                log.exception("fault", request_id=scope["request_id"])
            if status:
                raise  # the answer has begun: only breaking it off tells the client
            request = Request(scope)
            answer = await on_gatehouse_error(request, fault) if expected else masked(request)
            await answer(scope, receive, send_with_id)
        finally:
            self._tell(scope, status, time.perf_counter() - started, notes)

    def _tell(self, scope: Scope, status: int, seconds: float, notes: Mapping[str, Any]) -> None:
        path = scope["path"] if scope["path"] in self.paths else "other"
        self.metrics.requests.labels(path, str(status)).inc()
        self.metrics.request_seconds.labels(path).observe(seconds)
        if not self.logged:
            return
        log.info(
            "request",
            request_id=scope["request_id"],
            method=scope["method"],
            path=path,
            status=status,
            ms=round(seconds * 1000, 2),
            **notes,
        )


def _id_of(scope: Scope) -> bytes:
    """The caller's own id where it is a harmless word, so that it can be followed from proxy to log."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID and HARMLESS_ID.fullmatch(value):
            return value
    return b"%016x" % random.getrandbits(64)  # no secret

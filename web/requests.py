"""Around every request: an id, one log line, the counters, and an answer even to what went wrong unforeseen."""

import re
import secrets
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from errors import GatehouseError
from execution.model import Answer
from telemetry import Metrics
from web.problems import MASKED, problem

LOGGABLE_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,79}")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = structlog.get_logger()


def note(request: Request, **facts: str | None) -> None:
    """Adds to the request's log line. Never pass a query, a variable, a token or a body."""
    request.scope["notes"].update(facts)


def loggable(operation_name: str | None) -> str | None:
    """The name where it is one and short: it comes from the client, and goes into a log line."""
    return operation_name if operation_name and LOGGABLE_NAME.fullmatch(operation_name) else None


def outcome_of(answer: Answer) -> str:
    if answer.request_error:
        return "refused"
    return "errors" if answer.errors else "ok"


@dataclass(frozen=True, slots=True)
class RequestLog:
    """ASGI middleware. `paths` are those counted by name; all others count as `other`."""

    app: ASGIApp
    metrics: Metrics
    paths: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["request_id"] = _id_of(scope)
        scope["notes"] = notes = dict[str, Any]()
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", scope["request_id"].encode()))
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception:
            log.exception("fault", request_id=scope["request_id"])
            if status:
                raise  # the answer has begun: only breaking it off tells the client
            answer = problem(Request(scope), 500, GatehouseError.code, MASKED)
            await answer(scope, receive, send_with_id)
        finally:
            self._tell(scope, status, time.perf_counter() - started, notes)

    def _tell(self, scope: Scope, status: int, seconds: float, notes: MutableMapping[str, Any]) -> None:
        path = scope["path"] if scope["path"] in self.paths else "other"
        self.metrics.requests.labels(path, str(status)).inc()
        self.metrics.request_seconds.labels(path).observe(seconds)
        facts = {"method": scope["method"], "path": path, "status": status, "ms": round(seconds * 1000, 2), **notes}
        log.info("request", request_id=scope["request_id"], **facts)


def _id_of(scope: Scope) -> str:
    """The caller's own id where it is a harmless word, so that it can be followed from proxy to log."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)

"""HTTP at its barest, for the addresses that are asked most: bytes in within bounds, one answer out, one problem.

Without a request or response object. Every problem the service tells by HTTP (RFC 9457) has the form made here.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import orjson

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

PROBLEM_TYPE = "application/problem+json"
PROBLEM_HEADERS = ((b"content-type", PROBLEM_TYPE.encode()), (b"cache-control", b"no-store"))


class TooLong(Exception):
    """The body is longer than we read."""


class Gone(Exception):
    """The client left before its body had come: nobody waits for an answer."""


async def read_body(receive: Receive, longest: int) -> bytes:
    """The whole body. Raises TooLong past `longest` bytes, whatever was still to come, and Gone."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body += message.get("body", b"")
        if len(body) > longest:
            raise TooLong
        if not message.get("more_body"):
            return bytes(body)


async def respond(send: Send, status: int, headers: Iterable[Header], body: bytes) -> None:
    """The whole answer; `headers` are in lower case and without a length."""
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


async def respond_problem(scope: Scope, send: Send, status: int, code: str, title: str) -> None:
    await respond(send, status, PROBLEM_HEADERS, problem_in(scope, status, code, title))


def problem_in(scope: Scope, status: int, code: str, title: str) -> bytes:
    """`title` is shown to the caller; `code` is stable; the request's id finds the log line."""
    request_id = scope.get("request_id", "")
    return orjson.dumps(
        {"type": "about:blank", "title": title, "status": status, "code": code, "request_id": request_id}
    )

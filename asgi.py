"""HTTP at its barest, for the addresses that are asked most: bytes in within bounds, one answer out.

Without a request or response object: one of each costs more than all that is done here.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]
Headers = tuple[Header, ...]

AT_ONCE = "gatehouse.response"
"""The message that is a whole answer, where the server's scope has an extension of this name."""


class Reply(NamedTuple):
    """A whole answer. `headers` are in lower case and without a length; `own` are those that no other answer has."""

    status: int
    headers: Headers
    body: bytes
    own: Headers = ()


Answering = Callable[[Scope, Receive], Awaitable[Reply | None]]
"""What answers as a whole; None when nobody waits for an answer."""


class TooLong(Exception):
    """The body is longer than we read."""


class Gone(Exception):
    """The client left before its body had come: nobody waits for an answer."""


async def read_body(receive: Receive, longest: int) -> bytes:
    """The whole body. Raises TooLong past `longest` bytes, whatever was still to come, and Gone."""
    begun = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        part = message.get("body", b"")
        if len(begun) + len(part) > longest:
            raise TooLong
        if not message.get("more_body"):
            return bytes(begun + part) if begun else part
        begun += part


async def respond(send: Send, reply: Reply, *, at_once: bool = False) -> None:
    """In two messages; in one if told `at_once`, which only some servers take (`takes_at_once`)."""
    status, headers, body, own = reply
    if at_once:
        await send({"type": AT_ONCE, "status": status, "headers": headers, "own": own, "body": body})
        return
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers, *own]})
    await send({"type": "http.response.body", "body": body})


def takes_at_once(scope: Scope) -> bool:
    return AT_ONCE in scope.get("extensions", ())

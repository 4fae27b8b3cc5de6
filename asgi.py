"""HTTP at its barest, for the addresses that are asked most: bytes in within bounds, one answer out.

Without a request or response object: one of each costs more than all that is done here.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]


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


async def respond(send: Send, status: int, headers: Iterable[Header], body: bytes) -> None:
    """The whole answer; `headers` are in lower case and without a length."""
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})

"""HTTP at its barest, for the addresses that are asked most: bytes in within bounds, one answer out.

Without a request or response object: one of each costs more than all that is done here.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, NamedTuple, Protocol

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]
Headers = tuple[Header, ...]


class Reply(NamedTuple):
    """A whole answer. `headers` are in lower case and without a length; `own` are those that no other answer has."""

    status: int
    headers: Headers
    body: bytes
    own: Headers = ()


Answering = Callable[[Scope, bytes], Awaitable[Reply]]
"""What answers a request, given with its whole body, by a whole answer."""

BY_NAME = "gatehouse.headers"

LONGEST_WHOLE = 65_536
"""Bytes of a body up to which a request is taken as a whole."""


class WholeAnswers(Protocol):
    """The part of an application that answers as a whole, for a server that knows of it (`whole_answers_of`).

    Who is asked this way gets the scope as it was sent: nothing of what a proxy says of the client is applied to it.
    """

    def takes(self, scope: Scope) -> bool:
        """Whether it answers this request, should its body be of LONGEST_WHOLE bytes at most."""
        ...

    async def answer(self, scope: Scope, body: bytes) -> Reply: ...


def whole_answers_of(app: object) -> WholeAnswers | None:
    """That of `app`, if it has one."""
    return getattr(app, "whole_answers", None)


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


def headers_in(scope: Scope) -> Mapping[bytes, bytes]:
    """By name, remembered with the scope; of what comes several times the last. Then there are fewer than were sent."""
    by_name: dict[bytes, bytes] | None = scope.get(BY_NAME)
    if by_name is None:
        by_name = scope[BY_NAME] = dict(scope["headers"])
    return by_name


def value_in(scope: Scope, name: bytes) -> bytes | None:
    """The header's value; None when it is missing or comes twice, as what only honest clients send may be read."""
    by_name, headers = headers_in(scope), scope["headers"]
    if len(by_name) == len(headers):
        return by_name.get(name)
    found = [value for each, value in headers if each == name]
    return found[0] if len(found) == 1 else None


async def respond(send: Send, reply: Reply) -> None:
    """In the two messages that any server takes."""
    length = (b"content-length", b"%d" % len(reply.body))
    await send({"type": "http.response.start", "status": reply.status, "headers": [length, *reply.headers, *reply.own]})
    await send({"type": "http.response.body", "body": reply.body})

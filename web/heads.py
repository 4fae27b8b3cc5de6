"""The heads of answers. Headers that come in every answer are checked and written once."""

import asyncio
from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE

from asgi import Headers, Reply

LENGTH = b"content-length"
OWN = frozenset({b"x-request-id", b"gatehouse-token"})
"""Headers whose values do not come again."""

HANDLED = frozenset({b"connection", b"transfer-encoding"})
"""Headers that say how to send an answer: those are uvicorn's."""

JOINED = 16_384
"""Bytes up to which a body is cheaper to copy than to write beside its head."""


def line_of(name: bytes, value: bytes) -> bytes:
    """The header's line. Raises RuntimeError for what would be more than one."""
    if name not in OWN:
        return _remembered(name, value)
    return b"%b: %b\r\n" % (name, value) if value.isalnum() else _checked(name, value)


def head_of(reply: Reply, defaults: list[tuple[bytes, bytes]]) -> bytes | None:
    """All before the body, where nothing about it is special; else None. `defaults` are the server's own headers."""
    status, headers, body, own = reply
    lines = _lines_of(headers)
    if lines is None:
        return None
    own_lines = b"".join([line_of(name, value) for name, value in own])
    length = b"content-length: %d\r\n" % len(body)
    return b"".join((STATUS_LINE[status], _defaults.lines_of(defaults), length, lines, own_lines, b"\r\n"))


def write(transport: asyncio.Transport, head: bytes, body: bytes) -> None:
    if len(body) > JOINED:
        transport.writelines((head, body))
    else:
        transport.write(head + body)


class _Defaults:
    """uvicorn makes a new list of them each second, and changes none."""

    def __init__(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._lines = b""

    def lines_of(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        if headers is not self._headers:
            self._headers, self._lines = headers, b"".join([line_of(name, value) for name, value in headers])
        return self._lines


_defaults = _Defaults()


@lru_cache(512)
def _lines_of(headers: Headers) -> bytes | None:
    """None where one of them says how to send the answer."""
    if any(name == LENGTH or name in HANDLED for name, _ in headers):
        return None
    return b"".join([_checked(name, value) for name, value in headers])


def _checked(name: bytes, value: bytes) -> bytes:
    if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
        raise RuntimeError(f"The header {name!r} cannot be sent.")
    return b"%b: %b\r\n" % (name.lower(), value)


_remembered = lru_cache(512)(_checked)

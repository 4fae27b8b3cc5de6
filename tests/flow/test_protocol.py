"""The HTTP protocol that we serve by, over real sockets: what a client sees is what uvicorn's own would have sent."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from asgi import Headers, Reply, read_body, respond, takes_at_once
from web.protocol import Protocol

App = Callable[[Any, Any, Any], Awaitable[None]]
TYPE = (b"content-type", b"text/plain")


async def tell(scope: Any, send: Any, status: int, headers: Headers, body: bytes) -> None:
    """At once where the server takes it: uvicorn's own does not."""
    await respond(send, Reply(status, headers, body, ((b"x-request-id", b"1"),)), at_once=takes_at_once(scope))


async def echo(scope: Any, receive: Any, send: Any) -> None:
    await tell(scope, send, 200, (TYPE,), await read_body(receive, 1_000_000))


async def in_two(_scope: Any, receive: Any, send: Any) -> None:
    await respond(send, Reply(200, (TYPE,), await read_body(receive, 1_000_000)))


async def stream(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [TYPE]})
    for part in (b"one ", b"two"):
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body"})


async def in_parts(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"7"), TYPE]})
    await send({"type": "http.response.body", "body": b"one ", "more_body": True})
    await send({"type": "http.response.body", "body": b"two"})


async def empty(scope: Any, _receive: Any, send: Any) -> None:
    await tell(scope, send, 204, (), b"")


async def closing(scope: Any, _receive: Any, send: Any) -> None:
    await tell(scope, send, 200, (TYPE, (b"connection", b"close")), b"bye")


async def where(scope: Any, _receive: Any, send: Any) -> None:
    told = [scope[name] for name in ("path", "raw_path", "query_string", "scheme", "client")]
    told[-1] = told[-1][0]
    await tell(scope, send, 200, (), repr(told).encode())


async def until_left(_scope: Any, receive: Any, send: Any) -> None:
    """A body, and then nothing until the client leaves."""
    await read_body(receive, 1_000_000)
    asyncio.get_running_loop().call_later(0.01, asyncio.ensure_future, respond(send, Reply(200, (TYPE,), b"later")))
    assert (await receive())["type"] == "http.disconnect"


async def too_short(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"7")]})
    await send({"type": "http.response.body", "body": b"one"})


async def broken(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"7")]})
    raise RuntimeError("half-way")


async def splitting(scope: Any, _receive: Any, send: Any) -> None:
    await tell(scope, send, 200, ((b"x-name", b"a\r\nset-cookie: b"),), b"never")


POST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello"
GET = b"GET /a%20b/c?d=e HTTP/1.1\r\nhost: x\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
EXPECTING = POST.replace(b"\r\n\r\n", b"\r\nexpect: 100-continue\r\n\r\n")

PROXIED = GET.replace(b"\r\n\r\n", b"\r\nx-forwarded-for: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n\r\n")

EXCHANGES: dict[str, tuple[App, bytes]] = {
    "one": (echo, POST + LAST),
    "in two messages": (in_two, POST * 2 + LAST),
    "until the client leaves": (until_left, POST + LAST),
    "pipelined": (echo, POST * 3 + LAST),
    "large": (echo, POST.replace(b"length: 5", b"length: 100000").replace(b"hello", b"x" * 100_000) + LAST),
    "stream": (stream, GET + LAST),
    "in parts": (in_parts, GET + LAST),
    "no content": (empty, GET + LAST),
    "nothing to say": (echo, GET * 2 + LAST),
    "head": (in_parts, GET.replace(b"GET", b"HEAD") + LAST),
    "head of a whole": (echo, GET.replace(b"GET", b"HEAD") + LAST),
    "app closes": (closing, GET),
    "client closes": (echo, LAST),
    "old client": (echo, POST.replace(b"1.1", b"1.0")),
    "expects": (echo, EXPECTING + LAST),
    "addresses": (where, GET + LAST),
    "behind a proxy": (where, PROXIED + GET + LAST),
    "too short": (too_short, GET),
    "nonsense": (echo, b"nonsense\r\n\r\n"),
}


@pytest.mark.parametrize("name", EXCHANGES)
async def test_what_uvicorn_would_say(name: str) -> None:
    app, request = EXCHANGES[name]
    said: list[bytes] = []
    for protocol in (HttpToolsProtocol, Protocol):
        async with serving(app, protocol) as address:
            said.append(await talk(address, request))
    # An answer that breaks off half-way: uvicorn's own may have sent its head.
    assert said[1] == said[0] or (name == "too short" and said[1] == b"")
    assert said[1].startswith(b"HTTP/1.1 ") or name == "too short"


async def test_what_breaks_off_is_not_answered() -> None:
    async with serving(broken, Protocol) as address:
        assert await talk(address, GET) == b""


async def test_a_header_that_splits_is_not_sent() -> None:
    async with serving(splitting, Protocol) as address:
        said = await talk(address, GET)
    assert said.startswith(b"HTTP/1.1 500 ")
    assert b"set-cookie" not in said


async def test_an_answer_is_one_packet() -> None:
    async with serving(echo, Protocol) as address:
        reader, writer = await asyncio.open_connection(*address)
        for _ in range(3):
            writer.write(POST)
            assert (await reader.read(65_536)).endswith(b"hello")
        writer.close()


async def test_idle_connections_are_closed_and_busy_ones_kept() -> None:
    async with serving(echo, Protocol, timeout_keep_alive=1) as address:
        reader, writer = await asyncio.open_connection(*address)
        for _ in range(3):
            writer.write(POST)
            assert await reader.read(65_536)
            await asyncio.sleep(0.6)  # longer in all than an idle one may last
        started = asyncio.get_running_loop().time()
        assert await reader.read() == b""
        assert 0.2 < asyncio.get_running_loop().time() - started < 3
        writer.close()


@asynccontextmanager
async def serving(
    app: App, protocol: type[asyncio.Protocol], *, timeout_keep_alive: int = 5
) -> AsyncGenerator[tuple[str, int]]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=protocol,
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            timeout_keep_alive=timeout_keep_alive,
        )
    )
    running = asyncio.create_task(server.serve([listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has nothing to wait for
        await asyncio.sleep(0.01)
    yield listener.getsockname()
    server.should_exit = True
    await running


async def talk(address: tuple[str, int], request: bytes) -> bytes:
    """All that is answered until the server closes."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(request)
    async with asyncio.timeout(10):
        said = await reader.read()
    writer.close()
    return said

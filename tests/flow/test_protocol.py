"""The HTTP protocol that we serve by, over real sockets: what a client sees is what uvicorn's own would have sent."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from asgi import LONGEST_WHOLE, Answering, Headers, Reply, Scope, WholeAnswers, read_body, respond
from web.protocol import Protocol

App = Callable[[Any, Any, Any], Awaitable[None]]
TYPE = (b"content-type", b"text/plain")


class Whole:
    """An application with whole answers to POSTs: `answering` is asked by either way."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.wholly = 0

    @property
    def whole_answers(self) -> WholeAnswers:
        return self

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await respond(send, await self.answering(scope, await read_body(receive, 1_000_000)))

    def takes(self, scope: Scope) -> bool:
        return scope["method"] == "POST"

    async def answer(self, scope: Scope, body: bytes) -> Reply:
        self.wholly += 1
        assert len(body) <= LONGEST_WHOLE
        return await self.answering(scope, body)


def reply(status: int, headers: Headers, body: bytes) -> Reply:
    return Reply(status, headers, body, ((b"x-request-id", b"1"),))


async def tell(_scope: Any, send: Any, status: int, headers: Headers, body: bytes) -> None:
    await respond(send, reply(status, headers, body))


async def echo(scope: Any, receive: Any, send: Any) -> None:
    await tell(scope, send, 200, (TYPE,), await read_body(receive, 1_000_000))


async def echoed(_scope: Scope, body: bytes) -> Reply:
    await asyncio.sleep(0.001)
    return reply(200, (TYPE,), body)


async def echoed_at_once(_scope: Scope, body: bytes) -> Reply:
    return reply(200, (TYPE,), body)


async def nothing(_scope: Scope, _body: bytes) -> Reply:
    return reply(204, (), b"")


async def closed(_scope: Scope, _body: bytes) -> Reply:
    return reply(200, (TYPE, (b"connection", b"close")), b"bye")


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


async def splitting(_scope: Scope, _body: bytes) -> Reply:
    return Reply(200, (TYPE,), b"never", ((b"x-request-id", b"a\r\nset-cookie: b"),))


POST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello"
GET = b"GET /a%20b/c?d=e HTTP/1.1\r\nhost: x\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
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


async def breaking(_scope: Scope, _body: bytes) -> Reply:
    raise RuntimeError("half-way")


FULL = POST.replace(b"5", b"65536").replace(b"hello", b"x" * LONGEST_WHOLE)
LARGE = POST.replace(b"length: 5", b"length: 100000").replace(b"hello", b"x" * 100_000)

WHOLE: dict[str, tuple[Answering, bytes, int]] = {
    "one": (echoed, POST + LAST, 1),
    "at once": (echoed_at_once, POST * 3 + LAST, 3),
    "pipelined": (echoed, POST * 3 + LAST, 3),
    "between others": (echoed, GET + POST + GET + POST + LAST, 2),
    "as large as it may be": (echoed, FULL + LAST, 1),
    "more than the client reads": (echoed, FULL * 40 + LAST, 40),
    "breaks down": (breaking, POST, 1),
    "larger": (echoed, LARGE + POST + LARGE + LAST, 1),
    "without a body": (echoed, b"POST / HTTP/1.1\r\nhost: x\r\n\r\n" + LAST, 1),
    "in chunks": (echoed, CHUNKED + LAST, 1),
    "no content": (nothing, POST + LAST, 1),
    "app closes": (closed, POST, 1),
    "client closes": (echoed, POST.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"), 1),
    "old client": (echoed, POST.replace(b"1.1", b"1.0"), 1),
    "expects": (echoed, EXPECTING + LAST, 0),
    "would upgrade": (echoed, POST.replace(b"\r\n\r\n", b"\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n"), 0),
    "broken off": (echoed, POST + b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\nhe", 1),
}


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("name", WHOLE)
async def test_whole_answers_are_what_uvicorn_would_say(name: str, together: bool) -> None:
    answering, request, wholly = WHOLE[name]
    said: list[bytes] = []
    for protocol in (HttpToolsProtocol, Protocol):
        app = Whole(answering)
        async with serving(app, protocol) as address:
            said.append(
                await talk(address, request, together=together, hang_up=name in ("broken off", "would upgrade"))
            )
            assert app.wholly == (wholly if protocol is Protocol else 0)
    assert said[1] == said[0]
    assert said[1].startswith(b"HTTP/1.1 ")


async def test_one_task_serves_a_connection_and_ends_with_it() -> None:
    tasks: set[Any] = set()

    async def answering(_scope: Scope, body: bytes) -> Reply:
        tasks.add(asyncio.current_task())
        return reply(200, (TYPE,), body)

    async with serving(Whole(answering), Protocol) as address:
        reader, writer = await asyncio.open_connection(*address)
        for _ in range(3):
            writer.write(POST)
            assert (await reader.read(65_536)).endswith(b"hello")
        [task] = tasks
        assert not task.done()
        writer.close()
        async with asyncio.timeout(5):
            await task


async def test_who_leaves_before_all_was_sent_is_told_of_to_the_application() -> None:
    left = asyncio.Event()

    class Told(Whole):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            left.set()

    async with serving(Told(echoed), Protocol) as address:
        _, writer = await asyncio.open_connection(*address)
        writer.write(POST[:-2])
        await writer.drain()
        writer.close()
        async with asyncio.timeout(5):
            await left.wait()


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
    async with serving(Whole(splitting), Protocol) as address:
        said = await talk(address, POST)
    assert said.startswith(b"HTTP/1.1 500 ")
    assert b"set-cookie" not in said


async def test_an_answer_is_one_packet() -> None:
    for app in (echo, Whole(echoed)):
        async with serving(app, Protocol) as address:
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


async def talk(address: tuple[str, int], request: bytes, *, together: bool = True, hang_up: bool = False) -> bytes:
    """All that is answered until the server closes. Not `together`: some bytes at a time; `hang_up`: then no more."""
    reader, writer = await asyncio.open_connection(*address)
    step = len(request) if together else max(1, len(request) // 40)
    for start in range(0, len(request), step):
        writer.write(request[start : start + step])
        await asyncio.sleep(0)
    if hang_up:
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write_eof()
    async with asyncio.timeout(10):
        said = await reader.read()
    writer.close()
    return said

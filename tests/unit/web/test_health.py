"""Readiness by what answers, and the frame around every request."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from asgi import Reply, Scope
from errors import BadInput, GatehouseError, Unavailable
from telemetry import Metrics
from web.health import Gauged, Health, Part
from web.problems import on_gatehouse_error
from web.requests import RequestLog

Check = Callable[[], Awaitable[None]]


async def answering() -> None:
    """A part that is there."""


async def refusing() -> None:
    raise OSError("postgresql://secret@host refused")


async def silent() -> None:
    await asyncio.sleep(60)


def client_of(*routes: Route) -> httpx.AsyncClient:
    app = Starlette(
        routes=routes,
        exception_handlers={GatehouseError: on_gatehouse_error},
        middleware=[Middleware(RequestLog, metrics=Metrics(), paths=frozenset({"/readyz"}))],
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.mark.parametrize(
    ("database", "redis", "status", "says"),
    [
        (answering, answering, 200, {"status": "ready"}),
        (answering, refusing, 200, {"status": "degraded", "parts": {"database": "ok", "redis": "does not answer"}}),
        (refusing, answering, 503, {"status": "not ready", "parts": {"database": "does not answer", "redis": "ok"}}),
        (silent, answering, 503, {"status": "not ready", "parts": {"database": "does not answer", "redis": "ok"}}),
    ],
)
async def test_readiness(database: Check, redis: Check, status: int, says: dict[str, object]) -> None:
    parts = (Part("database", database), Part("redis", redis, needed=False))
    async with client_of(Route("/readyz", Health(parts, (), Metrics()).ready)) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (status, says)


async def test_metrics_are_told_though_a_queue_cannot_be_counted() -> None:
    async def five() -> int:
        return 5

    async def lost() -> int:
        raise Unavailable("gone")

    health = Health((), (Gauged("long", five), Gauged("lost", lost)), Metrics())
    async with client_of(Route("/metrics", health.measured)) as client:
        told = (await client.get("/metrics")).text
    assert 'gatehouse_queue_depth{queue="long"} 5.0' in told
    assert 'queue="lost"' not in told


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (BadInput("The field `x` is wrong."), 400, "BAD_INPUT"),
        (Unavailable("The database does not answer."), 503, "UNAVAILABLE"),
        (GatehouseError("an inner matter"), 500, "INTERNAL"),
        (RuntimeError("password=hunter2"), 500, "INTERNAL"),
    ],
)
async def test_a_fault_is_a_problem_and_an_unforeseen_one_is_masked(fault: Exception, status: int, code: str) -> None:
    async def fail(_request: Request) -> Response:
        raise fault

    async with client_of(Route("/", fail)) as client:
        answer = await client.get("/")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["request_id"]) == (code, answer.headers["x-request-id"])
    assert (str(fault) in answer.text) == (status != 500)
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_an_answer_that_has_begun_is_broken_off() -> None:
    async def broken(_request: Request) -> Response:
        async def body() -> AsyncGenerator[bytes]:
            yield b"half"
            raise RuntimeError("lost")

        return StreamingResponse(body())

    async with client_of(Route("/", broken)) as client:
        with pytest.raises(RuntimeError, match="lost"):
            await client.get("/")


async def test_whole_answers_are_given_to_posts_alone_and_their_faults_are_told_alike() -> None:
    async def direct(scope: Scope, body: bytes) -> Reply:
        fault = {b"bad": BadInput("Bad."), b"down": Unavailable("Down."), b"broken": RuntimeError("hunter2")}
        if found := fault.get(body):
            raise found
        return Reply(200, ((b"x-a", b"b"),), body, ((b"x-own", b"c"),))

    metrics = Metrics()
    whole = RequestLog(Starlette(), metrics, frozenset({"/readyz"}), direct={"/readyz": direct})

    def asked(method: str, path: str) -> Scope:
        return {"type": "http", "method": method, "path": path, "headers": [(b"x-request-id", b"mine")]}

    assert whole.takes(asked("POST", "/readyz"))
    assert not whole.takes(asked("PUT", "/readyz"))
    assert not whole.takes(asked("POST", "/elsewhere"))
    given = await whole.answer(asked("POST", "/readyz"), b"body")
    assert given == Reply(200, ((b"x-a", b"b"),), b"body", ((b"x-own", b"c"), (b"x-request-id", b"mine")))
    answers = [await whole.answer(asked("POST", "/readyz"), body) for body in (b"bad", b"down", b"broken")]
    assert [(answer.status, orjson.loads(answer.body)["code"]) for answer in answers] == [
        (400, "BAD_INPUT"),
        (503, "UNAVAILABLE"),
        (500, "INTERNAL"),
    ]
    for answer in answers:
        assert orjson.loads(answer.body)["request_id"] == "mine"
        assert answer.own == ((b"x-request-id", b"mine"),)
        assert (b"content-type", b"application/problem+json") in answer.headers
        assert b"content-length" not in dict(answer.headers)
    assert b"hunter2" not in answers[2].body
    counted = {"path": "/readyz", "status": "503"}
    assert metrics.registry.get_sample_value("gatehouse_requests_total", counted) == 1

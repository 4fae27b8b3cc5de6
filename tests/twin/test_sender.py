"""The sender over real HTTP: to an endpoint that takes, refuses and dawdles."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import stripe
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.listening import listening
from twin.server import Options, Running, serve, serving

SECRET = "whsec_of_the_endpoint"


@dataclass
class Endpoint:
    """Answers with the next of `statuses`, then 200; keeps what came with a signature that stripe-python verifies."""

    statuses: list[int] = field(default_factory=list[int])
    events: list[Any] = field(default_factory=list[Any])
    dated: list[int] = field(default_factory=list[int])
    """When the signatures say that they were made."""
    url: str = ""

    async def take(self, request: Request) -> Response:
        body = (await request.body()).decode()
        checked: Any = stripe.WebhookSignature
        checked.verify_header(body, request.headers["stripe-signature"], SECRET, tolerance=300)
        self.events.append(orjson.loads(body))
        self.dated.append(int(request.headers["stripe-signature"].split(",")[0].removeprefix("t=")))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 200)


class _Quiet(uvicorn.Server):
    def capture_signals(self) -> Any:
        return nullcontext()


@asynccontextmanager
async def endpoint(*statuses: int) -> AsyncGenerator[Endpoint]:
    made = Endpoint([*statuses])
    app = Starlette(routes=[Route("/hook", made.take, methods=["POST"])])
    with listening() as listener:
        made.url = f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        server = _Quiet(uvicorn.Config(app, log_level="warning", lifespan="off", access_log=False))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        yield made
        server.should_exit = True
        await task


async def until(wanted: Any) -> None:
    async with asyncio.timeout(20):
        while not wanted():  # noqa: ASYNC110 - the condition is another server's
            await asyncio.sleep(0.02)


def options(hook: Endpoint) -> Options:
    return Options(port=0, webhooks={hook.url: SECRET})


def ids(running: Running) -> set[str]:
    return {event["id"] for event in running.twin.events()}


async def test_events_reach_the_endpoint_signed() -> None:
    async with endpoint() as hook, serving(options(hook)) as running:
        running.twin.call("POST /v1/customers", email="a@example.test", payment_method="pm_card_visa")
        await until(lambda: len(hook.events) == 2)
        assert {event["id"] for event in hook.events} == ids(running)
        assert {event["type"] for event in hook.events} == {"customer.created", "payment_method.attached"}
        await until(lambda: {event["pending_webhooks"] for event in running.twin.events()} == {0})


async def test_what_was_refused_comes_again_when_it_is_due() -> None:
    async with endpoint(500, 503) as hook, serving(options(hook)) as running:
        running.twin.call("POST /v1/customers")
        await until(lambda: len(hook.events) == 1)
        for came in (2, 3):
            await until(lambda: len(running.twin.post.waiting) == 1)
            running.web.advance(100)
            await until(lambda came=came: len(hook.events) == came)
        await until(lambda: [status for _, status in running.twin.post.done] == [500, 503, 200])
        assert len({event["id"] for event in hook.events}) == 1


async def test_its_time_follows_the_clock_it_is_given() -> None:
    at = [1_800_000_000.0]
    async with serving(Options(port=0, clock=lambda: at[0])) as running:
        first = running.twin.call("POST /v1/customers")
        at[0] += 86_400
        await until(lambda: running.twin.now == at[0])
        second = running.twin.call("POST /v1/customers")
        assert [first["created"], second["created"]] == [1_800_000_000, 1_800_086_400]


async def test_nobody_there_is_no_answer() -> None:
    with listening() as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
    async with serving(Options(port=0, webhooks={nobody: SECRET})) as running:
        running.twin.call("POST /v1/customers")
        await until(lambda: [status for _, status in running.twin.post.done] == [None])
        assert len(running.twin.post.waiting) == 1


async def test_it_serves_until_it_is_told_to_stop() -> None:
    with listening() as listener:
        port = listener.getsockname()[1]
    stop = asyncio.Event()
    task = asyncio.create_task(serve("127.0.0.1", port, stop=stop, seed="served"))
    async with httpx.AsyncClient() as client:

        async def answers() -> bool:
            try:
                return (await client.get(f"http://127.0.0.1:{port}/_twin/routes")).status_code == 200
            except httpx.TransportError:
                return False

        async with asyncio.timeout(20):
            while not await answers():  # noqa: ASYNC110 - only asking tells
                await asyncio.sleep(0.02)
        stop.set()
        await task
        assert not await answers()

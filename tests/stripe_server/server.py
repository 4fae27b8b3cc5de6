"""The server: the reads that Gatehouse makes of Stripe, in Stripe's shapes; 501 for any other."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.listening import listening
from tests.stripe_server.world import World

Object = Mapping[str, Any]
API_KEY = "sk_test_gatehouse"
KEEP_ALIVE_SECONDS = 60
"""Longer than any client of ours keeps an idle connection: else it may be closed just as a request is sent by it."""


class StripeServer:
    """State is the worlds added; `calls` counts requests by resource, `asked_at` says when they came.

    `inline_items` is how many items come inline.
    """

    def __init__(self, *, largest_page: int = 100, inline_items: int = 10) -> None:
        self.calls: Counter[str] = Counter()
        self.asked_at: list[float] = []
        self.failing_with: int | None = None
        self.url = ""
        self._largest_page = largest_page
        self._inline_items = inline_items
        self._world_of: dict[str, World] = {}

    def add(self, world: World) -> World:
        """Knows the world's objects, by any id that its events name."""
        for step in world.history.steps:
            subject = step.event["data"]["object"]
            for id in (subject.get("id"), subject.get("customer"), world.history.customer_id):
                if isinstance(id, str):
                    self._world_of[id] = world
            if subject.get("object") == "invoice_payment":
                self._world_of[subject["payment"]["payment_intent"]] = world
        return world

    def forget(self) -> None:
        """Knows no world any more."""
        self._world_of.clear()

    def app(self) -> Starlette:
        one = {"customers", "subscriptions", "disputes", "charges", "payment_intents", "invoices"}
        routes = [Route(f"/v1/{resource}/{{id}}", self._retrieve) for resource in sorted(one)]
        routes += [
            Route("/v1/events", self._list_events),
            Route("/v1/subscriptions", self._list_subscriptions),
            Route("/v1/subscription_items", self._list_items),
            Route("/v1/invoice_payments", self._list_invoice_payments),
            Route("/{path:path}", self._unknown, methods=["GET", "POST", "DELETE"]),
        ]
        return Starlette(routes=routes)

    async def _retrieve(self, request: Request) -> Response:
        def find() -> Response:
            id = request.path_params["id"]
            world = self._world_of.get(id)
            objects: Mapping[str, Object] = world.objects() if world else {}
            found = objects.get(id)
            if found is None:
                return _absent(id)
            expanded = [name for key, name in request.query_params.items() if key.startswith("expand[")]
            whole = {name: objects[found[name]] for name in expanded if found.get(name) in objects}
            return JSONResponse({**self._shown(found), **whole})

        return self._answer(request, find)

    async def _list_subscriptions(self, request: Request) -> Response:
        query = request.query_params

        def find() -> Response:
            found = self._all("subscription", query.get("customer"))
            if query.get("status") != "all":
                found = [each for each in found if each["status"] not in ("canceled", "incomplete_expired")]
            return self._page(request, sorted(found, key=lambda each: (-each["created"], each["id"])))

        return self._answer(request, find)

    async def _list_events(self, request: Request) -> Response:
        def find() -> Response:
            since = int(request.query_params.get("created[gte]", "0"))
            worlds = {id(world): world for world in self._world_of.values()}.values()
            happened = [step.event for world in worlds for step in world.history.steps[: world.position]]
            found = [event for event in happened if event["created"] >= since]
            return self._page(request, sorted(found, key=lambda event: (-event["created"], event["id"])))

        return self._answer(request, find)

    async def _list_items(self, request: Request) -> Response:
        def find() -> Response:
            id = request.query_params["subscription"]
            world = self._world_of.get(id)
            found = world.objects().get(id) if world else None
            return self._page(request, found["items"]["data"]) if found else _absent(id)

        return self._answer(request, find)

    async def _list_invoice_payments(self, request: Request) -> Response:
        def find() -> Response:
            id = request.query_params["payment[payment_intent]"]
            world = self._world_of.get(id)
            every = list(world.objects().values()) if world else list[Object]()
            payments = [each for each in every if each["object"] == "invoice_payment"]
            return self._page(request, [each for each in payments if each["payment"]["payment_intent"] == id])

        return self._answer(request, find)

    async def _unknown(self, request: Request) -> Response:
        message = f"This test server has no {request.method} {request.url.path}."
        return JSONResponse({"error": {"type": "api_error", "message": message}}, status_code=501)

    def _answer(self, request: Request, find: Callable[[], Response]) -> Response:
        self.calls[request.url.path.split("/")[2]] += 1
        self.asked_at.append(time.monotonic())
        if request.headers.get("authorization") != f"Bearer {API_KEY}":
            return _error(401, "Invalid API Key provided")
        if self.failing_with is not None:
            return _error(self.failing_with, "failing on purpose")
        return find()

    def _all(self, kind: str, customer_id: str | None) -> list[Object]:
        """Of one customer, or of all."""
        one = self._world_of.get(customer_id) if customer_id else None
        worlds = {id(world): world for world in ([one] if one else [] if customer_id else self._world_of.values())}
        every = [each for world in worlds.values() for each in world.objects().values() if each["object"] == kind]
        return [each for each in every if customer_id in (None, each["customer"])]

    def _page(self, request: Request, found: Iterable[Object]) -> Response:
        every = list(found)
        after = request.query_params.get("starting_after")
        start = next((at + 1 for at, each in enumerate(every) if each["id"] == after), 0)
        end = start + min(int(request.query_params.get("limit", "10")), self._largest_page)
        page = [self._shown(each) for each in every[start:end]]
        return JSONResponse({"object": "list", "url": request.url.path, "has_more": end < len(every), "data": page})

    def _shown(self, value: Object) -> Object:
        """A subscription comes with the first of its items only."""
        if value["object"] != "subscription":
            return value
        items = value["items"]
        first = items["data"][: self._inline_items]
        return {**value, "items": {**items, "data": first, "has_more": len(first) < len(items["data"])}}


def _absent(id: str) -> Response:
    return _error(404, f"No such object: '{id}'", code="resource_missing", param="id")


def _error(status: int, message: str, **more: str) -> Response:
    error = {"type": "invalid_request_error" if status < 429 else "api_error", "message": message, **more}
    return JSONResponse({"error": error}, status_code=status)


@asynccontextmanager
async def serving(server: StripeServer) -> AsyncGenerator[StripeServer]:
    """Serves on a free port of loopback while the body runs."""
    listener = listening()
    server.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        server.app(), log_level="warning", lifespan="off", access_log=False, timeout_keep_alive=KEEP_ALIVE_SECONDS
    )
    running = _Uvicorn(config)
    task = asyncio.create_task(running.serve(sockets=[listener]))
    try:
        while not running.started:  # noqa: ASYNC110 - uvicorn tells by a flag alone
            await asyncio.sleep(0.005)
        yield server
    finally:
        running.should_exit = True
        await task
        listener.close()


class _Uvicorn(uvicorn.Server):
    """Leaves the process's signals alone."""

    def capture_signals(self) -> Any:
        return nullcontext()

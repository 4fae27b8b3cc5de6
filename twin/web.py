"""The twin over HTTP: Stripe's API under /v1, hosted pages, and its own switches under /_twin.

Any `sk_test_…` or `rk_test_…` key is taken; a live key is refused before anything else is read.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, fields
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from twin.account import Twin
from twin.api.desk import Answer
from twin.api.desk import Request as Asked
from twin.api.forms import decode
from twin.api.routes import unimplemented_routes
from twin.core.errors import ApiError, invalid
from twin.core.store import shown
from twin.hooks.chaos import Chaos

TEST_KEYS = ("sk_test_", "rk_test_")
LOST_SECONDS = 120.0
HUNG_UP_SECONDS = 0.05
"""How often it is looked whether the caller of a lost answer has gone."""


class Web:
    """Joins a twin to HTTP. `moment` gives the machine's time; the twin's is ahead of it by what was advanced."""

    def __init__(self, twin: Twin, moment: Callable[[], float]) -> None:
        self.twin = twin
        self.moment = moment
        self.ahead = max(0.0, twin.now - moment())
        self.on_advanced: Callable[[], None] = lambda: None
        self._second = (0, 0)

    def own_time(self) -> float:
        """The twin's time: the machine's, and what it was advanced by."""
        return self.moment() + self.ahead

    def catch_up(self) -> None:
        """Lets everything happen that is due by now."""
        at = self.own_time()
        if at > self.twin.now:
            self.twin.advance_to(at)

    def advance(self, seconds: float) -> None:
        self.ahead += seconds
        self.catch_up()
        self.on_advanced()

    def routes(self) -> list[Route]:
        methods = ["GET", "POST", "DELETE"]
        return [
            Route("/v1/{path:path}", self._api, methods=methods),
            Route("/v2/{path:path}", self._api, methods=methods),
            Route("/_twin/routes", self._routes),
            Route("/_twin/state", self._state),
            Route("/_twin/log", self._log),
            Route("/_twin/deliveries", self._deliveries),
            Route("/_twin/advance", self._advance, methods=["POST"]),
            Route("/_twin/chaos", self._chaos, methods=["GET", "POST"]),
        ]

    async def _api(self, request: Request) -> Response:
        self.catch_up()
        try:
            _check_key(request.headers.get("authorization", ""))
            asked = await _asked(request)
        except ApiError as fault:
            return _response(Answer(fault.status, {"error": fault.error}, "req_refused"))
        return await self._answered(asked, request)

    async def _answered(self, asked: Asked, request: Request) -> Response:
        chaos, ids = self.twin.chaos, self.twin.world.ids
        if ids.uniform("api_429") < chaos.api_429 or self._too_many():
            message = (
                "Request rate limit exceeded. Learn more about rate limits at https://docs.stripe.com/rate-limits."
            )
            fault = invalid(message, code="rate_limit", status=429)
            return _response(Answer(429, {"error": fault.error}, "req_limited"))
        if ids.uniform("api_500") < chaos.api_500:
            return _response(_broken())
        answer = self.twin.answer(asked)
        if chaos.api_slow_seconds:
            await asyncio.sleep((0.5 + ids.uniform("api_slow") / 2) * chaos.api_slow_seconds)
        if ids.uniform("api_lost") < chaos.api_lost:
            return _response(_broken())
        if ids.uniform("api_timeout") < chaos.api_timeout:
            await _until_gone(request)
        return _response(answer)

    def _too_many(self) -> bool:
        most = self.twin.chaos.requests_per_second
        second = int(self.moment())
        self._second = (second, self._second[1] + 1 if self._second[0] == second else 1)
        return most is not None and self._second[1] > most

    async def _routes(self, _request: Request) -> Response:
        return _json({"implemented": self.twin.counted, "answer_501": unimplemented_routes()})

    async def _state(self, request: Request) -> Response:
        self.catch_up()
        kind = request.query_params.get("kind")
        every = [shown(each) for each in self.twin.world.store.objects.values() if kind in (None, each["object"])]
        return _json({"now": self.twin.now, "objects": every})

    async def _log(self, request: Request) -> Response:
        after = int(request.query_params.get("after", "0"))
        lines = [
            {"moment": each.moment, "id": each.id, "version": each.version and shown(each.version)}
            for each in self.twin.log[after:]
        ]
        return _json({"now": self.twin.now, "next": after + len(lines), "log": lines})

    async def _deliveries(self, _request: Request) -> Response:
        post = self.twin.post
        done = [{**asdict(delivery), "status": status} for delivery, status in post.done]
        return _json({"waiting": [asdict(each) for each in sorted(post.waiting)], "done": done})

    async def _advance(self, request: Request) -> Response:
        asked = orjson.loads(await request.body())
        self.advance(float(asked.get("seconds", 0)) + 86_400 * float(asked.get("days", 0)))
        return _json({"now": self.twin.now})

    async def _chaos(self, request: Request) -> Response:
        if request.method == "POST":
            asked: dict[str, Any] = orjson.loads(await request.body())
            unknown = asked.keys() - {each.name for each in fields(Chaos)}
            if unknown:
                return _json({"error": f"no such switch: {', '.join(sorted(unknown))}"}, 400)
            for name, value in asked.items():
                setattr(self.twin.chaos, name, value)
        return _json(asdict(self.twin.chaos))


def build(web: Web, pages: list[Route]) -> Starlette:
    return Starlette(routes=[*web.routes(), *pages])


async def _until_gone(request: Request) -> None:
    """Until the caller has hung up; no longer than LOST_SECONDS."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LOST_SECONDS):
            while not await request.is_disconnected():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(HUNG_UP_SECONDS)


async def _asked(request: Request) -> Asked:
    text = request.url.query if request.method != "POST" else (await request.body()).decode()
    return Asked(
        request.method,
        request.url.path,
        decode(text),
        request.headers.get("idempotency-key"),
        request.headers.get("stripe-version"),
    )


def _check_key(header: str) -> None:
    key = _key(header)
    if "_live_" in key:
        raise invalid(
            "This is an offline twin of Stripe: it refuses live keys. Use a key that begins with sk_test_.", status=401
        )
    if not key.startswith(TEST_KEYS):
        raise invalid("Invalid API Key provided. The twin takes any key that begins with sk_test_.", status=401)


def _key(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return value if scheme.lower() == "bearer" else ""


def _broken() -> Answer:
    return Answer(
        500,
        {"error": {"type": "api_error", "message": "Sorry! There was an error while talking to Stripe."}},
        "req_broken",
    )


def _response(answer: Answer) -> Response:
    headers = {"request-id": answer.request_id}
    if answer.replayed:
        headers["idempotent-replayed"] = "true"
    return Response(answer.encoded(), answer.status, headers, "application/json")


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value, default=str), status, media_type="application/json")

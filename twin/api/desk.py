"""Answers requests: checks, idempotency, the handler, commit or roll back. https://docs.stripe.com/api/idempotent_requests"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from twin.api.expansion import rendered
from twin.api.routes import Found, find_route
from twin.core.errors import ApiError, invalid
from twin.core.settings import API_VERSION, DAY
from twin.core.world import World

REMEMBERED_SECONDS = DAY


@dataclass(frozen=True, slots=True)
class Request:
    """`params` as a form gives them, or already typed; `version` is the Stripe-Version header."""

    method: str
    path: str
    params: dict[str, Any]
    idempotency_key: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    request_id: str
    replayed: bool = False

    def encoded(self) -> bytes:
        return orjson.dumps(self.body, default=str)


@dataclass(slots=True)
class Desk:
    """`after` runs once a request has been answered, whatever became of it."""

    world: World
    after: Callable[[], None]
    remembered: dict[str, tuple[float, bytes, Answer]] = field(default_factory=dict[str, tuple[float, bytes, Answer]])
    counted: dict[str, int] = field(default_factory=dict[str, int])
    """Requests answered, by route."""

    def answer(self, request: Request) -> Answer:
        """Never raises for what a caller sent: errors are answers."""
        id = self.world.ids.new("req")
        try:
            if request.version not in (None, API_VERSION):
                raise invalid(f"The twin speaks API version {API_VERSION} alone, not {request.version}.")
            found = find_route(request.method, request.path)
            self.counted[found.route.name] = self.counted.get(found.route.name, 0) + 1
            params = found.route.fields()(request.params, "")
        except ApiError as fault:
            return _refused(fault, id)
        key = request.idempotency_key if request.method == "POST" else None
        if key is None:
            return self._execute(found, params, request, id)
        print_ = orjson.dumps([request.method, request.path, params], default=str, option=orjson.OPT_SORT_KEYS)
        if held := self._recall(key):
            return _replayed(held, print_, key, id)
        answer = self._execute(found, params, request, id)
        self.remembered[key] = (self.world.now, print_, answer)
        return answer

    def _recall(self, key: str) -> tuple[bytes, Answer] | None:
        held = self.remembered.get(key)
        if held is None or held[0] + REMEMBERED_SECONDS <= self.world.now:
            return None
        return held[1], held[2]

    def _execute(self, found: Found, params: dict[str, Any], request: Request, id: str) -> Answer:
        world = self.world
        world.request = {"id": id, "idempotency_key": request.idempotency_key}
        expand: list[str] = params.pop("expand", [])
        told = len(world.made)
        try:
            made = found.route.handler(world, params, *found.ids)
            world.settle()
            answer = Answer(200, rendered(world, made, expand), id)
        except ApiError as fault:
            if not fault.keeps:
                self._undo(told)
            world.settle()
            answer = _refused(fault, id)
        except Exception:
            self._undo(told)
            raise
        world.store.commit()
        world.request = {"id": None, "idempotency_key": None}
        self.after()
        return answer

    def _undo(self, told: int) -> None:
        """Nothing of the request stays."""
        self.world.store.roll_back()
        del self.world.made[told:]
        self.world.touched.clear()


def _refused(fault: ApiError, id: str) -> Answer:
    return Answer(
        fault.status, {"error": fault.error | {"request_log_url": f"https://dashboard.stripe.com/test/logs/{id}"}}, id
    )


def _replayed(held: tuple[bytes, Answer], print_: bytes, key: str, id: str) -> Answer:
    if held[0] != print_:
        message = (
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try "
            f"using a key other than '{key}' if you meant to execute a different request."
        )
        return _refused(ApiError(400, "idempotency_error", message), id)
    return Answer(held[1].status, held[1].body, id, replayed=True)

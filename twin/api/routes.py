"""Routes, declared beside what they do: `@route("POST /v1/customers")`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from twin.api.parameters import Fields, fields_of
from twin.api.sdk import PLACE, params_type, sdk_routes
from twin.core.errors import invalid, unimplemented
from twin.core.store import Object

Params = dict[str, Any]
Handler = Callable[..., Object]
"""`(world, params, *ids of the path)` → the object that answers, as stored."""


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    handler: Handler

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def fields(self) -> Fields:
        return fields_of(params_type(self.method, self.path))


ROUTES: dict[str, Route] = {}


def route(name: str) -> Callable[[Handler], Handler]:
    """Declares that the function answers `METHOD /path/{id}`; its parameters are those that the SDK types for it."""
    method, path = name.split(" ")

    def register(handler: Handler) -> Handler:
        ROUTES[name] = Route(method, path, handler)
        return handler

    return register


@dataclass(frozen=True, slots=True)
class Found:
    route: Route
    ids: tuple[str, ...]


def find_route(method: str, path: str) -> Found:
    """The route that answers. Raises 501 for what only the SDK knows, 404 for what nobody knows."""
    for pattern, declared in _patterns(len(ROUTES)).get(method, ()):
        if match := pattern.fullmatch(path):
            return Found(declared, match.groups())
    for (known_method, known_path), known in sdk_routes().items():
        if known_method == method and _pattern(known_path).fullmatch(path):
            raise unimplemented(f"{known.name} ({method} {known.path})")
    raise invalid(f"Unrecognized request URL ({method}: {path}).", status=404)


@cache
def _patterns(_count: int) -> Mapping[str, list[tuple[re.Pattern[str], Route]]]:
    """Those without an id in them first: `/v1/invoices/create_preview` is no invoice."""
    found: dict[str, list[tuple[re.Pattern[str], Route]]] = {}
    for declared in sorted(ROUTES.values(), key=lambda each: (each.path.count("{"), each.path)):
        found.setdefault(declared.method, []).append((_pattern(PLACE.sub("{}", declared.path)), declared))
    return found


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.escape(path).replace(r"\{\}", "([^/]+)"))


def unimplemented_routes() -> list[str]:
    """What the SDK can ask and the twin answers with 501, as `METHOD /path name`."""
    done = {(each.method, PLACE.sub("{}", each.path)) for each in ROUTES.values()}
    return sorted(
        f"{known.method} {known.path} ({known.name})" for key, known in sdk_routes().items() if key not in done
    )

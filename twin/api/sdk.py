"""What stripe-python can ask: every route of its services, and the type of its parameters.

The SDK is generated from Stripe's specification; its services name method, path and parameter type in their source.
"""

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import stripe

METHOD = re.compile(r"^ {4}def (\w+)\(", re.MULTILINE)
REQUEST = re.compile(r'self\._request\(\s*"(\w+)",\s*"([^"]+)"')
PARAMS = re.compile(r'params: (?:Optional\[\s*)?"(\w+)"')
IMPORT = re.compile(r"from (stripe\.params[\w.]*) import (\([^)]*\)|[^\n]*)")
EXPANDABLE = re.compile(r"^ +(\w+): (?:Optional\[\s*)?ExpandableField\[", re.MULTILINE)
PLACE = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True)
class SdkRoute:
    """`name` is how a caller of the SDK writes it, less the arguments: `v1.customers.create`."""

    method: str
    path: str
    name: str
    params: tuple[str, str] | None
    """Module and name of the TypedDict."""


@cache
def sdk_routes() -> Mapping[tuple[str, str], SdkRoute]:
    """By method and path, ids written `{}`."""
    folder = Path(stripe.__file__).parent
    found = (route for path in sorted(folder.rglob("_*_service.py")) for route in _routes_in(path, folder))
    return {(route.method, PLACE.sub("{}", route.path)): route for route in found}


def _routes_in(path: Path, folder: Path) -> Iterator[SdkRoute]:
    text = path.read_text(encoding="utf-8")
    modules = {name: module for module, names in IMPORT.findall(text) for name in re.findall(r"\w+", names)}
    starts = [*METHOD.finditer(text)]
    ends = [match.start() for match in starts[1:]] + [len(text)]
    service = ".".join([*path.relative_to(folder).parts[:-1], path.stem.removeprefix("_").removesuffix("_service")])
    for match, end in zip(starts, ends, strict=True):
        body = text[match.start() : end]
        request = REQUEST.search(body)
        if request:
            params = PARAMS.search(body)
            where = (modules[params[1]], params[1]) if params and params[1] in modules else None
            yield SdkRoute(request[1].upper(), request[2], f"{service}.{match[1]}", where)


@cache
def expandable_names() -> frozenset[str]:
    """Fields that hold an id, and the object itself where that was asked for."""
    folder = Path(stripe.__file__).parent
    return frozenset(name for path in folder.rglob("_*.py") for name in EXPANDABLE.findall(path.read_text("utf-8")))


@cache
def params_type(method: str, path: str) -> type | None:
    """The TypedDict that types a route's parameters; None when the SDK has no such route or no parameters for it."""
    route = sdk_routes().get((method, PLACE.sub("{}", path)))
    if route is None or route.params is None:
        return None
    return getattr(importlib.import_module(route.params[0]), route.params[1])

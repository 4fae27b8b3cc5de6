"""Whether answers of different servers say the same. Pure.

Opaque values may differ, but must be equal and different in the same places; instants may be written differently.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import zip_longest
from typing import Any, TypeGuard

import orjson

from bench.faults import RunFailed

OPAQUE = frozenset({"cursor", "endCursor"})
INSTANTS = frozenset({"publishedAt", "published_at"})

Leaf = tuple[str, Any]
"""A path and the value that stands there."""

Shape = Callable[[Any], list[Leaf]]


def graphql_data(payload: Any) -> list[Leaf]:
    """What a GraphQL answer says, in its order."""
    return _normalised(payload["data"])


def flat_rows(payload: Any) -> list[Leaf]:
    """A list of articles as the rows it was made of, which is what a bare endpoint answers."""
    if _is_object(payload):
        payload = [_flat(edge["node"]) for edge in payload["data"]["articles"]["edges"]]
    return sorted(_normalised(payload))


def check_answer(name: str, answer: bytes, reference: bytes, shape: Shape, errors: int) -> None:
    """Raises RunFailed when `answer` says something else than `reference`, or has not exactly `errors` errors."""
    payload = orjson.loads(answer)
    found: list[Any] = payload.get("errors", []) if _is_object(payload) else []
    if len(found) != errors:
        raise RunFailed(f"{name}: {len(found)} errors where {errors} are expected: {found[:1]}")
    for mine, theirs in zip_longest(shape(payload), shape(orjson.loads(reference)), fillvalue=("", "nothing")):
        if mine != theirs:
            raise RunFailed(f"{name} answers differently: {_short(mine)} instead of {_short(theirs)}")


def _normalised(value: Any) -> list[Leaf]:
    """Each opaque value becomes the number of its first appearance, each instant itself."""
    numbers: dict[Any, int] = {}

    def plain(path: str, leaf: Any) -> Any:
        name = path.rpartition(".")[2]
        if name in OPAQUE and leaf is not None:
            return numbers.setdefault(leaf, len(numbers))
        return datetime.fromisoformat(leaf) if name in INSTANTS and leaf is not None else leaf

    return [(path, plain(path, leaf)) for path, leaf in _leaves(value, "")]


def _leaves(value: Any, path: str) -> Iterator[Leaf]:
    if _is_object(value):
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}")
    elif _is_list(value):
        yield f"{path} length", len(value)
        for index, each in enumerate(value):
            yield from _leaves(each, f"{path}[{index}]")
    else:
        yield path, value


def _flat(node: dict[str, Any]) -> dict[str, Any]:
    author = node["author"]
    own = {name: value for name, value in node.items() if name not in ("author", "publishedAt")}
    return own | {"published_at": node["publishedAt"], "author_id": author["id"], "author_name": author["name"]}


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _short(leaf: Leaf) -> str:
    path, value = leaf
    return f"`{path}` {repr(value)[:120]}"

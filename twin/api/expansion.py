"""`expand[]`: https://docs.stripe.com/api/expanding_objects. Ids become objects, and what is left out is added."""

from collections.abc import Callable
from typing import Any

from twin.api.sdk import expandable_names
from twin.core.errors import invalid
from twin.core.store import Object, is_list, shown
from twin.core.world import World

Include = Callable[[World, Object], Any]
INCLUDABLE: dict[tuple[str, str], Include] = {}
MAX_DEPTH = 4
NESTED_LISTS = {"subscription": "items", "invoice": "lines"}
INLINE = 10


def includable(kind: str, name: str) -> Callable[[Include], Include]:
    """Declares a field that objects of a kind only show when it is asked for."""

    def register(include: Include) -> Include:
        INCLUDABLE[kind, name] = include
        return include

    return register


def rendered(world: World, answer: Object, expand: list[str]) -> Object:
    """What the caller sees of an object or a list."""
    if answer.get("object") in ("list", "search_result"):
        answer = answer | {"data": [_first_items(shown(each)) for each in answer["data"]]}
    else:
        answer = _first_items(shown(answer))
    for path in expand:
        parts = path.split(".")
        if len(parts) - parts.count("data") > MAX_DEPTH:
            raise invalid(f"You cannot expand more than {MAX_DEPTH} levels of a property (Property: {path}).", "expand")
        answer = _expanded(world, answer, parts, path)
    return answer


def _left(path: str) -> bool:
    """What was replayed may name what nobody told of, and lack what it could name: it stays as it is."""
    return path.rpartition(".")[2] in expandable_names()


def _first_items(version: Object) -> Object:
    """Lists inside an object come with their first entries only."""
    name = NESTED_LISTS.get(version.get("object", ""))
    if name is None or name not in version or len(version[name]["data"]) <= INLINE:
        return version
    return version | {name: version[name] | {"data": version[name]["data"][:INLINE], "has_more": True}}


def _expanded(world: World, value: Any, parts: list[str], path: str) -> Any:
    if not parts or value is None:
        return value
    if isinstance(value, str):
        found = world.store.objects.get(value)
        if found is None:
            if _left(path):
                return value
            raise invalid(f"This property cannot be expanded ({path}).", "expand")
        return _expanded(world, _first_items(shown(found)), parts, path)
    if is_list(value):
        return [_expanded(world, each, parts, path) for each in value]
    name, rest = parts[0], parts[1:]
    inside = Object(value)
    include = INCLUDABLE.get((inside.get("object", ""), name))
    if include is not None:
        inside[name] = include(world, inside)
    elif name not in inside and _left(path):
        return inside
    elif name not in inside:
        raise invalid(f"This property cannot be expanded ({path}).", "expand")
    inside[name] = _object_for(world, inside[name], path)
    return inside | {name: _expanded(world, inside[name], rest, path)}


def _object_for(world: World, value: Any, path: str) -> Any:
    if isinstance(value, str):
        found = world.store.objects.get(value)
        if found is None:
            if _left(path):
                return value
            raise invalid(f"This property cannot be expanded ({path}).", "expand")
        return _first_items(shown(found))
    if is_list(value):
        return [_object_for(world, each, path) for each in value]
    return value

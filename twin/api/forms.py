"""Stripe's form encoding: `items[0][price]=…`, `expand[]=…`, `metadata[key]=…`."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from twin.core.errors import invalid
from twin.core.store import is_object

PART = re.compile(r"\[([^\[\]]*)\]")


def decode(text: str) -> dict[str, Any]:
    """Nested objects with text at the leaves; lists are lists, numbered or not. Raises ApiError on a contradiction."""
    return nest(parse_qsl(text, keep_blank_values=True))


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    top: dict[str, Any] = {}
    for name, value in pairs:
        head, bracket, _ = name.partition("[")
        _put(top, [head, *PART.findall(name)] if bracket else [name], value, name)
    return {key: _lists(value) for key, value in top.items()}


def _put(inside: dict[str, Any], path: list[str], value: str, name: str) -> None:
    for part in path[:-1]:
        deeper: object = inside.setdefault(part or str(len(inside)), {})
        if not is_object(deeper):
            raise invalid(f"Invalid parameter: {name} contradicts another parameter.", name)
        inside = deeper
    last = path[-1] or str(len(inside))
    if is_object(inside.get(last)):
        raise invalid(f"Invalid parameter: {name} contradicts another parameter.", name)
    inside[last] = value


def _lists(value: Any) -> Any:
    """Objects whose keys are 0, 1, 2… are lists."""
    if not is_object(value):
        return value
    entries: dict[str, Any] = {key: _lists(entry) for key, entry in value.items()}
    if entries and all(key.isdigit() for key in entries):
        return [entries[key] for key in sorted(entries, key=int)]
    return entries

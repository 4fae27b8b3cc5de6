"""Search: https://docs.stripe.com/search#search-query-language. All terms by AND, or all by OR."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from twin.core.errors import invalid
from twin.core.store import Object

TERM = re.compile(r"""(-?)([\w.]+)(?:\[["']([^"']+)["']\])?\s*(:|~|>=|<=|>|<)\s*("[^"]*"|'[^']*'|[\w.-]+|null)""")
Test = Callable[[Object], bool]


def searched(found: Iterable[Object], params: dict[str, Any], url: str) -> Object:
    """One page of what matches `query`, newest first; `page` is where it begins."""
    test = parse(params["query"])
    every = [each for each in found if test(each)]
    every.reverse()
    start, limit = int(params.get("page", "0") or 0), params.get("limit", 10)
    more = start + limit < len(every)
    page = every[start : start + limit]
    return {
        "object": "search_result",
        "data": page,
        "has_more": more,
        "next_page": str(start + limit) if more else None,
        "url": url,
    }


def parse(query: str) -> Test:
    words = re.split(r"\s+(AND|OR)\s+", query.strip(), flags=re.IGNORECASE)
    joints = {word.upper() for word in words[1::2]}
    if len(joints) > 1:
        raise invalid("You cannot combine AND and OR in one search query.", "query")
    tests = [_term(word) for word in words[::2]]
    whole = any if joints == {"OR"} else all
    return lambda version: whole(test(version) for test in tests)


def _term(text: str) -> Test:
    match = TERM.fullmatch(text.strip())
    if match is None:
        raise invalid(f"We were unable to parse your search query near: {text}", "query")
    negated, field, key, operator, raw = match.groups()
    wanted = None if raw == "null" else raw.strip("\"'")

    def test(version: Object) -> bool:
        return _holds(_value(version, field, key), operator, wanted) != bool(negated)

    return test


def _value(version: Object, field: str, key: str | None) -> Any:
    value: Any = version
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] - any object
    return value.get(key) if key is not None and isinstance(value, dict) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] - any object


def _holds(value: Any, operator: str, wanted: str | None) -> bool:
    if wanted is None or value is None:
        return operator == ":" and value is wanted
    if operator == "~":
        return wanted.lower() in str(value).lower()
    if operator == ":":
        return str(value).lower() == wanted.lower()
    try:
        left, right = float(value), float(wanted)
    except ValueError:
        raise invalid(f"{operator} compares numbers only.", "query") from None
    return {">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right}[operator]

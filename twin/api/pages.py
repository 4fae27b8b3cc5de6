"""Lists, newest first, by cursor: https://docs.stripe.com/api/pagination"""

from collections.abc import Iterable
from operator import ge, gt, le, lt
from typing import Any

from twin.core.errors import invalid
from twin.core.store import Object

BOUNDS = {"gt": gt, "gte": ge, "lt": lt, "lte": le}


def page_of(found: Iterable[Object], params: dict[str, Any], url: str, *, newest_first: bool = True) -> Object:
    """One page of `found`, which comes oldest first."""
    every = list(found)
    if newest_first:
        every.reverse()
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid("Invalid limit: must be between 1 and 100", "limit")
    after, before = params.get("starting_after"), params.get("ending_before")
    if after and before:
        raise invalid("You cannot pass both starting_after and ending_before.", "ending_before")
    if before:
        end = _place(every, before, "ending_before")
        start = max(0, end - limit)
        return list_of(every[start:end], url, has_more=start > 0)
    start = _place(every, after, "starting_after") + 1 if after else 0
    return list_of(every[start : start + limit], url, has_more=start + limit < len(every))


def list_of(data: list[Object], url: str, *, has_more: bool = False) -> Object:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def _place(every: list[Object], id: str, param: str) -> int:
    for at, each in enumerate(every):
        if each["id"] == id:
            return at
    raise invalid(f"No such object: '{id}'", param, "resource_missing")


def within(value: int, bounds: Any) -> bool:
    """Whether an instant is what a `created` parameter asks for: an instant, or gt, gte, lt, lte."""
    if bounds is None:
        return True
    if isinstance(bounds, int):
        return value == bounds
    return all(BOUNDS[name](value, bound) for name, bound in bounds.items())


def matching(found: Iterable[Object], params: dict[str, Any], *names: str) -> Iterable[Object]:
    """Those whose fields equal what is asked for, and that were created within `created`."""
    asked = {name: params[name] for name in names if name in params}
    for each in found:
        if within(each.get("created", 0), params.get("created")) and all(each.get(n) == v for n, v in asked.items()):
            yield each

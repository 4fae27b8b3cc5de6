"""What was true when: read off the log alone, by rules of its own. Made to judge others by, so it asks nobody else.

A customer's features are those of the products of the subscriptions that grant; which statuses grant, and whether a
product's features are known, the judge says. Moments are the twin's own time, in seconds.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from twin.core.store import Entry, Object, shown

GRANTING = ("trialing", "active", "past_due")


@dataclass(frozen=True, slots=True)
class Span:
    """`version` of an object was the true one from `since` until just before `until` (None: still is)."""

    version: Object | None
    since: float
    until: float | None


def spans_of(log: Sequence[Entry], id: str) -> list[Span]:
    """Every version of an object with the time for which it held, oldest first."""
    lines = [line for line in log if line.id == id]
    ends = [line.moment for line in lines[1:]] + [None]
    return [Span(line.version and shown(line.version), line.moment, end) for line, end in zip(lines, ends, strict=True)]


def state_at(log: Iterable[Entry], moment: float) -> dict[str, Object]:
    """Every object as it was when the clock showed `moment`, that instant included."""
    held: dict[str, Object] = {}
    for line in log:
        if line.moment > moment:
            break
        if line.version is None:
            held.pop(line.id, None)
        else:
            held[line.id] = line.version
    return held


def granted(
    state: Mapping[str, Object],
    customer: str,
    features_of: Mapping[str, Collection[str]],
    granting: Collection[str] = GRANTING,
) -> set[str]:
    """The features that the customer's subscriptions give in a state; `features_of` goes by product id."""
    found: set[str] = set()
    for version in state.values():
        if version["object"] == "subscription" and version["customer"] == customer and version["status"] in granting:
            for item in version["items"]["data"]:
                found.update(features_of.get(item["price"]["product"], ()))
    return found


def timelines_of(
    log: Iterable[Entry], features_of: Mapping[str, Collection[str]], granting: Collection[str] = GRANTING
) -> dict[str, list[tuple[float, frozenset[str]]]]:
    """For each customer the features granted, and since when, oldest first; before the first entry: none. One pass."""
    found: dict[str, list[tuple[float, frozenset[str]]]] = {}
    held: dict[str, dict[str, frozenset[str]]] = {}
    owner: dict[str, str] = {}
    for line in log:
        version = line.version
        if version is not None and version["object"] == "subscription":
            owner[line.id] = version["customer"]
        elif line.id not in owner:
            continue
        gives = granted({line.id: version}, owner[line.id], features_of, granting) if version else set[str]()
        mine = held.setdefault(owner[line.id], {})
        mine[line.id] = frozenset(gives)
        whole = frozenset[str]().union(*mine.values())
        told = found.setdefault(owner[line.id], [])
        if told and told[-1][0] == line.moment:
            told.pop()
        if (told[-1][1] if told else frozenset[str]()) != whole:
            told.append((line.moment, whole))
    return found


def right_between(timeline: Sequence[tuple[float, frozenset[str]]], since: float, until: float) -> list[frozenset[str]]:
    """Every answer that was right at some moment of `[since, until]`, in order."""
    moments = [moment for moment, _ in timeline]
    start = bisect_right(moments, since)
    before = timeline[start - 1][1] if start else frozenset[str]()
    return [before, *(features for _, features in timeline[start : bisect_right(moments, until)])]

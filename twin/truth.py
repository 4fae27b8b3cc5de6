"""What was true when: read off the log alone, by rules of its own. Made to judge others by, so it asks nobody else.

A customer's features are those of the products of the subscriptions that grant; which statuses grant, and whether a
product's features are known, the judge says. Moments are the twin's own time, in seconds.
"""

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


def grants_between(
    log: Sequence[Entry],
    customer: str,
    features_of: Mapping[str, Collection[str]],
    since: float,
    until: float,
    granting: Collection[str] = GRANTING,
) -> list[set[str]]:
    """Every set of features that was right at some moment of `[since, until]`, in order, without repeats."""
    moments = [since, *(line.moment for line in log if since < line.moment <= until)]
    found: list[set[str]] = []
    for moment in dict.fromkeys(moments):
        held = granted(state_at(log, moment), customer, features_of, granting)
        if not found or found[-1] != held:
            found.append(held)
    return found

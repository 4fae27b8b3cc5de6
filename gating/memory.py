"""The snapshots one process remembers for a second, and the highest revision it has seen of each member."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from clock import Clock
from counting import Count
from gating.model import Access, Snapshot
from gating.policies import Policy, withheld_by

Value = TypeVar("Value")
Bearer = tuple[frozenset[str], frozenset[str]]
"""A token's scopes and roles."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A snapshot worked out: `features` hold before `valid_until`; `fresh_until` is seconds of the monotonic clock.

    `policies` may take some of them from a caller, by where the member is and by the roles it calls with.
    `worked_out` is for readers: what they made of the snapshot, as of any instant at which the entry answers.
    """

    snapshot: Snapshot
    features: frozenset[str]
    valid_until: datetime | None
    fresh_until: float
    policies: tuple[Policy, ...] = ()
    accesses: dict[Bearer, Access] = field(default_factory=dict[Bearer, Access], compare=False)
    worked_out: dict[Any, Any] = field(default_factory=dict[Any, Any], compare=False)

    def access_with(self, scopes: frozenset[str], roles: frozenset[str]) -> Access:
        """The member's access by a token with these; one object, for as long as the entry answers."""
        access = self.accesses.get((scopes, roles))
        if access is None:
            withheld = withheld_by(self.policies, self.snapshot.countries, roles)
            features = self.features.difference(each.feature for each in withheld)
            access = Access(True, features, scopes, self.snapshot.revision, withheld=withheld)
            self.accesses[scopes, roles] = access
        return access


class Memory:
    """At most `capacity` entries and as many revisions, the least recently kept forgotten first."""

    def __init__(self, clock: Clock, monotonic: Callable[[], float], found: Count, capacity: int = 10_000) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._found = found
        self._capacity = capacity
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._revisions: OrderedDict[str, int] = OrderedDict()

    def find(self, member_id: str) -> Entry | None:
        """What still answers."""
        entry = self._entries.get(member_id)
        if entry is None or self._monotonic() >= entry.fresh_until:
            return None
        if entry.valid_until is not None and self._clock.now() >= entry.valid_until:
            return None
        self._found.value += 1
        return entry

    def revision_of(self, member_id: str) -> int:
        """The highest revision seen; -1 when none is remembered."""
        return self._revisions.get(member_id, -1)

    def keep(self, entry: Entry) -> None:
        member_id = entry.snapshot.member_id
        self.note(member_id, entry.snapshot.revision)
        if entry.snapshot.revision >= self.revision_of(member_id):
            _put(self._entries, member_id, entry, self._capacity)

    def note(self, member_id: str, revision: int) -> None:
        """`revision` exists: whatever is older no longer answers."""
        known = max(revision, self.revision_of(member_id))
        _put(self._revisions, member_id, known, self._capacity)
        entry = self._entries.get(member_id)
        if entry is not None and entry.snapshot.revision < known:
            del self._entries[member_id]

    def forget_entries(self) -> None:
        """Keeps the revisions: they do not become wrong."""
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)


def _put(places: OrderedDict[str, Value], key: str, value: Value, capacity: int) -> None:
    places[key] = value
    places.move_to_end(key)
    if len(places) > capacity:
        places.popitem(last=False)

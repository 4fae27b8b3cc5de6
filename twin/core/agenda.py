"""What happens by itself: each kind of object may say when it is next due, and what then happens.

Nothing is cancelled: an entry that the object no longer agrees with is passed over.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from twin.core.store import Object

Clock = str | None
"""The id of a test clock; None is the twin's own time."""


@dataclass(slots=True)
class Agenda:
    """A heap for each timeline; equal instants in the order in which they were noted."""

    heaps: dict[Clock, list[tuple[int, int, str]]] = field(default_factory=dict[Clock, list[tuple[int, int, str]]])
    noted: int = 0

    def note(self, clock: Clock, at: int, id: str) -> None:
        self.noted += 1
        heappush(self.heaps.setdefault(clock, []), (at, self.noted, id))

    def next_at(self, clock: Clock) -> int | None:
        heap = self.heaps.get(clock)
        return heap[0][0] if heap else None

    def take(self, clock: Clock) -> tuple[int, str]:
        at, _, id = heappop(self.heaps[clock])
        return at, id


def clock_of(version: Object) -> Clock:
    """The timeline an object lives on: that of its customer."""
    return version.get("test_clock") or version.get("_clock")


DueAt = Callable[[Object], int | None]

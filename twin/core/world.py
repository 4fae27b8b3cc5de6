"""One account's world: its state, its time, and the ways in which they change."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from twin.core.agenda import Agenda, Clock, DueAt, clock_of
from twin.core.errors import missing_object
from twin.core.events import changed_attributes, event_of
from twin.core.ids import Ids
from twin.core.settings import Account
from twin.core.store import Object, Store

OnDue = Callable[["World", Object], None]

TIMERS: dict[str, tuple[DueAt, OnDue]] = {}
SETTLERS: list[Callable[["World", set[str]], None]] = []


def timer(kind: str, due_at: DueAt) -> Callable[[OnDue], OnDue]:
    """Declares what happens to objects of a kind by themselves: at `due_at(object)` the function runs."""

    def register(run: OnDue) -> OnDue:
        TIMERS[kind] = (due_at, run)
        return run

    return register


def settler(run: Callable[["World", set[str]], None]) -> Callable[["World", set[str]], None]:
    """Declares what is derived: it runs after each request and each due thing, with the customers touched."""
    SETTLERS.append(run)
    return run


@dataclass(slots=True)
class World:
    """Everything there is. `now` is the twin's own time in seconds since 1970; a test clock's is in its object."""

    ids: Ids
    now: float
    account: Account = field(default_factory=Account)
    store: Store = field(default_factory=Store)
    agenda: Agenda = field(default_factory=Agenda)
    made: list[Object] = field(default_factory=list[Object])
    """Events that nobody was told of yet."""
    request: dict[str, str | None] = field(default_factory=lambda: {"id": None, "idempotency_key": None})
    links: str = ""
    """The address under which hosted pages are found."""
    touched: set[str] = field(default_factory=set[str])
    """Customers whose objects were saved since derived things were last settled."""
    rehearsing: bool = False

    def at(self, clock: Clock) -> int:
        """The present instant on a timeline."""
        return int(self.now) if clock is None else self.store.objects[clock]["frozen_time"]

    def time_of(self, version: Object) -> int:
        """The present instant for an object."""
        return self.at(clock_of(version))

    def get(self, kind: str, id: str, param: str = "id") -> Object:
        """The object, or the error that Stripe answers with."""
        found = self.store.find(kind, id)
        if found is None or found.get("deleted"):
            raise missing_object(kind, id, param)
        return found

    def create(self, version: Object, event: str | None = None) -> Object:
        return self._save(version, None, event)

    def change(self, version: Object, event: str | None = None, /, **changes: Any) -> Object:
        """Saves `version` with `changes`, and makes `event` if anything that is shown differs. Returns the new one."""
        after = version | changes
        return version if after == version else self._save(after, version, event)

    def delete(self, version: Object, event: str | None = None) -> None:
        self.store.delete(version["id"], self.now)
        if event:
            self.tell(event, version)

    def tell(self, type: str, version: Object, previous: Object | None = None) -> None:
        """Makes an event, rendered now and for ever."""
        if self.rehearsing:
            return
        event = event_of(self.ids.new("evt"), type, version, previous, self.time_of(version), self.request)
        event["_moment"] = self.now
        self.store.save(event, self.now)
        self.made.append(event)

    def _save(self, after: Object, before: Object | None, event: str | None) -> Object:
        self.store.save(after, self.now)
        customer: object = after["id"] if after["object"] == "customer" else after.get("customer")
        if isinstance(customer, str):
            self.touched.add(customer)
        if timed := TIMERS.get(after["object"]):
            due = timed[0](after)
            if due is not None and (before is None or timed[0](before) != due):
                self.agenda.note(clock_of(after), due, after["id"])
        if event:
            previous = None if before is None else changed_attributes(before, after)
            if before is None or previous:
                self.tell(event, after, previous)
        return after

    def run_due(self, clock: Clock, until: int) -> None:
        """Lets everything happen that is due on a timeline, in order, each at its own instant."""
        while (at := self.agenda.next_at(clock)) is not None and at <= until:
            at, id = self.agenda.take(clock)
            version = self.store.objects.get(id)
            if version is None or TIMERS[version["object"]][0](version) != at:
                continue
            self.move(clock, max(at, self.at(clock)))
            TIMERS[version["object"]][1](self, version)
            if (left := self.store.objects.get(id)) is not None and TIMERS[left["object"]][0](left) == at:
                raise AssertionError(f"{id} stays due at {at}")
            self.settle()

    def move(self, clock: Clock, to: float) -> None:
        """Sets a timeline's present instant; lets nothing happen."""
        if clock is None:
            self.now = max(self.now, to)
        else:
            held = self.store.objects[clock]
            self.store.objects[clock] = held | {"frozen_time": int(to)}

    def settle(self) -> None:
        """Brings what is derived up to date."""
        touched, self.touched = self.touched, set()
        for run in SETTLERS:
            run(self, touched)

    @contextmanager
    def rehearsal(self) -> Generator[None]:
        """What is done inside leaves nothing behind: no object, no event, no id."""
        mark, drawn, noted, outer = self.store.mark(), self.ids.drawn.copy(), self.agenda.noted, self.rehearsing
        touched = set(self.touched)
        self.rehearsing = True
        try:
            yield
        finally:
            self.rehearsing = outer
            self.store.roll_back(mark)
            self.ids.drawn, self.agenda.noted, self.touched = drawn, noted, touched

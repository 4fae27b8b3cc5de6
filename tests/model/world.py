"""What there is at one moment, for one Stripe customer and its one member; and what is varied between searches."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar

NOTHING = -1
HAPPENED, STORED, ANSWERED, HELD = 1, 2, 4, 8
"""What is so of an event, added up. HELD: answered, but in the memory of a web process only; no real one does so."""
LOSS = -1
"""Among the messages to a reader: some before may have been lost."""
LONG_AGO = 2
"""Ticks; a superseded revision gets no older."""


class Worker(NamedTuple):
    """`step` is what comes next; `current`: nobody has claimed the customer since."""

    step: Literal["claim", "fetch", "note", "save"] = "claim"
    noted: int = 0
    current: bool = False
    fetched: int = 0


class Publisher(NamedTuple):
    """Also the watcher, which is the last one. `target` must be in the cache; `value` was read, or found there."""

    step: Literal["select", "take", "read", "put", "find", "done"] = "select"
    target: int = 0
    value: int = 0
    incarnation: int = NOTHING


class Reader(NamedTuple):
    """One process's reads of the member, in single flight, and its memory."""

    step: Literal["idle", "find", "take", "read", "put"] = "idle"
    value: int = 0
    again: bool = False
    tokened: bool = False
    memory: int = NOTHING
    at_least: int = NOTHING
    distrusts: bool = False
    messages: tuple[int, ...] = ()


class Faults(NamedTuple):
    """How many may still happen."""

    duplicates: int = 0
    crashes: int = 0
    expiries: int = 0
    evictions: int = 0
    failovers: int = 0
    failures: int = 0
    resends: int = 0


class State(NamedTuple):
    """Revisions stand for snapshots: `contents[revision]` is what the member holds by it; the last is the row.

    `token` is the number of the actor whose fill token lies in Redis. `ages[revision]` counts the ticks since that
    revision was superseded. `healing`: since a failover, less than a second has passed with it republished.
    """

    truth: int
    events: tuple[int, ...]
    dirty: int
    clean: int
    leased: bool
    workers: tuple[Worker, ...]
    applied: int
    contents: tuple[int, ...]
    ages: tuple[int, ...]
    outbox: int
    entry: int
    token: int
    replica: tuple[int, int]
    incarnation: int
    seen: int
    healing: bool
    publishers: tuple[Publisher, ...]
    readers: tuple[Reader, ...]
    late: tuple[int, ...]
    faults: Faults
    answer: int = NOTHING
    broken: str = ""

    @property
    def row(self) -> int:
        return len(self.contents) - 1


@dataclass(frozen=True)
class Design:
    """The real one by default; each other value is a mutant's, or one of those that PROTOCOL 2 compares."""

    answer_first: bool = False
    payload: Literal["ignored", "is the state", "first, when new", "first, always"] = "ignored"
    count: Literal["when noted", "when clean"] = "when noted"
    clean: Literal["noted", "dirty"] = "noted"
    note: Literal["before", "after"] = "before"
    lease: bool = True
    fence: bool = True
    publish: Literal["token", "blind", "delete", "outbox value"] = "token"
    fill: Literal["token", "blind", "compare"] = "token"
    token_before_read: bool = True
    keep_refused: bool = True
    done_compares: bool = True
    republish: bool = True
    seen_as_of: Literal["before", "after"] = "before"
    forget_at_loss: bool = True
    resend: Literal["new token", "same token"] = "new token"


@dataclass(frozen=True)
class Setup:
    """How much of everything. `holds[truth]` is what follows from Stripe's state (f of I1).

    `direct`: grants are recorded by an operator; there are no events and no workers.
    """

    name: str
    holds: tuple[int, ...] = (0, 1, 2)
    direct: bool = False
    workers: int = 0
    publishers: int = 0
    readers: int = 0
    faults: Faults = Faults()  # noqa: RUF009 - a NamedTuple is as frozen as we are

    @property
    def watcher(self) -> int:
        """The number of the actor that republishes after a failover."""
        return self.publishers

    def first_reader(self) -> int:
        return self.publishers + (self.faults.failovers > 0)


Step = tuple[str, State]
Steps = Callable[[State, Setup, Design], Iterator[Step]]
Mirror = TypeVar("Mirror", bound=Callable[..., Any])


def mirrors(*real: Callable[..., Any]) -> Callable[[Mirror], Mirror]:
    """Says of a step which functions of the real code it stands for; renamed there, it fails here."""
    assert all(callable(each) for each in real)
    return lambda step: step


def initial(setup: Setup) -> State:
    changes = len(setup.holds) - 1
    return State(
        truth=0,
        events=(0,) * (0 if setup.direct else changes),
        dirty=0,
        clean=0,
        leased=False,
        workers=(Worker(),) * setup.workers,
        applied=0,
        contents=(setup.holds[0],),
        ages=(),
        outbox=NOTHING,
        entry=NOTHING,
        token=NOTHING,
        replica=(NOTHING, NOTHING),
        incarnation=0,
        seen=0,
        healing=False,
        publishers=(Publisher(),) * setup.first_reader(),
        readers=(Reader(),) * setup.readers,
        late=(),
        faults=setup.faults,
    )


Item = TypeVar("Item")


def placed(items: tuple[Item, ...], place: int, item: Item) -> tuple[Item, ...]:
    """`items` with another one at `place`."""
    return (*items[:place], item, *items[place + 1 :])

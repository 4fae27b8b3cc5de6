"""From the bytes of a verified delivery to committed rows. Deliveries that wait together share one commit."""

import re
from collections.abc import Awaitable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from batching import Batching
from billing.events import Arrival, StripeEvent, record_events, replay_events
from billing.facts import facts_of, names_member
from billing.intake import Unread, take_in
from billing.objects import id_in, is_object, object_in, text_in, time_in
from billing.state import Kind, Node
from clock import Clock
from errors import BadInput
from storage.database import Database
from telemetry import Metrics
from webhooks.registry import REMEMBERED, Registry
from webhooks.waking import Waking

EVENT_ID = re.compile(r"evt_[A-Za-z0-9_]{1,250}")
EVENT_TYPE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+){1,9}")
LONGEST_TYPE = 500


class _Read(NamedTuple):
    """A verified body. `value` is its JSON, `signals` the objects whose customers it is a signal for."""

    event: StripeEvent
    body: str
    value: Mapping[str, Any]
    signals: tuple[Node, ...]
    names_member: bool

    def names_its_customer(self) -> bool:
        """Whether it is a signal for the customer that it names, and for nobody else."""
        if len(self.signals) != 1:
            return False
        node = self.signals[0]
        return node.id == self.event.customer_id and node.kind is Kind.CUSTOMER


class Inbox:
    """`accept` is safe to call from any number of requests at once; they are written in batches, in turn."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        registry: Registry,
        metrics: Metrics,
        *,
        member_key: str,
        livemode: bool | None = None,
        newcomer_seconds: float = 0.0,
        waking: Waking | None = None,
    ) -> None:
        """`livemode`: the only mode accepted; None accepts both. `newcomer_seconds`: see `Unread.waits`.

        `waking`: this process's own, unless given.
        """
        self._database = database
        self._clock = clock
        self._registry = registry
        self._metrics = metrics
        self._member_key = member_key
        self._livemode = livemode
        self._newcomer_seconds = newcomer_seconds
        self._waking = waking or Waking(database)
        # In turn: what arrives while one batch is committed is a fuller next one, and costs the least.
        self._unread = Batching(self._take_in, at_once=1)
        self._arrivals = Batching(self._record, at_once=1)

    def accept(self, body: bytes) -> Awaitable[bool]:
        """Stores the event of a verified delivery; answers after the commit: True when new, False when a duplicate.

        Raises BadInput when it is no event of ours; while waited for, Unavailable when the database does not answer.
        """
        read = self._read(body)
        if read.names_its_customer():
            waits = 0.0 if read.names_member else self._newcomer_seconds
            return self._unread.ask(Unread(read.event, read.body, waits))
        return self._arrivals.ask(self._arrival(read))

    async def replay(self, body: bytes) -> None:
        """Reads a stored event anew, by today's code: what it proves, and whose customers are to be synced.

        Raises BadInput when today's code takes it for no event of ours, Unavailable.
        """
        arrival = self._arrival(self._read(body))
        async with self._database.transaction() as connection:
            await replay_events(connection, [arrival])

    def _arrival(self, read: _Read) -> Arrival:
        return Arrival(read.event, read.body, facts_of(read.value, self._member_key), frozenset(read.signals))

    def _read(self, body: bytes) -> _Read:
        value = read_json(body)
        id, type, livemode = value.get("id"), value.get("type"), value.get("livemode")
        created_at, subject = time_in(value, "created"), object_in(value.get("data"), "object")
        if not (isinstance(id, str) and EVENT_ID.fullmatch(id) and isinstance(type, str) and _is_type(type)) or not (
            created_at and subject and value.get("object") == "event"
        ):
            raise BadInput("The body is not a Stripe event.")
        if not isinstance(livemode, bool) or (self._livemode is not None and livemode is not self._livemode):
            raise BadInput("The event is of the other mode: live or test.")
        customer_id = text_in(subject, "id") if subject.get("object") == "customer" else id_in(subject, "customer")
        event = StripeEvent(id, type, created_at, self._clock.now(), livemode, text_in(subject, "id"), customer_id)
        signals, named = self._registry.signals_of(type, subject), names_member(subject, self._member_key)
        return _Read(event, body.decode(), value, signals, named)

    async def _take_in(self, arrivals: Sequence[Unread]) -> Sequence[bool]:
        told, stored = self._waking.is_due(), frozenset[str]()
        try:
            stored = await take_in(self._database, arrivals, wake=told)
            return self._counted(_are_new(arrivals, stored))
        finally:  # a commit whose answer was lost may have taken place; one that stores nothing does not tell
            if not (told and stored):
                self._waking.tell_later()

    async def _record(self, arrivals: Sequence[Arrival]) -> Sequence[bool]:
        async with self._database.transaction() as connection:
            new = self._counted(_are_new(arrivals, await record_events(connection, arrivals)))
        for arrival, is_new in zip(arrivals, new, strict=True):
            if is_new and not self._registry.knows(arrival.event.type):
                self._metrics.unknown_events.labels(arrival.event.type).inc()
        return new

    def _counted(self, new: Sequence[bool]) -> Sequence[bool]:
        for outcome, count in (("new", sum(new)), ("duplicate", len(new) - sum(new))):
            self._metrics.inbox_events.labels(outcome).value += count
        return new


@lru_cache(REMEMBERED)
def _is_type(text: str) -> bool:
    return len(text) <= LONGEST_TYPE and EVENT_TYPE.fullmatch(text) is not None


def _are_new(arrivals: Sequence[Unread | Arrival], stored: frozenset[str]) -> Sequence[bool]:
    """Of deliveries of one event the first is the new one."""
    left = set(stored)
    answers: list[bool] = []
    for each in arrivals:
        answers.append(each.event.id in left)
        left.discard(each.event.id)
    return answers


def read_json(body: bytes) -> Mapping[str, Any]:
    """The JSON object in `body`. Raises BadInput."""
    try:
        value: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    if not is_object(value):
        raise BadInput("The body is not a JSON object.")
    return value

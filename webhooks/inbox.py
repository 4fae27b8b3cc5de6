"""From the bytes of a verified delivery to committed rows. Deliveries that wait together share one commit."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from billing.events import Arrival, StripeEvent, record_events, replay_events
from billing.facts import facts_of
from billing.intake import is_plain, take_in
from billing.objects import id_in, is_object, object_in, text_in, time_in
from clock import Clock
from errors import BadInput, Unavailable
from storage.database import Database
from telemetry import Metrics
from webhooks.registry import Registry

EVENT_ID = re.compile(r"evt_[A-Za-z0-9_]{1,250}")
EVENT_TYPE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+){1,9}")
LARGEST_BATCH = 100

Store = Callable[[Sequence[Arrival]], Awaitable[frozenset[str]]]
"""Stores events and returns the ids of the new ones, after the commit."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    arrival: Arrival
    stored: asyncio.Future[bool]


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
    ) -> None:
        """`livemode`: the only mode accepted; None accepts both."""
        self._database = database
        self._clock = clock
        self._registry = registry
        self._metrics = metrics
        self._member_key = member_key
        self._livemode = livemode
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def accept(self, body: bytes) -> bool:
        """Stores the event of a verified delivery and returns after the commit: True when new, False when a duplicate.

        Raises BadInput when it is no event of ours, Unavailable when the database does not answer.
        """
        arrival = self._read(body)
        waiting = _Waiting(arrival, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        new = await waiting.stored
        self._metrics.inbox_events.labels("new" if new else "duplicate").inc()
        if new and not self._registry.knows(arrival.event.type):
            self._metrics.unknown_events.labels(arrival.event.type).inc()
        return new

    async def replay(self, body: bytes) -> None:
        """Reads a stored event anew, by today's code: what it proves, and whose customers are to be synced.

        Raises BadInput when today's code takes it for no event of ours, Unavailable.
        """
        arrival = self._read(body)
        async with self._database.transaction() as connection:
            await replay_events(connection, [arrival])

    def _read(self, body: bytes) -> Arrival:
        value = read_json(body)
        id, type, created_at = text_in(value, "id"), text_in(value, "type"), time_in(value, "created")
        subject = object_in(object_in(value, "data"), "object")
        livemode = value.get("livemode")
        known = id is not None and EVENT_ID.fullmatch(id) and type is not None and EVENT_TYPE.fullmatch(type)
        if not (known and id and type and created_at and subject and value.get("object") == "event"):
            raise BadInput("The body is not a Stripe event.")
        if not isinstance(livemode, bool) or (self._livemode is not None and livemode is not self._livemode):
            raise BadInput("The event is of the other mode: live or test.")
        customer_id = text_in(subject, "id") if subject.get("object") == "customer" else id_in(subject, "customer")
        event = StripeEvent(id, type, created_at, self._clock.now(), livemode, text_in(subject, "id"), customer_id)
        signals = self._registry.signals_of(type, subject)
        return Arrival(event, body.decode(), facts_of(value, self._member_key), signals)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
            plain = [each for each in batch if is_plain(each.arrival)]
            await self._store(plain, partial(take_in, self._database))
            await self._store([each for each in batch if not is_plain(each.arrival)], self._record)

    async def _record(self, arrivals: Sequence[Arrival]) -> frozenset[str]:
        async with self._database.transaction() as connection:
            return await record_events(connection, arrivals)

    async def _store(self, batch: Sequence[_Waiting], store: Store) -> None:
        """Tells each of the batch its outcome; a fault in one is not the others': they are then stored one by one."""
        if not batch:
            return
        try:
            new = set(await store([each.arrival for each in batch]))
        except Exception as fault:  # noqa: BLE001 - handed to whoever waits
            if len(batch) > 1 and not isinstance(fault, Unavailable):
                for each in batch:
                    await self._store([each], store)
                return
            for each in batch:
                if not each.stored.done():
                    each.stored.set_exception(fault)
            return
        for each in batch:
            if not each.stored.done():
                each.stored.set_result(each.arrival.event.id in new)
            new.discard(each.arrival.event.id)


def read_json(body: bytes) -> Mapping[str, Any]:
    """The JSON object in `body`. Raises BadInput."""
    try:
        value: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    if not is_object(value):
        raise BadInput("The body is not a JSON object.")
    return value

"""Stripe's events as they arrived: stored once each, with the facts they prove and the signals they give."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.facts import Facts
from billing.links import customers_on, find_ways_up, record_facts
from billing.queue import mark_dirty
from billing.state import Kind, Node
from billing.unlinked import MOST_ATTEMPTS, keep_unlinked, nudge_unlinked
from storage.database import Database
from storage.rows import Row

STORE = text(
    "INSERT INTO stripe_event (id, type, created_at, received_at, livemode, object_id, customer_id, body)"
    " SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:types AS text[]), CAST(:created AS timestamptz[]),"
    " CAST(:received AS timestamptz[]), CAST(:livemodes AS boolean[]), CAST(:object_ids AS text[]),"
    " CAST(:customer_ids AS text[]), CAST(:bodies AS text[])) ON CONFLICT DO NOTHING RETURNING id"
)
STATE = (
    "CASE WHEN sync.dead_at IS NOT NULL OR unlinked.attempts >= :most_attempts THEN 'dead'"
    " WHEN sync.dirty > sync.clean OR unlinked.id IS NOT NULL THEN 'waiting'"
    " WHEN sync.customer_id IS NULL THEN 'kept' ELSE 'done' END AS state"
)
LIST = (
    "SELECT event.id, type, created_at, received_at, livemode, object_id, event.customer_id, " + STATE + " FROM"  # noqa: S608 - constants
    " stripe_event AS event LEFT JOIN customer_sync AS sync ON sync.customer_id = event.customer_id"
    " LEFT JOIN stripe_unlinked AS unlinked ON unlinked.id = event.object_id"
    " WHERE (CAST(:type AS text) IS NULL OR type = :type)"
    " AND (CAST(:customer_id AS text) IS NULL OR event.customer_id = :customer_id)"
    " AND (CAST(:after AS text) IS NULL OR (received_at, event.id) <"
    " (SELECT received_at, id FROM stripe_event WHERE id = :after))"
    " ORDER BY received_at DESC, event.id DESC LIMIT :limit"
)
MOST = {"most_attempts": MOST_ATTEMPTS}
BODIES = "SELECT id, body FROM stripe_event WHERE id = ANY(:ids)"


class EventState(StrEnum):
    """What became of an event. KEPT: about no customer, so there was nothing to do; DONE: nothing is left to do."""

    WAITING = "waiting"
    DEAD = "dead"
    DONE = "done"
    KEPT = "kept"


@dataclass(frozen=True)  # without slots: it is made, and written as JSON, in half the time
class StripeEvent:
    """An event stored. `created_at` is Stripe's, in whole seconds; `customer_id` is what the payload itself names.

    `state` is its customer's: WAITING also when it is a later event that waits.
    """

    id: str
    type: str
    created_at: datetime
    received_at: datetime
    livemode: bool
    object_id: str | None
    customer_id: str | None
    state: EventState = EventState.WAITING


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event to be recorded: as it came, what it proves, and the objects whose customers it is a signal for."""

    event: StripeEvent
    body: str
    facts: Facts
    signals: frozenset[Node]


async def record_event(connection: AsyncConnection, arrival: Arrival) -> bool:
    """As `record_events`; True when the event is new."""
    return bool(await record_events(connection, [arrival]))


async def record_events(connection: AsyncConnection, arrivals: Collection[Arrival]) -> frozenset[str]:
    """Stores those not yet stored; for these alone records the facts and marks the customers dirty.

    Returns the ids of the new ones. One transaction of the caller's; rows are taken in one order, against deadlocks.
    """
    by_id = {arrival.event.id: arrival for arrival in arrivals}
    new = frozenset((await connection.execute(STORE, columns_of([by_id[id] for id in sorted(by_id)]))).scalars())
    await replay_events(connection, [by_id[id] for id in sorted(new)])
    return new


async def replay_events(connection: AsyncConnection, arrivals: Sequence[Arrival]) -> None:
    """Records the facts and marks the customers dirty, for events that are stored. Idempotent but for one more sync."""
    if await record_facts(connection, (arrival.facts for arrival in arrivals)):
        await nudge_unlinked(connection)
    await _signal(connection, frozenset(node for arrival in arrivals for node in arrival.signals))


async def _signal(connection: AsyncConnection, nodes: frozenset[Node]) -> None:
    """Marks the customers that the nodes lead to; a dispute that leads to none yet is kept."""
    direct = {node for node in nodes if node.kind is Kind.CUSTOMER}
    ways = await find_ways_up(connection, nodes - direct)
    found = {node: customers_on(ways[node.id]) for node in nodes - direct}
    await keep_unlinked(connection, [node for node, ids in found.items() if not ids and node.kind is Kind.DISPUTE])
    await mark_dirty(connection, {node.id for node in direct}.union(*found.values()))


def columns_of(arrivals: Sequence[Arrival]) -> dict[str, object]:
    events = [arrival.event for arrival in arrivals]
    return {
        "ids": [event.id for event in events],
        "types": [event.type for event in events],
        "created": [event.created_at for event in events],
        "received": [event.received_at for event in events],
        "livemodes": [event.livemode for event in events],
        "object_ids": [event.object_id for event in events],
        "customer_ids": [event.customer_id for event in events],
        "bodies": [arrival.body for arrival in arrivals],
    }


async def list_events(
    database: Database,
    *,
    type: str | None = None,
    customer_id: str | None = None,
    after: str | None = None,
    limit: int,
) -> Sequence[StripeEvent]:
    """At most `limit` events, the latest arrival first, those after the event id `after`; all types and customers
    unless one is named. Ask for one more to learn whether more exist."""
    parameters = {"type": type, "customer_id": customer_id, "after": after, "limit": limit, **MOST}
    return [_event(row) for row in await database.fetch(LIST, parameters)]


async def count_events(database: Database, *, type: str | None = None) -> int:
    """How many events are stored, of all types unless one is named."""
    query = "SELECT count(*) AS total FROM stripe_event WHERE CAST(:type AS text) IS NULL OR type = :type"
    [row] = await database.fetch(query, {"type": type})
    return row.total


async def find_event(database: Database, event_id: str) -> StripeEvent | None:
    query = LIST.replace(" WHERE ", " WHERE event.id = :id AND ", 1)
    parameters = {"id": event_id, "type": None, "customer_id": None, "after": None, "limit": 1, **MOST}
    return next((_event(row) for row in await database.fetch(query, parameters)), None)


async def find_event_body(database: Database, event_id: str) -> str | None:
    """The JSON as it arrived."""
    return (await find_event_bodies(database, [event_id])).get(event_id)


async def find_event_bodies(database: Database, event_ids: Collection[str]) -> dict[str, str]:
    """By id, of those that are kept."""
    return {row.id: row.body for row in await database.fetch(BODIES, {"ids": list(event_ids)})}


def _event(row: Row) -> StripeEvent:
    about = (row.id, row.type, row.created_at, row.received_at, row.livemode, row.object_id, row.customer_id)
    return StripeEvent(*about, EventState(row.state))

"""The short way in for the events that come in crowds: one statement, one round trip, one commit for all of them.

For those that prove no more than links and whose customers they name themselves. What it does to the tables is what
`record_events` does, which takes the others (`tests/flow/test_intake.py` compares the two).
"""

from collections.abc import Collection, Sequence

from billing.events import Arrival, columns_of
from billing.queue import CHANNEL
from billing.state import Kind, Node
from storage.database import Database
from storage.statements import translated

TAKE_IN = translated("""
    WITH arrived AS (
      INSERT INTO stripe_event (id, type, created_at, received_at, livemode, object_id, customer_id, body)
      SELECT * FROM unnest(:ids::text[], :types::text[], :created::timestamptz[], :received::timestamptz[],
        :livemodes::boolean[], :object_ids::text[], :customer_ids::text[], :bodies::text[])
      ON CONFLICT DO NOTHING RETURNING id
    ), linked AS (
      INSERT INTO stripe_link (child_kind, child_id, parent_kind, parent_id)
      SELECT DISTINCT child_kind COLLATE "C", child_id COLLATE "C", parent_kind COLLATE "C", parent_id COLLATE "C"
      FROM unnest(:linking_ids::text[], :child_kinds::text[], :child_ids::text[], :parent_kinds::text[],
        :parent_ids::text[]) AS link (event_id, child_kind, child_id, parent_kind, parent_id)
      WHERE event_id IN (SELECT id FROM arrived) ORDER BY 1, 2, 3, 4 ON CONFLICT DO NOTHING RETURNING 1
    ), nudged AS (
      UPDATE stripe_unlinked SET retry_at = now() WHERE id IN (
        SELECT id FROM stripe_unlinked WHERE (SELECT count(*) FROM linked) > 0 AND retry_at > now()
        ORDER BY id FOR UPDATE)
      RETURNING 1
    ), marked AS (
      INSERT INTO customer_sync AS sync (customer_id, dirty)
      SELECT DISTINCT customer_id COLLATE "C", 1 FROM unnest(:marking_ids::text[], :marked_ids::text[])
        AS mark (event_id, customer_id)
      WHERE event_id IN (SELECT id FROM arrived) AND (SELECT count(*) FROM nudged) >= 0 ORDER BY 1
      ON CONFLICT (customer_id) DO UPDATE SET dirty = sync.dirty + 1, faults = 0, dead_at = NULL RETURNING 1
    ), woken AS (
      SELECT pg_notify(:channel, '')::text AS told
      WHERE (SELECT count(*) FROM marked) + (SELECT count(*) FROM nudged) > 0
    )
    SELECT id, (SELECT told FROM woken) AS told FROM arrived
""")
"""Each part counts the one before, so that they run, and lock, in the order in which `record_events` does."""


def is_plain(arrival: Arrival) -> bool:
    """Whether the short way is open to it."""
    facts = arrival.facts
    return not (facts.pauses or facts.claims or facts.invoices) and all(
        node.kind is Kind.CUSTOMER for node in arrival.signals
    )


async def take_in(database: Database, arrivals: Collection[Arrival]) -> frozenset[str]:
    """Stores those not yet stored, with their links, and marks their customers dirty; all of them must be plain.

    Returns the ids of the new ones, after the commit. Idempotent. Raises Unavailable.
    """
    by_id = {arrival.event.id: arrival for arrival in arrivals}
    ordered = [by_id[id] for id in sorted(by_id)]
    links = [(arrival.event.id, link.child, link.parent) for arrival in ordered for link in arrival.facts.links]
    marks = [(arrival.event.id, node.id) for arrival in ordered for node in arrival.signals]
    parameters = {
        **columns_of(ordered),
        "linking_ids": [event_id for event_id, _, _ in links],
        **_nodes("child", [child for _, child, _ in links]),
        **_nodes("parent", [parent for _, _, parent in links]),
        "marking_ids": [event_id for event_id, _ in marks],
        "marked_ids": [customer_id for _, customer_id in marks],
        "channel": CHANNEL,
    }
    return frozenset(row[0] for row in await database.write(TAKE_IN, parameters))


def _nodes(name: str, nodes: Sequence[Node]) -> dict[str, list[str]]:
    return {f"{name}_kinds": [node.kind.value for node in nodes], f"{name}_ids": [node.id for node in nodes]}

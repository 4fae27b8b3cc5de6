"""The short way in for the events that come in crowds: one statement, one round trip, one commit for all of them.

For those that prove no more than links and what became of invoices, and whose customers they name themselves. What it
does to the tables is what `record_events` does, which takes the others (`tests/flow/test_intake.py` compares the two).
"""

from collections.abc import Collection

import orjson

from billing.events import Arrival
from billing.queue import CHANNEL
from billing.state import Kind
from storage.database import Database
from storage.statements import translated

TAKE_IN = translated("""
    WITH told AS MATERIALIZED (
      SELECT * FROM ROWS FROM (
        json_to_recordset(:events::json) AS (id text, type text, created_at timestamptz, received_at timestamptz,
          livemode boolean, object_id text, customer_id text, links json, invoices json, customers json),
        unnest(:bodies::text[])
      ) AS event (id, type, created_at, received_at, livemode, object_id, customer_id, links, invoices, customers, body)
    ), arrived AS (
      INSERT INTO stripe_event (id, type, created_at, received_at, livemode, object_id, customer_id, body)
      SELECT id, type, created_at, received_at, livemode, object_id, customer_id, body FROM told
      ON CONFLICT DO NOTHING RETURNING id
    ), linked AS (
      INSERT INTO stripe_link (child_kind, child_id, parent_kind, parent_id)
      SELECT DISTINCT (link ->> 0) COLLATE "C", (link ->> 1) COLLATE "C", (link ->> 2) COLLATE "C",
        (link ->> 3) COLLATE "C"
      FROM told, json_array_elements(links) AS link
      WHERE id IN (SELECT id FROM arrived) ORDER BY 1, 2, 3, 4 ON CONFLICT DO NOTHING RETURNING 1
    ), billed AS (
      INSERT INTO stripe_invoice_fact (invoice_id, subscription_id, step, occurred_at)
      SELECT DISTINCT (fact ->> 0) COLLATE "C", (fact ->> 1) COLLATE "C", (fact ->> 2) COLLATE "C",
        (fact ->> 3)::timestamptz
      FROM told, json_array_elements(invoices) AS fact
      WHERE id IN (SELECT id FROM arrived) AND (SELECT count(*) FROM linked) >= 0
      ORDER BY 1, 2, 3, 4 ON CONFLICT DO NOTHING RETURNING 1
    ), nudged AS (
      UPDATE stripe_unlinked SET retry_at = now() WHERE id IN (
        SELECT id FROM stripe_unlinked
        WHERE (SELECT count(*) FROM billed) >= 0 AND (SELECT count(*) FROM linked) > 0 AND retry_at > now()
        ORDER BY id FOR UPDATE)
      RETURNING 1
    ), marked AS (
      INSERT INTO customer_sync AS sync (customer_id, dirty)
      SELECT DISTINCT customer COLLATE "C", 1 FROM told, json_array_elements_text(customers) AS customer
      WHERE id IN (SELECT id FROM arrived) AND (SELECT count(*) FROM billed) + (SELECT count(*) FROM nudged) >= 0
      ORDER BY 1
      ON CONFLICT (customer_id) DO UPDATE SET dirty = sync.dirty + 1, faults = 0, dead_at = NULL RETURNING 1
    ), woken AS (
      SELECT pg_notify(:channel, '')::text AS told
      WHERE (SELECT count(*) FROM marked) + (SELECT count(*) FROM nudged) > 0
    )
    SELECT id, (SELECT told FROM woken) AS told FROM arrived
""")
"""Each part counts the one before, so that they run, and lock, in the order in which `record_events` does.

One JSON text for all events, as the driver takes longer over an array's elements than over all else that is done here;
bodies are not in it, since the server would take as long to unescape them.
"""


def is_plain(arrival: Arrival) -> bool:
    """Whether the short way is open to it."""
    facts = arrival.facts
    return not (facts.pauses or facts.claims) and all(node.kind is Kind.CUSTOMER for node in arrival.signals)


async def take_in(database: Database, arrivals: Collection[Arrival]) -> frozenset[str]:
    """Stores those not yet stored, with what they prove, and marks their customers dirty; all of them must be plain.

    Returns the ids of the new ones, after the commit. Idempotent. Raises Unavailable.
    """
    by_id = {arrival.event.id: arrival for arrival in arrivals}
    ordered = [by_id[id] for id in sorted(by_id)]
    parameters = {
        "events": orjson.dumps([_told(arrival) for arrival in ordered]).decode(),
        "bodies": [arrival.body for arrival in ordered],
        "channel": CHANNEL,
    }
    return frozenset(row[0] for row in await database.write(TAKE_IN, parameters))


def _told(arrival: Arrival) -> dict[str, object]:
    event, facts = arrival.event, arrival.facts
    return {
        "id": event.id,
        "type": event.type,
        "created_at": event.created_at,
        "received_at": event.received_at,
        "livemode": event.livemode,
        "object_id": event.object_id,
        "customer_id": event.customer_id,
        "links": [(link.child.kind, link.child.id, link.parent.kind, link.parent.id) for link in facts.links],
        "invoices": [(fact.invoice_id, fact.subscription_id, fact.step, fact.occurred_at) for fact in facts.invoices],
        "customers": [node.id for node in arrival.signals],
    }

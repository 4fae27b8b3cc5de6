"""The short way in, for events that name the one customer they are about: stored and marked now, read later.

One statement, one round trip and one commit for all that arrive together. What such an event proves is read off it when
a worker syncs its customer, before it asks Stripe: so an event is unread only while a fetch of its customer is still to
come, and whatever could have been led to the customer by it meanwhile is answered by that fetch.
"""

from collections.abc import Collection
from typing import NamedTuple

import orjson

from billing.events import StripeEvent
from billing.queue import CHANNEL
from storage.database import Database
from storage.statements import translated

TAKE_IN = translated("""
    WITH told AS MATERIALIZED (
      SELECT * FROM ROWS FROM (
        json_to_recordset(:events::json) AS (id text, type text, created_at timestamptz, received_at timestamptz,
          livemode boolean, object_id text, customer_id text),
        unnest(:bodies::text[])
      ) AS event (id, type, created_at, received_at, livemode, object_id, customer_id, body)
    ), arrived AS (
      INSERT INTO stripe_event (id, type, created_at, received_at, livemode, object_id, customer_id, body)
      SELECT * FROM told ON CONFLICT DO NOTHING RETURNING id, customer_id
    ), unread AS (
      INSERT INTO stripe_unread (customer_id, event_id) SELECT customer_id, id FROM arrived
    ), marked AS (
      INSERT INTO customer_sync AS sync (customer_id, dirty, retry_at)
      SELECT DISTINCT customer_id COLLATE "C", 1, now() + CASE WHEN customer_id = ANY(:named::text[])
        THEN interval '0' ELSE make_interval(secs => :waits::float) END FROM arrived ORDER BY 1
      ON CONFLICT (customer_id) DO UPDATE SET dirty = sync.dirty + 1, faults = 0, dead_at = NULL,
        retry_at = CASE WHEN sync.token = 0 THEN LEAST(sync.retry_at, excluded.retry_at)
          WHEN sync.dirty = sync.clean THEN GREATEST(sync.retry_at, now()) ELSE sync.retry_at END
      WHERE sync.dirty = sync.clean OR sync.lease_until IS NOT NULL OR sync.faults > 0 OR sync.dead_at IS NOT NULL
        OR (sync.token = 0 AND excluded.retry_at < sync.retry_at)
    ), woken AS (
      SELECT pg_notify(:channel, '')::text AS told WHERE :wake AND EXISTS (SELECT FROM arrived)
    )
    SELECT id, (SELECT told FROM woken) AS told FROM arrived
""")
"""A customer that is dirty already, and claimed by nobody, is only locked until the commit: whoever claims it next
notes how dirty it is and fetches after that. A lease that has run out still counts as one: its holder may yet save.
A customer that was never claimed (token 0) is due at once when an event names its member. Workers are woken even when
all customers were dirty before: one may have passed a customer by, since it was locked.

One JSON text for all events, as the driver takes longer over an array's elements than over all else that is done here;
bodies are not in it, since the server would take as long to unescape them.
"""


class Unread(NamedTuple):
    """An event about the one customer that it names, as it came.

    `waits`: for how many seconds a customer not heard of before waits for an event that names its member; none when
    this one does.
    """

    event: StripeEvent
    body: str
    waits: float = 0.0


async def take_in(database: Database, arrivals: Collection[Unread], *, wake: bool = True) -> frozenset[str]:
    """Stores those not yet stored, to be read later, and sees to it that their customers are synced.

    Returns the ids of the new ones, after the commit. Idempotent. Raises Unavailable. Without `wake` the caller tells
    the workers.
    """
    return frozenset(row[0] for row in await database.write(TAKE_IN, parameters_of(arrivals, wake=wake)))


def parameters_of(arrivals: Collection[Unread], *, wake: bool = True) -> dict[str, object]:
    """TAKE_IN's; in one order, against deadlocks."""
    by_id = {arrival.event.id: arrival for arrival in arrivals}
    ordered = [by_id[id] for id in sorted(by_id)]
    return {
        "events": orjson.dumps([arrival.event for arrival in ordered]).decode(),
        "bodies": [arrival.body for arrival in ordered],
        "named": [arrival.event.customer_id for arrival in ordered if not arrival.waits],
        "waits": max((arrival.waits for arrival in ordered), default=0.0),
        "channel": CHANNEL,
        "wake": wake,
    }

"""Which of Stripe's events stands behind a change of what a member holds."""

from datetime import datetime

from billing.events import StripeEvent, find_event
from storage.database import Database

# A dispute names no customer, but the mirror knows whose it is. Of events that arrived together the subscription's own.
BEHIND = """
    SELECT e.id
    FROM (SELECT id, customer_id FROM subscription UNION ALL SELECT id, customer_id FROM purchase) AS s
    JOIN stripe_event AS e
      ON e.customer_id = s.customer_id OR e.object_id IN (SELECT id FROM dispute WHERE customer_id = s.customer_id)
    WHERE s.id = :bought_id AND e.received_at <= :until
    ORDER BY e.received_at DESC, e.object_id IS NOT DISTINCT FROM s.id DESC, e.created_at DESC, e.id DESC
    LIMIT 1
"""


async def find_event_behind(database: Database, bought_id: str, until: datetime) -> StripeEvent | None:
    """The event by which a change recorded at `until` came about: the last of the customer's to arrive before it.

    None when `bought_id` is no subscription or purchase of ours, or no event of its customer was stored.
    """
    parameters = {"bought_id": bought_id, "until": until}
    rows = await database.fetch(BEHIND, parameters)
    return await find_event(database, rows[0].id) if rows else None

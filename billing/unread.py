"""Events stored without being read (`billing/intake.py`), until a worker syncs the customer they are about."""

import orjson
from sqlalchemy import text

from billing.facts import facts_of
from billing.links import record_facts
from billing.unlinked import nudge_unlinked
from storage.database import Database

AT_ONCE = 500
"""Events read by one statement; a worker that was away may find any number."""

TAKE = text(
    "WITH taken AS (DELETE FROM stripe_unread WHERE (customer_id, event_id) IN"
    " (SELECT customer_id, event_id FROM stripe_unread WHERE customer_id = :customer_id"
    " ORDER BY event_id LIMIT :limit FOR UPDATE) RETURNING event_id)"
    " SELECT body FROM taken JOIN stripe_event ON stripe_event.id = taken.event_id"
)


async def read_unread(database: Database, customer_id: str, member_key: str) -> None:
    """Records what the customer's unread events prove. To be done before Stripe is asked about the customer."""
    found = AT_ONCE
    while found == AT_ONCE:
        async with database.transaction() as connection:
            taken = await connection.execute(TAKE, {"customer_id": customer_id, "limit": AT_ONCE})
            bodies = taken.scalars().all()
            if await record_facts(connection, [facts_of(orjson.loads(body), member_key) for body in bodies]):
                await nudge_unlinked(connection)
        found = len(bodies)

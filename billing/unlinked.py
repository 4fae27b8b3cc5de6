"""Objects seen in events whose customer is not known yet: kept, and tried again when a link arrives, and in between.

Two transactions that each bring half of the way do not see each other; the retry that follows sees both.
"""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.queue import wake
from billing.state import Kind, Node

MOST_ATTEMPTS = 12
"""More than an hour of them; then it is shown as a dead letter, and still tried each hour."""

KEEP = text(
    "INSERT INTO stripe_unlinked (id, kind) SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:kinds AS text[]))"
    " ON CONFLICT (id) DO UPDATE SET retry_at = now()"
)
NUDGE = text(
    "WITH RECURSIVE way (start, kind, id) AS ("
    " SELECT id, kind, id FROM stripe_unlinked WHERE retry_at > now()"
    " UNION SELECT way.start, link.parent_kind, link.parent_id FROM way JOIN stripe_link AS link"
    " ON link.child_id = way.id AND link.child_kind = way.kind)"
    " UPDATE stripe_unlinked SET retry_at = now() WHERE id IN (SELECT id FROM stripe_unlinked"
    " WHERE id IN (SELECT start FROM way WHERE kind = 'customer') ORDER BY id FOR UPDATE) RETURNING id"
)
CLAIM = text(
    "UPDATE stripe_unlinked SET attempts = attempts + 1,"
    " retry_at = now() + make_interval(secs => LEAST(3600, power(2, LEAST(attempts, 12))))"
    " WHERE id = (SELECT id FROM stripe_unlinked WHERE retry_at <= now() ORDER BY retry_at LIMIT 1"
    " FOR UPDATE SKIP LOCKED) RETURNING id, kind"
)
FORGET = text("DELETE FROM stripe_unlinked WHERE id = :id")


async def keep_unlinked(connection: AsyncConnection, nodes: Collection[Node]) -> None:
    """To be tried at once, and again until a way to a customer is found. In one order, against deadlocks."""
    if nodes:
        ordered = sorted(nodes)
        columns = {"ids": [node.id for node in ordered], "kinds": [node.kind.value for node in ordered]}
        await connection.execute(KEEP, columns)
        await wake(connection)


async def nudge_unlinked(connection: AsyncConnection) -> None:
    """A link has arrived: whatever it leads to a customer is due now."""
    if (await connection.execute(NUDGE)).first() is not None:
        await wake(connection)


async def claim_unlinked(connection: AsyncConnection) -> Node | None:
    """One that is due, put off until its next try; None when none is due."""
    row = (await connection.execute(CLAIM)).first()
    return Node(Kind(row.kind), row.id) if row else None


async def forget_unlinked(connection: AsyncConnection, node: Node) -> None:
    """Its customers are known now."""
    await connection.execute(FORGET, {"id": node.id})

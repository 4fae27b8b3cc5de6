"""Reading the mirror: a member's subscription, and all subscriptions for operators."""

from collections.abc import Collection, Sequence

from billing.mirror import subscription_in
from billing.state import ENDED, Subscription
from storage.database import Database
from storage.rows import Row

__all__ = [
    "Subscription",
    "find_subscription_of",
    "find_subscriptions_of",
    "list_subscriptions",
    "list_subscriptions_of",
]

OF_MEMBERS = (
    "SELECT sync.member_id, subscription.content FROM customer_sync AS sync"
    " JOIN subscription USING (customer_id) WHERE sync.member_id = ANY(:member_ids)"
)
LIST = (
    "SELECT content FROM subscription WHERE (CAST(:status AS text) IS NULL OR status = :status)"
    " AND (CAST(:after AS text) IS NULL OR (created_at, id) <"
    " (SELECT created_at, id FROM subscription WHERE id = :after))"
    " ORDER BY created_at DESC, id DESC LIMIT :limit"
)
COUNT = "SELECT count(*) AS total FROM subscription WHERE CAST(:status AS text) IS NULL OR status = :status"
BY_ID = "SELECT content FROM subscription WHERE id = :id"


async def find_subscription_of(database: Database, member_id: str) -> Subscription | None:
    """The subscription to show a member: one that has not ended before one that has, then the latest begun."""
    return (await find_subscriptions_of(database, [member_id])).get(member_id)


async def find_subscriptions_of(database: Database, member_ids: Collection[str]) -> dict[str, Subscription]:
    """`find_subscription_of` for many members in one statement; those without one are left out."""
    best: dict[str, Subscription] = {}
    for row in await database.fetch(OF_MEMBERS, {"member_ids": list(member_ids)}):
        subscription = _subscription(row)
        if row.member_id not in best or _order(subscription) > _order(best[row.member_id]):
            best[row.member_id] = subscription
    return best


async def list_subscriptions_of(database: Database, member_id: str) -> Sequence[Subscription]:
    """All that were ever mirrored of the member, in every status."""
    return [_subscription(row) for row in await database.fetch(OF_MEMBERS, {"member_ids": [member_id]})]


async def find_subscription(database: Database, subscription_id: str) -> Subscription | None:
    rows = await database.fetch(BY_ID, {"id": subscription_id})
    return _subscription(rows[0]) if rows else None


async def list_subscriptions(
    database: Database, *, status: str | None = None, after: str | None = None, limit: int
) -> Sequence[Subscription]:
    """At most `limit` subscriptions, the latest begun first, those after the id `after`; ask for one more to learn
    whether more exist."""
    parameters = {"status": status, "after": after, "limit": limit}
    return [_subscription(row) for row in await database.fetch(LIST, parameters)]


async def count_subscriptions(database: Database, *, status: str | None = None) -> int:
    """How many are mirrored, in any status unless one is named."""
    [row] = await database.fetch(COUNT, {"status": status})
    return row.total


def _subscription(row: Row) -> Subscription:
    return subscription_in(row.content)


def _order(subscription: Subscription) -> tuple[object, ...]:
    return (subscription.status not in ENDED, subscription.created_at, subscription.id)

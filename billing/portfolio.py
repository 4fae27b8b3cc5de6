"""All that we hold of many customers, in a few statements: to reconcile, and to see what a catalogue changes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.access import holdings_of, in_order
from billing.bought_rows import list_purchases
from billing.dunning import InvoiceFact
from billing.facts import claims_of_subscription, member_for
from billing.links import list_claims_of, list_invoice_facts, list_pauses
from billing.mirror import subscription_in
from billing.model import Catalogue
from billing.state import Claim, Dispute, PauseFact, Purchase, Subscription
from gating.model import Grant, Holdings, LevelGrant, LimitGrant, Source

KNOWN = text("SELECT customer_id FROM customer_sync WHERE customer_id > :after ORDER BY customer_id LIMIT :limit")
QUEUE = text(
    "SELECT customer_id, member_id, dirty, dirty > clean OR lease_until > now() AS busy FROM customer_sync"
    " WHERE customer_id = ANY(:ids)"
)
MIRROR = text("SELECT customer_id, content FROM subscription WHERE customer_id = ANY(:ids) ORDER BY id")
DISPUTES = text(
    "SELECT id, customer_id, status, created_at, charge_id, payment_intent_id, subscription_id FROM dispute"
    " WHERE customer_id = ANY(:ids) ORDER BY id"
)
GRANTS = text(
    "SELECT owner, member_id, feature, source, source_id, plan, starts_at, ends_at FROM entitlement_grant"
    " WHERE owner = ANY(:owners)"
)
LIMITS = text(
    "SELECT owner, member_id, name, value, source, source_id, starts_at, ends_at FROM limit_grant"
    " WHERE owner = ANY(:owners)"
)


LEVELS = text(
    "SELECT owner, member_id, name, value, source, source_id, starts_at, ends_at FROM level_grant"
    " WHERE owner = ANY(:owners)"
)
COUNTRIES = text(
    "SELECT owner, member_id, country FROM entitlement_country WHERE owner = ANY(:owners) ORDER BY country"
)
NOTHING = Holdings()


@dataclass(frozen=True, slots=True)
class Customer:
    """What is stored of a customer. `busy`: a sync is due or runs, so that differences mean nothing.

    `recorded` is what it gives now, and `holder` to whom; `claims` and the mirror say to whom it should.
    """

    id: str
    member_id: str | None
    dirty: int
    busy: bool
    mirror: tuple[Subscription, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    pauses: tuple[PauseFact, ...] = ()
    claims: tuple[Claim, ...] = ()
    invoices: tuple[InvoiceFact, ...] = ()
    recorded: Holdings = NOTHING
    holders: frozenset[str] = frozenset()
    purchases: tuple[Purchase, ...] = ()

    def due(self, catalogue: Catalogue, mirror: Collection[Subscription] | None = None) -> Holdings:
        """What it should give by this catalogue, by this mirror instead of the stored one if there is another."""
        held = self.mirror if mirror is None else mirror
        return holdings_of(held, self.disputes, self.pauses, catalogue, self.invoices, self.purchases)

    def rightful_member(self, member_key: str, mirror: Collection[Subscription] | None = None) -> str | None:
        """The member that should hold it."""
        held = self.mirror if mirror is None else mirror
        carried = [claim for each in held for claim in claims_of_subscription(each, member_key)]
        return member_for([*self.claims, *carried])


def owner_of(customer_id: str) -> str:
    """In whose name a customer's grants are recorded."""
    return f"stripe:{customer_id}"


async def list_known_customers(connection: AsyncConnection, *, after: str, limit: int) -> Sequence[str]:
    """Ids in order, those after `after`."""
    return (await connection.execute(KNOWN, {"after": after, "limit": limit})).scalars().all()


async def get_customers(connection: AsyncConnection, customer_ids: Collection[str]) -> dict[str, Customer]:
    """By id, also those of whom nothing is known. One moment's view only in a REPEATABLE READ transaction."""
    ids = {"ids": list(customer_ids)}
    queue = {row.customer_id: row for row in await connection.execute(QUEUE, ids)}
    mirror = _grouped(await connection.execute(MIRROR, ids), "customer_id")
    disputes = _grouped(await connection.execute(DISPUTES, ids), "customer_id")
    owners = {"owners": [owner_of(id) for id in customer_ids]}
    grants = _grouped(await connection.execute(GRANTS, owners), "owner")
    limits = _grouped(await connection.execute(LIMITS, owners), "owner")
    levels = _grouped(await connection.execute(LEVELS, owners), "owner")
    places = _grouped(await connection.execute(COUNTRIES, owners), "owner")
    subscriptions = {id: tuple(subscription_in(row.content) for row in rows) for id, rows in mirror.items()}
    subscription_ids = [each.id for every in subscriptions.values() for each in every]
    pauses = await list_pauses(connection, subscription_ids)
    invoices = await list_invoice_facts(connection, subscription_ids)
    claims = await list_claims_of(connection, customer_ids)
    purchases = await list_purchases(connection, customer_ids)
    found: dict[str, Customer] = {}
    for id in customer_ids:
        row, own = queue.get(id), subscriptions.get(id, ())
        held, capped, ranked, placed = (each.get(owner_of(id), []) for each in (grants, limits, levels, places))
        recorded = Holdings(
            tuple(map(_grant, held)),
            tuple(map(_limit, capped)),
            tuple(map(_level, ranked)),
            countries=tuple(row.country for row in placed),
        )
        found[id] = Customer(
            id,
            row.member_id if row else None,
            row.dirty if row else 0,
            bool(row and row.busy),
            own,
            tuple(_dispute(each) for each in disputes.get(id, [])),
            tuple(pause for pause in pauses if any(pause.subscription_id == each.id for each in own)),
            tuple(claims.get(id, ())),
            tuple(fact for fact in invoices if any(fact.subscription_id == each.id for each in own)),
            in_order(recorded),
            frozenset(each.member_id for each in (*held, *capped, *ranked, *placed)),
            tuple(purchases.get(id, ())),
        )
    return found


def _grouped(rows: Any, key: str) -> dict[str, list[Row[Any]]]:
    grouped: dict[str, list[Row[Any]]] = {}
    for row in rows:
        grouped.setdefault(getattr(row, key), []).append(row)
    return grouped


def _dispute(row: Row[Any]) -> Dispute:
    return Dispute(row.id, row.status, row.created_at, row.charge_id, row.payment_intent_id, row.subscription_id)


def _grant(row: Row[Any]) -> Grant:
    return Grant(row.feature, Source(row.source), row.source_id, row.plan, row.starts_at, row.ends_at)


def _limit(row: Row[Any]) -> LimitGrant:
    return LimitGrant(row.name, row.value, Source(row.source), row.source_id, row.starts_at, row.ends_at)


def _level(row: Row[Any]) -> LevelGrant:
    return LevelGrant(row.name, row.value, Source(row.source), row.source_id, row.starts_at, row.ends_at)

"""`sync_customer`: makes what we hold of a Stripe customer equal what Stripe says, and grants what follows from it.

Note how dirty, fetch, then save all of it in one transaction that begins by checking the fencing token.
"""

import asyncio
import traceback
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.access import effect_of, holdings_of
from billing.bought_rows import list_purchase_ids, list_purchases, save_purchases
from billing.facts import claims_of_subscription, member_for, paused_until
from billing.links import (
    customers_on,
    find_ways_up,
    list_claims,
    list_dispute_ids,
    list_invoice_facts,
    list_pauses,
    record_links,
    record_pauses,
    subscription_on,
)
from billing.mirror import save_disputes, save_subscriptions
from billing.model import Catalogue, DisputeEffect, PauseEffect
from billing.ports import StripeGateway
from billing.queue import LEASE_SECONDS, Claimed, claim_customer, complete, fail, mark_dirty, renew
from billing.settle import schedule_recheck
from billing.state import Dispute, Kind, Node, PauseFact, Purchase, Subscription
from billing.unlinked import forget_unlinked
from billing.unread import read_unread
from billing.versions import find_fingerprint, fingerprint_of
from clock import Clock
from errors import Unavailable
from gating.model import Holdings
from gating.record import record_grants
from identity.members import ensure_member
from storage.database import Database

SET_MEMBER = text("UPDATE customer_sync SET member_id = :member_id WHERE customer_id = :customer_id")
WAIT_SECONDS = 0.05
FROM_THE_TOP = (
    *(Kind.CUSTOMER, Kind.SUBSCRIPTION, Kind.INVOICE, Kind.PURCHASE),
    *(Kind.CHARGE, Kind.PAYMENT_INTENT, Kind.PAYMENT_METHOD, Kind.DISPUTE),
)
"""The fewest steps from a customer first: a charge names its customer, a dispute only its charge."""


@dataclass(frozen=True, slots=True)
class Syncing:
    """What a sync works with. `member_key` is the metadata key that names the member.

    `spacing_seconds`: the least time between the beginnings of two syncs of a customer by workers, so that a burst
    costs two fetches.
    """

    database: Database
    stripe: StripeGateway
    catalogue: Catalogue
    clock: Clock
    member_key: str
    lease_seconds: float = LEASE_SECONDS
    spacing_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """What Stripe said about one customer, all of it later than the claim."""

    subscriptions: tuple[Subscription, ...]
    disputes: tuple[Dispute, ...]
    purchases: tuple[Purchase, ...] = ()
    pauses: tuple[PauseFact, ...] = ()


async def sync_customer(
    customer_id: str,
    *,
    database: Database,
    stripe: StripeGateway,
    catalogue: Catalogue,
    clock: Clock,
    member_key: str,
) -> None:
    """Syncs now, whether or not a signal came; waits for a worker that has the customer. Idempotent.

    Raises Unavailable when Stripe or the database does not answer; the customer is then left due for a worker.
    """
    async with database.transaction() as connection:
        await mark_dirty(connection, [customer_id])
        claimed = await claim_customer(connection, customer_id)
    while claimed is None:
        await asyncio.sleep(WAIT_SECONDS)
        async with database.transaction() as connection:
            claimed = await claim_customer(connection, customer_id)
    await sync_claimed(claimed, Syncing(database, stripe, catalogue, clock, member_key))


async def sync_claimed(claimed: Claimed, syncing: Syncing) -> None:
    """Fetches and saves. On any failure the customer stays dirty and is due again after a backoff.

    Raises Unavailable, or queue.Fenced when the lease was lost to another worker, which then does the work.
    """
    try:
        async with _renewed(claimed, syncing):
            fetched = await fetch_customer(claimed.customer_id, syncing)
        await save_customer(claimed, fetched, syncing)
    except Exception as fault:
        # A database that is gone cannot be told: the lease then ends by itself, as it does when we are killed.
        with suppress(Unavailable):
            async with syncing.database.transaction() as connection:
                await fail(connection, claimed, reason_of(fault), our_fault=not isinstance(fault, Unavailable))
        raise


def reason_of(fault: Exception) -> str:
    """Words for an operator: ours, or the kind of fault and its place; never its text, which may quote anything."""
    if isinstance(fault, Unavailable):
        return fault.message
    last = traceback.extract_tb(fault.__traceback__)[-1:]
    return type(fault).__name__ + "".join(f" in {Path(frame.filename).name}:{frame.lineno}" for frame in last)


async def fetch_customer(customer_id: str, syncing: Syncing) -> Fetched:
    """The customer's subscriptions, and the disputes and purchases known to lead to it, as Stripe has them now.

    Raises Unavailable.
    """
    await read_unread(syncing.database, customer_id, syncing.member_key)
    async with syncing.database.transaction() as connection:
        dispute_ids = await list_dispute_ids(connection, customer_id)
        purchase_ids = await list_purchase_ids(connection, customer_id)
        known = (await list_purchases(connection, [customer_id])).get(customer_id, [])
    subscriptions = await syncing.stripe.fetch_subscriptions(customer_id)
    found = [await syncing.stripe.fetch_dispute(dispute_id) for dispute_id in dispute_ids]
    disputes = tuple(dispute for dispute in found if dispute)
    for dispute in disputes:
        if effect_of(dispute, syncing.catalogue.access) is DisputeEffect.SUSPEND_SUBSCRIPTION:
            await fetch_way_up(Node(Kind.DISPUTE, dispute.id), Kind.SUBSCRIPTION, syncing)
    purchases = await _fetch_purchases(customer_id, purchase_ids, known, syncing.stripe)
    return Fetched(tuple(subscriptions), disputes, purchases, await _fetch_pauses(subscriptions, syncing))


async def _fetch_pauses(subscriptions: Collection[Subscription], syncing: Syncing) -> tuple[PauseFact, ...]:
    """Of pauses that no event has dated so far: the event may be lost, and whoever has paid must not wait for it."""
    effects = syncing.catalogue.access.paused_collection
    ids = [each.id for each in subscriptions if effects.get(each.pause_behavior or "") is PauseEffect.UNTIL_PERIOD_END]
    if not ids:
        return ()
    async with syncing.database.transaction() as connection:
        known = await list_pauses(connection, ids)
    now = syncing.clock.now()
    found = [await syncing.stripe.fetch_pause(id, now) for id in ids if paused_until(id, known) is None]
    return tuple(fact for fact in found if fact)


async def _fetch_purchases(
    customer_id: str, ids: Collection[str], known: Collection[Purchase], stripe: StripeGateway
) -> tuple[Purchase, ...]:
    """What was bought never changes, so it is asked for once; only whether the money was given back is asked again."""
    if not ids:
        return ()
    stored = {each.id: each for each in known}
    every = [stored.get(id) or await stripe.fetch_purchase(id) for id in ids]
    refunded = await stripe.fetch_refunded_charges(customer_id)
    return tuple(replace(each, refunded=each.charge_id in refunded) for each in every if each)


async def fetch_way_up(start: Node, goal: Kind, syncing: Syncing) -> frozenset[Node]:
    """Everything `start` came from; where what we know does not reach a `goal`, Stripe is asked step by step.

    What Stripe says is kept, so it is asked once. Raises Unavailable.
    """
    asked: set[Node] = set()
    while True:
        async with syncing.database.transaction() as connection:
            way = (await find_ways_up(connection, [start]))[start.id]
        unasked = way - asked
        if not unasked or any(node.kind is goal for node in way):
            return way
        highest = min(unasked, key=lambda node: (FROM_THE_TOP.index(node.kind), node.id))
        links = await syncing.stripe.fetch_links(highest)
        asked.add(highest)
        async with syncing.database.transaction() as connection:
            await record_links(connection, links)


async def resolve_unlinked(node: Node, syncing: Syncing) -> bool:
    """Finds the customers behind `node`, asking Stripe where need be, and marks them; True when found.

    Raises Unavailable; the node is then tried again later.
    """
    customer_ids = customers_on(await fetch_way_up(node, Kind.CUSTOMER, syncing))
    if customer_ids:
        async with syncing.database.transaction() as connection:
            # In the order of an event's arrival, which may keep the same node and mark the same customer: no deadlock.
            await forget_unlinked(connection, node)
            await mark_dirty(connection, customer_ids)
    return bool(customer_ids)


async def save_customer(claimed: Claimed, fetched: Fetched, syncing: Syncing) -> None:
    """Mirror, log, grants and place in the queue, in one transaction. Raises Fenced, having saved nothing."""
    now = syncing.clock.now()
    async with syncing.database.transaction() as connection:
        await _require_applied(connection, syncing.catalogue)
        former = await complete(connection, claimed)
        mirror = await save_subscriptions(connection, claimed.customer_id, fetched.subscriptions, now)
        disputes = await _led(connection, fetched.disputes)
        await save_disputes(connection, claimed.customer_id, disputes)
        await save_purchases(connection, claimed.customer_id, fetched.purchases)
        await record_pauses(connection, fetched.pauses)
        pauses = await list_pauses(connection, [subscription.id for subscription in mirror])
        claims = await list_claims(connection, claimed.customer_id)
        carried = [claim for each in mirror for claim in claims_of_subscription(each, syncing.member_key)]
        invoices = await list_invoice_facts(connection, [subscription.id for subscription in mirror])
        holdings = holdings_of(mirror, disputes, pauses, syncing.catalogue, invoices, fetched.purchases)
        member_id = member_for([*claims, *carried])
        await _grant(connection, claimed.customer_id, former, member_id, holdings, now)
        await schedule_recheck(connection, claimed.customer_id, mirror, now)


async def _require_applied(connection: AsyncConnection, catalogue: Catalogue) -> None:
    """Raises Unavailable when another catalogue was applied than this process has: it would undo what that changed."""
    applied = await find_fingerprint(connection)
    if applied is not None and applied != fingerprint_of(catalogue):
        raise Unavailable(
            "Another catalogue was applied than this process has: restart it with that file, or apply this one"
            " (`gatehouse catalog apply`)."
        )


async def _led(connection: AsyncConnection, disputes: Collection[Dispute]) -> list[Dispute]:
    """The disputes with the subscriptions that their charges were for, as far as the links known lead."""
    ways = await find_ways_up(connection, [Node(Kind.DISPUTE, dispute.id) for dispute in disputes])
    return [replace(dispute, subscription_id=subscription_on(ways[dispute.id])) for dispute in disputes]


async def _grant(
    connection: AsyncConnection,
    customer_id: str,
    former: str | None,
    member_id: str | None,
    holdings: Holdings,
    now: datetime,
) -> None:
    """Gives the customer's holdings to its member, and takes them from the one that it was linked to before."""
    if member_id != former:
        if member_id is not None:
            await ensure_member(connection, member_id)
        await connection.execute(SET_MEMBER, {"customer_id": customer_id, "member_id": member_id})
    holder, held = (member_id, holdings) if member_id is not None else (former, Holdings())
    if holder is not None:
        await record_grants(
            connection,
            holder,
            owner=f"stripe:{customer_id}",
            grants=held.grants,
            limits=held.limits,
            levels=held.levels,
            countries=held.countries,
            cause=f"sync of {customer_id}",
            now=now,
        )


@asynccontextmanager
async def _renewed(claimed: Claimed, syncing: Syncing) -> AsyncGenerator[None]:
    """Renews the lease while the body runs, however long Stripe takes."""
    renewing = asyncio.create_task(_renew(claimed, syncing))
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)


async def _renew(claimed: Claimed, syncing: Syncing) -> None:
    while True:
        await asyncio.sleep(syncing.lease_seconds / 3)
        # A renewal missed is no harm: should another worker claim the customer, the token refuses our save.
        with suppress(Unavailable):
            async with syncing.database.transaction() as connection:
                await renew(connection, claimed, lease_seconds=syncing.lease_seconds)

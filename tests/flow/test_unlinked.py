"""Disputes whose customer is not known yet: found with few questions, while others are busy, and in nobody's way."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from billing.catalogue import load_catalogue
from billing.links import record_links
from billing.memory import StripeInMemory
from billing.queue import mark_dirty
from billing.state import Kind, Link, Node
from billing.sync import Syncing, resolve_unlinked
from billing.unlinked import claim_unlinked, keep_unlinked, nudge_unlinked
from storage.database import Database
from tests.clock import FixedClock
from webhooks.worker import Worker

DISPUTE, CHARGE, CUSTOMER = Node(Kind.DISPUTE, "du_1"), Node(Kind.CHARGE, "ch_1"), Node(Kind.CUSTOMER, "cus_1")
OBJECTS = [
    {"id": "du_1", "object": "dispute", "charge": "ch_1", "payment_intent": "pi_1"},
    {"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "customer": "cus_1"},
    {"id": "pi_1", "object": "payment_intent", "customer": "cus_1"},
]
LOCKED = (
    "SELECT count(*) AS waiting FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


class Asked(StripeInMemory):
    """Notes of what it was asked where it came from."""

    def __init__(self) -> None:
        super().__init__(OBJECTS)
        self.asked: list[Node] = []

    async def fetch_links(self, node: Node) -> Sequence[Link]:
        self.asked.append(node)
        return await super().fetch_links(node)


@pytest.fixture
def stripe() -> Asked:
    return Asked()


@pytest.fixture
def syncing(database: Database, stripe: Asked) -> Syncing:
    return Syncing(database, stripe, load_catalogue(Path("catalogue.yaml")), FixedClock(), "member_id")


async def keep(database: Database, *links: Link) -> None:
    async with database.transaction() as connection:
        await record_links(connection, links)
        await keep_unlinked(connection, [DISPUTE])


async def test_one_question_suffices_where_the_charge_is_known(
    database: Database, syncing: Syncing, stripe: Asked
) -> None:
    await keep(database, Link(DISPUTE, CHARGE), Link(DISPUTE, Node(Kind.PAYMENT_INTENT, "pi_1")))
    assert await resolve_unlinked(DISPUTE, syncing)
    assert stripe.asked == [CHARGE]


async def test_customers_that_are_always_due_leave_room(database: Database, syncing: Syncing) -> None:
    """Each sync gives the next signal: the worker never comes to an end of the customers."""
    await keep(database)
    async with database.transaction() as connection:
        await mark_dirty(connection, ["cus_2", "cus_3"])

    async def signals_again(claimed: object, syncing: Syncing) -> None:
        async with database.transaction() as connection:
            await connection.execute(text("UPDATE customer_sync SET lease_until = NULL"))

    stop = asyncio.Event()
    working = asyncio.create_task(Worker(syncing, concurrency=1, sync=signals_again).run(stop))
    async with asyncio.timeout(10):
        while not await database.fetch("SELECT FROM customer_sync WHERE customer_id = 'cus_1'"):  # noqa: ASYNC110 - the queue is the database's
            await asyncio.sleep(0.01)
    stop.set()
    await working


async def test_an_event_of_the_same_dispute_does_not_deadlock(database: Database, syncing: Syncing) -> None:
    """The event keeps the dispute, then marks the customer; meanwhile the worker has found it out."""
    await keep(database)
    async with database.transaction() as connection:
        await mark_dirty(connection, [CUSTOMER.id])
    async with database.transaction() as connection:
        await keep_unlinked(connection, [DISPUTE])
        resolving = asyncio.create_task(resolve_unlinked(DISPUTE, syncing))
        async with asyncio.timeout(10):
            while not (await database.fetch(LOCKED))[0].waiting:  # noqa: ASYNC110 - the lock is the database's
                await asyncio.sleep(0.01)
        await mark_dirty(connection, [CUSTOMER.id])
    assert await resolving
    assert await database.fetch("SELECT FROM stripe_unlinked") == []


async def test_a_link_wakes_only_what_it_leads_to_a_customer(database: Database) -> None:
    await keep(database, Link(DISPUTE, CHARGE))
    async with database.transaction() as connection:
        assert await claim_unlinked(connection) == DISPUTE
    for links, due in (([Link(CHARGE, Node(Kind.INVOICE, "in_1"))], None), ([Link(CHARGE, CUSTOMER)], DISPUTE)):
        async with database.transaction() as connection:
            assert await record_links(connection, links)
            await nudge_unlinked(connection)
        async with database.transaction() as connection:
            assert await claim_unlinked(connection) == due

"""The short way in leaves in the tables what the long way leaves, and the two do not get in each other's way."""

import asyncio
import random
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime

import orjson
import pytest
from sqlalchemy import text

from bench.events import delivery
from billing.dunning import InvoiceFact, InvoiceStep
from billing.events import Arrival, StripeEvent, record_events
from billing.facts import Facts, facts_of
from billing.intake import is_plain, take_in
from billing.queue import CHANNEL
from billing.state import Claim, Kind, Link, Node, PauseFact, PauseStep
from errors import Unavailable
from storage.database import Database, connect
from tests.parts import SessionParts
from webhooks.handlers import HANDLERS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TABLES = {
    "stripe_event": "*",
    "stripe_link": "*",
    "stripe_invoice_fact": "*",
    "customer_sync": "customer_id, dirty, clean, faults, dead_at IS NULL AS alive",
    "stripe_unlinked": "id, kind, attempts, retry_at <= now() AS due",
}


def arrival(
    number: int,
    links: Sequence[tuple[Node, Node]] = (),
    customers: Sequence[str] = (),
    invoices: Sequence[InvoiceFact] = (),
) -> Arrival:
    name = customers[0] if customers else None
    event = StripeEvent(f"evt_{number}", "invoice.paid", NOW, NOW, False, f"in_{number}", name)
    facts = Facts(tuple(sorted({Link(child, parent) for child, parent in links})), invoices=tuple(invoices))
    return Arrival(event, '{"é": "\\u0000"}', facts, frozenset(Node(Kind.CUSTOMER, id) for id in customers))


def drawn(chance: random.Random) -> Arrival:
    """Few ids, upper and lower case, so that much is there already and every order of sorting is tried."""
    invoices = [Node(Kind.INVOICE, f"{chance.choice('abXYé')}_{chance.randrange(5)}") for _ in range(3)]
    customers = [f"{chance.choice('cC')}us_{chance.randrange(8)}" for _ in range(chance.randrange(3))]
    links = [(invoice, Node(Kind.CUSTOMER, chance.choice(["cus_1", "Cus_2"]))) for invoice in invoices]
    steps = [chance.choice(list(InvoiceStep)) for _ in range(chance.randrange(3))]
    facts = [InvoiceFact(f"{chance.choice('abXY')}_{chance.randrange(4)}", "sub_1", step, NOW) for step in steps]
    return arrival(chance.randrange(400), links[: chance.randrange(4)], customers, facts)


async def record(database: Database, arrivals: Collection[Arrival]) -> frozenset[str]:
    async with database.transaction() as connection:
        return await record_events(connection, arrivals)


async def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    queries = {name: f"SELECT {columns} FROM {name} ORDER BY 1, 2, 3, 4" for name, columns in TABLES.items()}
    queries["customer_sync"] = queries["customer_sync"].replace(", 4", "")
    return {name: [tuple(row) for row in await database.fetch(query)] for name, query in queries.items()}


async def wait_for_a_link(database: Database) -> None:
    """An object without a customer, to be tried again in a long while."""
    async with database.transaction() as connection:
        insert = "INSERT INTO stripe_unlinked (id, kind, retry_at) VALUES ('dp_1', 'dispute', now() + interval '1 day')"
        await connection.execute(text(insert))


async def give_up(database: Database) -> None:
    """Some of the customers have become dead letters."""
    async with database.transaction() as connection:
        give = "UPDATE customer_sync SET faults = 8, dead_at = now() WHERE customer_id IN ('cus_1', 'Cus_2', 'cus_3')"
        await connection.execute(text(give))


@pytest.fixture
async def other(parts: SessionParts) -> AsyncIterator[Database]:
    """A second database."""
    async with parts.database() as urls:
        handle = connect(urls.app)
        yield handle
        await handle.close()


@pytest.mark.parametrize("seed", range(3))
async def test_both_ways_leave_the_same(database: Database, other: Database, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(25):
        if chance.random() < 0.3:
            for each in (database, other):
                async with each.transaction() as connection:
                    await connection.execute(text("DELETE FROM stripe_unlinked"))
                await wait_for_a_link(each)
                await give_up(each)
        batch = [drawn(chance) for _ in range(chance.randrange(1, 12))]
        assert await take_in(database, batch) == await record(other, batch)
        assert await contents(database) == await contents(other)
    assert all((await contents(database)).values())


async def test_the_workers_are_woken_when_there_is_something_to_do(database: Database) -> None:
    heard = database.listen(CHANNEL)
    assert await anext(heard) is None
    link = (Node(Kind.INVOICE, "in_1"), Node(Kind.CUSTOMER, "cus_1"))
    await take_in(database, [arrival(1)])  # nothing to do
    await take_in(database, [arrival(2, customers=["cus_1"])])
    async with asyncio.timeout(5):
        assert await anext(heard) == ""
    await take_in(database, [arrival(2, customers=["cus_1"])])  # a duplicate
    await wait_for_a_link(database)
    await take_in(database, [arrival(3, [link])])
    async with asyncio.timeout(5):
        assert await anext(heard) == ""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await anext(heard)
    await heard.aclose()


async def test_many_at_once_by_both_ways_do_not_block_each_other_for_good(database: Database, other: Database) -> None:
    again = connect(database.dsn)
    await wait_for_a_link(database)

    async def send(way: int) -> None:
        chance = random.Random(way)
        for _ in range(40):
            batch = [drawn(chance) for _ in range(8)]
            await (record(database, batch) if way % 2 else take_in([database, again][way // 2 % 2], batch))

    async with asyncio.timeout(60):
        await asyncio.gather(*map(send, range(8)))
    await again.close()
    events = (await contents(database))["stripe_event"]
    assert len(events) > 300


async def test_what_proves_more_or_names_no_customer_is_not_plain() -> None:
    paid = InvoiceFact("in_1", "sub_1", InvoiceStep.PAID, NOW)
    assert is_plain(arrival(1, [(Node(Kind.INVOICE, "in_1"), Node(Kind.CUSTOMER, "cus_1"))], ["cus_1"], [paid]))
    event = arrival(1).event
    for facts, signals in (
        (Facts(pauses=(PauseFact("sub_1", PauseStep.PAUSED, NOW, None),)), frozenset[Node]()),
        (Facts(claims=(Claim("cus_1", NOW, NOW, "subscription", "mem_1"),)), frozenset[Node]()),
        (Facts(), frozenset({Node(Kind.INVOICE, "in_1")})),
    ):
        assert not is_plain(Arrival(event, "{}", facts, signals))


def test_a_paid_invoice_the_commonest_of_all_is_plain() -> None:
    """It is what webhooks are raced with."""
    value = orjson.loads(delivery(1, "whsec", NOW)[1])
    signals = HANDLERS.signals_of(value["type"], value["data"]["object"])
    facts = facts_of(value, "member_id")
    assert all((facts.links, facts.invoices, signals))
    assert is_plain(Arrival(arrival(1).event, "{}", facts, signals))


async def test_a_connection_that_died_is_made_anew(database: Database) -> None:
    assert await take_in(database, [arrival(1)]) == {"evt_1"}
    end = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = user"
    )
    async with database.transaction() as connection:
        await connection.execute(end)
    assert await take_in(database, [arrival(1), arrival(2)]) == {"evt_2"}


async def test_without_a_server_it_is_unavailable() -> None:
    nowhere = connect("postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(Unavailable):
        await take_in(nowhere, [arrival(1)])
    await nowhere.close()

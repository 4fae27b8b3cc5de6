"""What the short way in leaves, once it is read, is what the long way leaves; and no signal is lost by being brief."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import pytest
from sqlalchemy import text

from billing.events import Arrival, StripeEvent, record_events
from billing.facts import facts_of
from billing.intake import TAKE_IN, Unread, parameters_of, take_in
from billing.queue import CHANNEL, Claimed, claim_customer, claim_due, complete
from billing.state import Kind, Node
from billing.unread import AT_ONCE, read_unread
from errors import Unavailable
from storage.database import Database, connect
from telemetry import Metrics
from tests.clock import FixedClock
from tests.parts import DatabaseUrls, SessionParts
from webhooks.handlers import HANDLERS
from webhooks.inbox import Inbox
from webhooks.waking import SPACING_SECONDS, TELL, Waking

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FACTS = ("stripe_link", "stripe_pause_fact", "stripe_claim", "stripe_invoice_fact")
TABLES = {
    "stripe_event": "*",
    **dict.fromkeys(FACTS, "*"),
    "customer_sync": "customer_id, dirty > clean AS due, faults, dead_at IS NULL AS alive",
    "stripe_unlinked": "id, kind, attempts, retry_at <= now() AS due",
}


def unread(
    number: int, customer_id: str = "cus_1", type: str = "invoice.paid", name: object = None, **subject: Any
) -> Unread:
    """`name` is its object's, of its kind; another one for each number unless given."""
    kind = "invoice" if type.startswith("invoice") else "subscription"
    whole = {"id": f"{kind}_{name or number}", "object": kind, "customer": customer_id, "é": "\0", **subject}
    body = {"type": type, "created": int(NOW.timestamp()), "data": {"object": whole}}
    return Unread(StripeEvent(f"evt_{number}", type, NOW, NOW, False, whole["id"], customer_id), text_of(body))


def text_of(body: Mapping[str, Any]) -> str:
    return orjson.dumps(body).decode()


def drawn(chance: random.Random) -> Unread:
    """Few ids, upper and lower case, so that much is there already and every order of sorting is tried."""
    customer_id = f"{chance.choice('cC')}us_{chance.randrange(8)}"
    subscription = {"subscription_details": {"subscription": f"{chance.choice('abXY')}_{chance.randrange(4)}"}}
    what: Sequence[dict[str, Any]] = (
        {"parent": subscription},
        {"type": "invoice.payment_failed", "parent": subscription},
        {"type": "invoice.voided", "parent": subscription, "status": "void", "billing_reason": "subscription_cycle"},
        {"type": "customer.subscription.created", "metadata": {"member_id": f"mem_{chance.randrange(3)}"}},
        {"type": "customer.subscription.created", "pause_collection": {"behavior": "void"}},
    )
    return unread(chance.randrange(400), customer_id, name=chance.choice("abXYé"), **chance.choice(what))


async def record(database: Database, arrivals: Collection[Unread]) -> frozenset[str]:
    async with database.transaction() as connection:
        return await record_events(connection, [as_arrival(each) for each in arrivals])


def as_arrival(one: Unread) -> Arrival:
    signals = frozenset({Node(Kind.CUSTOMER, str(one.event.customer_id))})
    return Arrival(one.event, one.body, facts_of(orjson.loads(one.body), "member_id"), signals)


async def read_all(database: Database) -> None:
    for row in await database.fetch("SELECT DISTINCT customer_id FROM stripe_unread"):
        await read_unread(database, row.customer_id, "member_id")


async def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    queries = {name: f"SELECT {columns} FROM {name}" for name, columns in TABLES.items()}
    found = {name: await database.fetch(query) for name, query in queries.items()}
    return {name: sorted((tuple(row) for row in rows), key=repr) for name, rows in found.items()}


async def execute(database: Database, statement: str) -> None:
    async with database.transaction() as connection:
        await connection.execute(text(statement))


WAITING = "INSERT INTO stripe_unlinked (id, kind, retry_at) VALUES ('dp_1', 'dispute', now() + interval '1 day')"
"""An object without a customer, to be tried again in a long while."""

GIVEN_UP = "UPDATE customer_sync SET faults = 8, dead_at = now() WHERE customer_id IN ('cus_1', 'Cus_2', 'cus_3')"


@pytest.fixture
async def other(parts: SessionParts) -> AsyncIterator[Database]:
    """A second database."""
    async with parts.database() as urls:
        handle = connect(urls.app)
        yield handle
        await handle.close()


@pytest.mark.parametrize("seed", range(3))
async def test_both_ways_leave_the_same_once_all_is_read(database: Database, other: Database, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(25):
        if chance.random() < 0.3:
            for each in (database, other):
                for statement in ("DELETE FROM stripe_unlinked", WAITING, GIVEN_UP):
                    await execute(each, statement)
        batch = [drawn(chance) for _ in range(chance.randrange(1, 12))]
        assert await take_in(database, batch) == await record(other, batch)
        if chance.random() < 0.5:
            await read_all(database)
            assert await contents(database) == await contents(other)
    assert all((await contents(other)).values())


async def test_any_number_is_read_once(database: Database) -> None:
    count = 2 * AT_ONCE + 1
    await take_in(database, [unread(number) for number in range(count)])
    await asyncio.gather(*(read_unread(database, "cus_1", "member_id") for _ in range(3)))
    assert await counted(database, "stripe_link") == count
    assert await counted(database, "stripe_unread") == 0
    await execute(database, "DELETE FROM stripe_link")
    await take_in(database, [unread(number) for number in range(count)])  # duplicates
    await read_unread(database, "cus_1", "member_id")
    assert await counted(database, "stripe_link") == 0


async def test_one_customers_events_are_not_read_with_anothers(database: Database) -> None:
    await take_in(database, [unread(1, "cus_1"), unread(2, "cus_2")])
    await read_unread(database, "cus_1", "member_id")
    assert await counted(database, "stripe_link") == await counted(database, "stripe_unread") == 1


async def counted(database: Database, table: str) -> int:
    [row] = await database.fetch(f"SELECT count(*) AS total FROM {table}")
    return row.total


async def dirty(database: Database) -> int:
    [row] = await database.fetch("SELECT dirty FROM customer_sync WHERE customer_id = 'cus_1'")
    return row.dirty


async def claimed(database: Database, lease_seconds: float = 60) -> Claimed:
    async with database.transaction() as connection:
        found = await claim_customer(connection, "cus_1", lease_seconds=lease_seconds)
    assert found
    return found


@pytest.mark.parametrize("lease_seconds", [60, 0], ids=["leased", "the lease has run out"])
async def test_what_comes_after_a_claim_is_one_more_signal(database: Database, lease_seconds: float) -> None:
    """Its holder has noted how dirty the customer was, and may have fetched: by that it must not become clean."""
    await take_in(database, [unread(1)])
    await take_in(database, [unread(2)])
    assert await dirty(database) == 1  # nobody has noted anything yet
    holder = await claimed(database, lease_seconds)
    await take_in(database, [unread(3)])
    async with database.transaction() as connection:
        await complete(connection, holder)
    [row] = await database.fetch("SELECT dirty > clean AS due FROM customer_sync")
    assert row.due


async def test_an_event_that_is_not_counted_keeps_its_customer_from_being_claimed(database: Database) -> None:
    """Whoever claims it next must note, and fetch, when the event is there for all."""
    await take_in(database, [unread(1)])
    slow = await asyncpg.connect(database.dsn)
    async with slow.transaction():
        await slow.fetch(TAKE_IN.sql, *TAKE_IN.arguments(parameters_of([unread(2)])))
        assert await due(database) is None
    assert await due(database) is not None
    await slow.close()


async def due(database: Database) -> Claimed | None:
    async with database.transaction() as connection:
        return await claim_due(connection)


async def test_the_workers_are_woken_by_each_new_event(database: Database) -> None:
    heard = database.listen(CHANNEL)
    assert await anext(heard) is None
    for number in (1, 2):  # the second finds its customer dirty: yet a worker may just have passed it by
        await take_in(database, [unread(number)])
        async with asyncio.timeout(5):
            assert await anext(heard) == ""
    await take_in(database, [unread(2)])  # a duplicate
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await anext(heard)
    await heard.aclose()


async def test_many_at_once_by_both_ways_do_not_block_each_other_for_good(database: Database) -> None:
    again = connect(database.dsn)
    await execute(database, WAITING)

    async def send(way: int) -> None:
        chance = random.Random(way)
        for _ in range(40):
            batch = [drawn(chance) for _ in range(8)]
            if way % 3 == 0:
                await record(database, batch)
            elif way % 3 == 1:
                await take_in([database, again][way // 3 % 2], batch)
            else:
                await read_all(database)

    async with asyncio.timeout(60):
        await asyncio.gather(*map(send, range(9)))
    await again.close()
    assert await counted(database, "stripe_event") > 300


async def test_a_connection_that_died_is_made_anew(database: Database) -> None:
    assert await take_in(database, [unread(1)]) == {"evt_1"}
    await execute(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = user",
    )
    assert await take_in(database, [unread(1), unread(2)]) == {"evt_2"}


async def test_without_a_server_it_is_unavailable() -> None:
    nowhere = connect("postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(Unavailable):
        await take_in(nowhere, [unread(1)])
    await nowhere.close()


async def test_of_a_burst_the_workers_are_told_now_and_then_and_at_its_end(
    database: Database, clock: FixedClock
) -> None:
    heard = database.listen(CHANNEL)
    assert await anext(heard) is None
    inbox = Inbox(database, clock, HANDLERS, Metrics(), member_key="member_id")
    times = 30
    for number in range(times):
        await inbox.accept(as_delivered(number))
    told = 0
    while await hears(heard):
        told += 1
    assert 2 <= told < times
    await heard.aclose()


async def test_under_load_what_is_told_is_told_by_commits_that_store_events(
    database_urls: DatabaseUrls, clock: FixedClock
) -> None:
    log: list[str] = []
    database = connect(database_urls.app, query_logger=log.append)
    heard = database.listen(CHANNEL)
    assert await anext(heard) is None
    inbox = inbox_waiting(0.5, database, clock)
    number, loop = 0, asyncio.get_running_loop()
    until = loop.time() + 1.6
    while loop.time() < until:
        await inbox.accept(as_delivered(number))
        number += 1
    assert TELL.sql not in log
    told = 0
    while await hears(heard):
        told += 1
    assert told >= 3
    await heard.aclose()
    await database.close()


async def test_a_delivery_that_stores_nothing_takes_no_news_with_it(database: Database, clock: FixedClock) -> None:
    heard = database.listen(CHANNEL)
    assert await anext(heard) is None
    inbox = inbox_waiting(0.1, database, clock)
    await inbox.accept(as_delivered(1))
    async with asyncio.timeout(5):
        assert await anext(heard) == ""
    await inbox.accept(as_delivered(2))  # to be told of later
    await asyncio.sleep(SPACING_SECONDS + 0.02)
    await inbox.accept(as_delivered(1))  # while a commit is waited for that could tell of the other
    assert await hears(heard)
    await heard.aclose()


def inbox_waiting(seconds: float, database: Database, clock: FixedClock) -> Inbox:
    """So long for a commit that can tell of those before it."""
    waking = Waking(database, patience_seconds=seconds)
    return Inbox(database, clock, HANDLERS, Metrics(), member_key="member_id", waking=waking)


async def hears(messages: AsyncGenerator[str | None]) -> bool:
    try:
        async with asyncio.timeout(0.5):
            return await anext(messages) == ""
    except TimeoutError:
        return False


def as_delivered(number: int) -> bytes:
    body = {"id": f"evt_{number}", "object": "event", "type": "invoice.paid", "created": 1, "livemode": False}
    return orjson.dumps(body | {"data": {"object": {"id": f"in_{number}", "object": "invoice", "customer": "cus_1"}}})

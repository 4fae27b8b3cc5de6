"""Single reads on connections that are never reset: what they answer, what they refuse, and what breaks under them."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from storage.database import Database, connect
from storage.embedded import postgres
from storage.statements import Statement
from tests.parts import DatabaseUrls
from tests.sessions import require_untouched_sessions

LEFT_BEHIND = {
    "a setting": "SELECT set_config('work_mem', '1MB', false)",
    "an opened wall": "SELECT set_config('gatehouse.features', 'downloads', false)",
    "a lock": "SELECT pg_advisory_lock(1)",
    "a channel": "LISTEN news",
    "a cursor": "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
    "a transaction": "BEGIN",
    "another role": "SET ROLE NONE; SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
}
WRITES = (
    "WITH gone AS (DELETE FROM member RETURNING id) SELECT id FROM gone",
    "WITH new AS (INSERT INTO member (id) VALUES ('mem_1') RETURNING id) SELECT id FROM new",
    "SELECT id FROM member FOR UPDATE",
    "SELECT 1 AS one INTO TEMP t",
)

END = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
  WHERE usename = $1 AND datname = current_database()"""


@pytest.fixture
async def lone(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    """With one connection for all reads."""
    handle = connect(database_urls.app, pool_size=1)
    yield handle
    await handle.close()


async def test_values_come_as_transactions_give_them(lone: Database) -> None:
    query = """SELECT 1 AS number, ARRAY['a'] AS tags, '{"a": [1.5, null]}'::jsonb AS loose, '[1]'::json AS list,
      timestamptz '2026-01-02 03:04:05Z' AS at, CAST(:nothing AS text) AS nothing, :names = ANY(ARRAY['x']) AS found"""
    [row] = await lone.fetch(query, {"nothing": None, "names": "x"})
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert tuple(row) == (1, ["a"], {"a": [1.5, None]}, [1], at, None, True)
    assert (row.number, row["tags"], row[2], row[1:2]) == (1, ["a"], {"a": [1.5, None]}, (["a"],))
    number, *_, found = row
    assert (number, found) == (1, True)
    with pytest.raises(AttributeError, match="no column 'colour'"):
        _ = row.colour


@pytest.mark.parametrize("query", WRITES)
async def test_the_server_refuses_to_write_for_a_read(lone: Database, query: str) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await lone.fetch(query)


async def test_reads_leave_their_session_as_it_was(lone: Database, database_urls: DatabaseUrls) -> None:
    await lone.fetch_walled({"downloads"}, "SELECT content_id FROM content_file", {})
    with pytest.raises(asyncpg.DivisionByZeroError):
        await lone.fetch_walled({"downloads"}, "SELECT 1 / count(*) FROM member WHERE id = :id", {"id": ""})
    for query in WRITES:
        with pytest.raises(asyncpg.PostgresError):
            await lone.fetch(query)
    assert lone.readers.idle == 1
    await require_untouched_sessions(lone, database_urls.app)


@pytest.mark.parametrize("left", LEFT_BEHIND)
async def test_what_a_read_could_leave_behind_would_be_seen(
    lone: Database, database_urls: DatabaseUrls, left: str
) -> None:
    for deed in LEFT_BEHIND[left].split("; "):
        with pytest.raises(ValueError, match=r"one query|outlives"):
            await lone.fetch(deed)
        await lone.readers.fetch(Statement(deed, ()), [])
    with pytest.raises(AssertionError):
        await require_untouched_sessions(lone, database_urls.app)


async def test_more_reads_than_connections_wait_for_their_turn(lone: Database) -> None:
    rows = await asyncio.gather(*(lone.fetch("SELECT CAST(:n AS int)", {"n": n}) for n in range(50)))
    assert [row[0] for [row] in rows] == list(range(50))
    assert lone.readers.idle == 1


async def test_cancelled_reads_disturb_no_other(database_urls: DatabaseUrls) -> None:
    handle, chosen = connect(database_urls.app, pool_size=3), random.Random(4)

    async def read(number: int) -> int:
        [row] = await handle.fetch("SELECT CAST(:n AS int), pg_sleep(:s)", {"n": number, "s": chosen.random() / 200})
        return row[0]

    for _ in range(15):
        tasks = [asyncio.create_task(read(number)) for number in range(12)]
        await asyncio.sleep(chosen.random() / 50)
        for task in chosen.sample(tasks, 6):
            task.cancel()
        for number, answer in enumerate(await asyncio.gather(*tasks, return_exceptions=True)):
            assert answer == number or isinstance(answer, asyncio.CancelledError), answer
    assert await asyncio.gather(*map(read, range(9))) == list(range(9))
    assert handle.readers.idle == 3
    await require_untouched_sessions(handle, database_urls.app)
    await handle.close()


@pytest.mark.parametrize("in_use", [False, True])
async def test_a_connection_that_dies_is_replaced(lone: Database, database_urls: DatabaseUrls, in_use: bool) -> None:
    admin = await asyncpg.connect(database_urls.app.replace(postgres.APP, postgres.SUPERUSER))
    await lone.ping()
    reading = asyncio.create_task(lone.fetch("SELECT 7 AS seven, pg_sleep(0.2)"))
    await asyncio.sleep(0.05 if in_use else 0.5)
    assert await admin.fetchval(END, postgres.APP) == 1
    assert (await reading)[0].seven == 7
    assert (await lone.fetch("SELECT 8 AS eight"))[0].eight == 8
    await admin.close()


async def test_a_refused_statement_costs_no_connection(lone: Database) -> None:
    for _ in range(3):
        with pytest.raises(asyncpg.UndefinedTableError):
            await lone.fetch("SELECT * FROM nowhere")
        with pytest.raises(asyncpg.DataError):
            await lone.fetch("SELECT CAST(:n AS int)", {"n": "three"})
    await lone.ping()
    assert lone.readers.idle == 1

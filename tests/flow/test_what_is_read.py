"""What reaches the database: only columns that are selected and open, and behind the wall only for holders."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from content.browse import DRAFTS, Where, list_content
from content.find import find_content
from content.model import WALLED as WALLED_COLUMNS
from content.model import Author, Entry, columns_of
from gating.model import Access
from identity.model import Principal
from metering.usage import daily_usage_of
from resolvers.context import Context
from storage.database import Database, connect
from tests.clock import FixedClock
from tests.flow.served import FREE, PRO, Served, member, serve
from tests.parts import DatabaseUrls

WALLED = ("content_body", "content_file", "content_stats", "usage_daily")

EVERYTHING = """{ contents(first: 100) { edges { node { __typename id ... on Article { body readCount }
  ... on Download { fileUrl } ... on Course { lessons { edges { node { body } } } } } } }
  me { usageAnalytics { daily { used } } } }"""


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
async def logged(
    database_urls: DatabaseUrls, redis_url: str, clock: FixedClock, log: list[str]
) -> AsyncIterator[Served]:
    database = connect(database_urls.app, query_logger=log.append)
    async with serve(database, redis_url, clock) as running:
        log.clear()
        yield running
    await database.close()


async def test_only_selected_columns_are_read(logged: Served, log: list[str]) -> None:
    await logged.data(
        "{ articles(first: 2) { edges { node { t: title ...Dates } } } } fragment Dates on Content { slug }"
    )
    [listing] = log
    assert "c.id, c.slug, c.title, c.published_at AS key FROM content c" in listing
    log.clear()
    await logged.data("{ articles(first: 2) { edges { node { author { name } } } } }")
    [listing] = log
    assert (
        "c.kind, c.id, a.id AS author_id, a.name AS author_name, c.published_at AS key FROM content c JOIN author a"
        in listing
    )


async def test_denied_fields_leave_no_trace_in_sql(logged: Served, log: list[str]) -> None:
    await logged.ask(EVERYTHING, member(FREE))
    assert log
    assert [query for query in log if any(table in query for table in WALLED)] == []
    log.clear()
    await logged.data(EVERYTHING, member(PRO))
    assert [table for table in WALLED if any(table in query for query in log)] == list(WALLED)


async def test_one_statement_for_each_level(logged: Served, log: list[str]) -> None:
    query = """{ courses(first: 6) { edges { node { author { name } lessons(first: 5) { totalCount edges { node {
      title body course { title } } } } } } } }"""
    await logged.data(query, member(PRO))
    tables = ("JOIN author", "CROSS JOIN LATERAL", "count(*)", "content_body")
    assert [sum(table in query for query in log) for table in tables] == [1, 1, 1, 1]
    assert len([query for query in log if "content" in query]) == 4  # courses, lessons, their numbers, their courses


async def test_the_wall_stands_where_every_gate_is_off(logged: Served) -> None:
    """A resolver that is called although its field is denied still reads nothing."""
    database, none = logged.services.database, frozenset[str]()
    listed = await list_content(database, none, frozenset({"id"}), Where(), replace(DRAFTS, key="c.title"), limit=100)
    ids = [entry.id for _, entry in listed]
    since = logged.services.clock.now().date().replace(day=1)
    assert len(ids) == 100
    for features in (none, frozenset({"archive", "live_updates", "api_access"})):
        for column in WALLED_COLUMNS:
            found = await find_content(database, features, frozenset({column}), ids)
            assert {getattr(entry, column) for entry in found.values()} == {None}
        assert await daily_usage_of(database, features, [PRO], since) == {}
    bodies = await find_content(database, {"content_premium"}, frozenset({"body"}), ids)
    assert {entry.body is None for entry in bodies.values()} == {True, False}
    assert await daily_usage_of(database, {"analytics"}, [PRO], since) != {}
    searched = Where(body_contains="the harbour master", kinds=Where().kinds[:1])
    hidden = await list_content(database, none, frozenset({"id"}), searched, DRAFTS, limit=100)
    seen = await list_content(database, {"content_premium"}, frozenset({"id"}), searched, DRAFTS, limit=100)
    assert (len(hidden), len(seen) > 0) == (0, True)


async def test_records_carry_every_column_of_their_tables(database: Database) -> None:
    query = "SELECT column_name FROM information_schema.columns WHERE table_name = :table"
    for table, record in (("content", Entry), ("author", Author)):
        columns = {row.column_name for row in await database.fetch(query, {"table": table})}
        assert columns - {"kind"} == columns_of(record)


async def test_a_context_forgets_what_it_loaded_when_it_is_refreshed(served: Served) -> None:
    context = Context(member(PRO), served.services, served.contracts["spa"].schema, Access())
    calls: list[list[str]] = []

    async def batch(_context: Context, keys: Sequence[str]) -> Sequence[str]:
        calls.append(list(keys))
        return [key.upper() for key in keys]

    assert await context.load(batch, "a") == await context.load(batch, "a") == "A"
    await context.refresh()
    assert context.access.features >= {"content_premium"}
    assert await context.load(batch, "a") == "A"
    assert calls == [["a"], ["a"]]
    assert context.principal == Principal(member(PRO).kind, PRO)

"""What reaches the database: only columns that are selected and open, and behind the wall only for holders."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import fields, replace

import pytest

from content.browse import DRAFTS, Where, list_content
from content.model import Author, Entry
from content.walled import find_bodies, find_file_urls, find_read_counts
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
    assert "c.id, c.slug, c.title, c.published_at AS cursor_key FROM content c" in listing
    log.clear()
    await logged.data("{ articles(first: 2) { edges { node { author { name } } } } }")
    assert ["c.author_id, c.id, c.published_at" in log[0], "id, name FROM author" in log[1]] == [True, True]
    assert len(log) == 2


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
    tables = ("FROM content c", "FROM author", "row_number", "content_body", "count(*)", "SELECT kind, id, title FROM")
    assert [sum(table in query for query in log) for table in tables] == [1, 1, 1, 1, 1, 1]


async def test_the_wall_stands_where_every_gate_is_off(logged: Served) -> None:
    """A resolver that is called although its field is denied still reads nothing."""
    database, none = logged.services.database, frozenset[str]()
    listed = await list_content(database, none, frozenset({"id"}), Where(), replace(DRAFTS, key="c.title"), limit=100)
    ids = [each.entry.id for each in listed]
    since = logged.services.clock.now().date().replace(day=1)
    assert len(ids) == 100
    for features in (none, frozenset({"archive", "live_updates", "api_access"})):
        assert await find_bodies(database, features, ids) == {}
        assert await find_file_urls(database, features, ids) == {}
        assert await find_read_counts(database, features, ids) == {}
        assert await daily_usage_of(database, features, [PRO], since) == {}
    assert await find_bodies(database, {"content_premium"}, ids) != {}
    assert await daily_usage_of(database, {"analytics"}, [PRO], since) != {}
    searched = Where(body_contains="the harbour master", kinds=Where().kinds[:1])
    hidden = await list_content(database, none, frozenset({"id"}), searched, DRAFTS, limit=100)
    seen = await list_content(database, {"content_premium"}, frozenset({"id"}), searched, DRAFTS, limit=100)
    assert (len(hidden), len(seen) > 0) == (0, True)


async def test_records_carry_every_column_of_their_tables(database: Database) -> None:
    query = "SELECT column_name FROM information_schema.columns WHERE table_name = :table"
    for table, record in (("content", Entry), ("author", Author)):
        columns = {row.column_name for row in await database.fetch(query, {"table": table})}
        assert columns - {"kind"} == {field.name for field in fields(record)}


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

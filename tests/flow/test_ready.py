"""Nested lists written as JSON with no objects of theirs: when they are, and that they tell what the rows would."""

import re
from typing import Any, cast

import orjson
import pytest
from sqlalchemy import text

from content.nested import COLUMNS, LESSONS, list_nested_json
from execution.execute import execute, interpret
from execution.model import Operation
from execution.ready import Ready
from resolvers.context import Context, build_context
from storage.database import Database
from tests.flow.served import FREE, PRO, Served, member

WRITTEN = (
    "{ courses { edges { node { id lessons { edges { node { id title position } } } } } } }",
    "{ courses { edges { node { l: lessons(first: 2) { e: edges { n: node { t: title at: __typename } } } } } } }",
    "{ courses { edges { node { lessons { __typename edges { __typename node { __typename position } } } } } } }",
    "query ($y: Boolean=true) { courses { edges { node { lessons { edges { node { id title @skip(if:$y) } } } } } } }",
    """{ courses { edges { node { lessons { ...A edges { node { teaser } } } } } } }
    fragment A on LessonConnection { edges { node { ... on Node { id } } } }""",
    "{ authors { edges { node { courses(first: 3) { edges { node { slug } } } } } } }",
)
NOT_WRITTEN = (
    "{ courses { edges { node { lessons { edges { cursor node { id } } } } } } }",
    "{ courses { edges { node { lessons { pageInfo { hasNextPage } edges { node { id } } } } } } }",
    "{ courses { edges { node { lessons { edges { node { course { id } } } } } } } }",
    "{ courses { edges { node { lessons { edges { node { a: title b: title } } } } } } }",
    "{ courses { edges { node { lessons { edges { node { __typename } } } } } } }",
    "{ authors { edges { node { courses { edges { node { publishedAt } } } } } } }",
)


@pytest.mark.parametrize("query", [*WRITTEN, *NOT_WRITTEN])
async def test_it_tells_what_the_rows_tell(served: Served, query: str) -> None:
    contract = served.contracts["spa"]
    expected = await interpret(contract, Operation(query), await _context(served, PRO))
    for _ in range(3):  # carefully, then by generated code, written anew for what came
        answer = await execute(contract, Operation(query), await _context(served, PRO))
        assert answer.body() == expected.body()
        assert holds_ready(answer.data) == (query in WRITTEN)
    assert expected.body().count(b"[{") > 1


async def test_what_is_locked_is_null_in_what_is_written(served: Served) -> None:
    query = "{ courses { edges { node { lessons { edges { node { title body } } } } } } }"
    contract = served.contracts["spa"]
    expected = await interpret(contract, Operation(query), await _context(served, FREE))
    answer = await execute(contract, Operation(query), await _context(served, FREE))
    assert answer.body() == expected.body()
    assert holds_ready(answer.data)
    assert not holds_ready((await execute(contract, Operation(query), await _context(served, PRO))).data)


async def test_a_page_within_follows_its_cursor(served: Served) -> None:
    first = await served.data("{ courses { edges { node { id lessons(first: 1) { pageInfo { endCursor } } } } } }")
    page = next(each["node"]["lessons"]["pageInfo"] for each in first["courses"]["edges"] if each["node"]["lessons"])
    after = f'lessons(after: "{page["endCursor"]}")'
    rest = "{ courses { edges { node { %s { edges { node { id } } } } } } }" % after  # noqa: UP031 - full of braces
    contract = served.contracts["spa"]
    expected = await interpret(contract, Operation(rest), await _context(served, PRO))
    answer = await execute(contract, Operation(rest), await _context(served, PRO))
    assert answer.body() == expected.body()
    assert holds_ready(answer.data)


async def test_a_null_is_left_to_the_rows(served: Served) -> None:
    """No column that is ever asked for is null, so one that is stands in for them."""
    database = served.services.database
    [course] = await database.fetch("SELECT id FROM content WHERE kind = 'course' ORDER BY id LIMIT 1")
    pieces, ids = ('"id":', "", ""), [course.id, "crs_none"]

    async def listed(columns: tuple[str, ...]) -> dict[str, str] | None:
        return await list_nested_json(database, LESSONS, columns, pieces, ",", ids, after=None, limit=2)

    found = await listed(("id", "position"))
    assert found is not None
    assert await listed(("id", "open_body")) is None
    assert found["crs_none"] == ""
    assert re.fullmatch(r'"id":"les_\w+"1,"id":"les_\w+"2', found[course.id])


@pytest.mark.parametrize("title", ['"of" \\ two\nlines\t\x7f\u2028', "Zwölf 数 😀", "}},{"])
async def test_any_text_is_written_as_the_rows_tell_it(served: Served, title: str) -> None:
    assert await _ready_with(served, title)


@pytest.mark.parametrize("title", [*"\x01\x02\x1e", "\\u0001", "\\u0000", "a\x011\x1eforged\x01b", "\\u001e"])
async def test_what_marks_the_ends_of_values_ends_none_within_one(served: Served, title: str) -> None:
    assert not await _ready_with(served, title)


async def _ready_with(served: Served, title: str) -> bool:
    """Whether lists are written in which a lesson is called so; the answer is that of the rows in any case."""
    query, contract = WRITTEN[0], served.contracts["spa"]
    async with served.services.database.transaction() as connection:
        statement = "UPDATE content SET title = :title WHERE kind = 'lesson' AND position = 1"
        assert (await connection.execute(text(statement), {"title": title})).rowcount > 0
    expected = await interpret(contract, Operation(query), await _context(served, PRO))
    answer = await execute(contract, Operation(query), await _context(served, PRO))
    assert answer.body() == expected.body()
    assert orjson.dumps(title) in answer.body()
    return holds_ready(answer.data)


async def test_numbers_that_are_written_fit(database: Database) -> None:
    query = """SELECT column_name, data_type, is_nullable FROM information_schema.columns
        WHERE table_name = 'content' AND column_name = ANY(:names)"""
    found = {row.column_name: row for row in await database.fetch(query, {"names": list(COLUMNS)})}
    assert {name: found[name].data_type for name in COLUMNS} == {
        name: "text" if kind is str else "integer" for name, kind in COLUMNS.items()
    }


def holds_ready(data: Any) -> bool:
    """Whether part of the data is JSON already."""
    if isinstance(data, dict):
        data = list(cast("dict[str, Any]", data).values())
    if isinstance(data, list):
        return any(map(holds_ready, cast("list[Any]", data)))
    return isinstance(data, Ready)


async def _context(served: Served, member_id: str) -> Context:
    return await build_context(member(member_id), served.services, served.contracts["spa"].schema)

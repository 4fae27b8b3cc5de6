"""Some shapes whose values are worked out here in plain SQL: both ways to run them could be wrong alike."""

import json
from typing import Any

import orjson
import pytest

from execution.execute import execute, interpret
from execution.model import Operation
from tests.differential.rows import PRO_MEMBER
from tests.differential.world import CALLERS, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

READERS = [caller for caller in CALLERS if caller.name in ("anonymous", "free", "pro", "enterprise")]

ARTICLES = "{ articles(first: 100) { edges { node { id title teaser tags author { id name bio } body } } totalCount } }"
ARTICLES_SQL = """
    SELECT json_build_object('id', c.id, 'title', c.title, 'teaser', c.teaser, 'tags', c.tags,
      'author', json_build_object('id', a.id, 'name', a.name, 'bio', a.bio),
      'body', CASE WHEN 'content_premium' = ANY($1::text[]) AND b.required_feature = ANY($1) THEN b.body END)
    FROM content c JOIN author a ON a.id = c.author_id LEFT JOIN content_body b ON b.content_id = c.id
    WHERE c.kind = 'article' AND c.published_at IS NOT NULL AND c.archived_at IS NULL
    ORDER BY c.published_at DESC, c.id DESC
"""
COURSES = (
    "{ courses { edges { node { slug lessons(first: 3) { totalCount edges { node { id position title body } } } } } } }"
)
COURSES_SQL = """
    SELECT json_build_object('slug', c.slug, 'lessons', json_build_object(
      'totalCount', (SELECT count(*) FROM content l WHERE l.parent_id = c.id AND l.published_at IS NOT NULL),
      'edges', (SELECT coalesce(json_agg(json_build_object('node', lesson) ORDER BY position), '[]') FROM (
        SELECT l.position, json_build_object('id', l.id, 'position', l.position, 'title', l.title, 'body',
          CASE WHEN 'content_premium' = ANY($1::text[]) AND b.required_feature = ANY($1) THEN b.body END) AS lesson
        FROM content l LEFT JOIN content_body b ON b.content_id = l.id
        WHERE l.parent_id = c.id AND l.published_at IS NOT NULL ORDER BY l.position LIMIT 3) AS first)))
    FROM content c WHERE c.kind = 'course' AND c.published_at IS NOT NULL AND c.archived_at IS NULL
    ORDER BY c.published_at DESC, c.id DESC
"""
USAGE = "{ me { id email name usage { meter used } } }"
USAGE_SQL = """
    SELECT json_build_object('id', m.id, 'email', m.email, 'name', m.name, 'usage',
      (SELECT json_object_agg(meter, used) FROM usage_counter WHERE member_id = m.id AND month = '2026-03-01'))
    FROM member m WHERE m.id = $1
"""


async def ask(world: World, caller: Any, query: str) -> Any:
    """The data, which both ways and the generated code agree on."""
    answers = [await world.ask_as(caller)(run, Operation(query)) for run in (interpret, execute, execute)]
    assert len({answer.body() for answer in answers}) == 1
    return orjson.loads(answers[0].body())["data"]


async def in_sql(world: World, query: str, argument: Any) -> list[Any]:
    """Read by the owner with every feature: what the reader may see is in the query itself."""
    every = ",".join(world.services.catalogue.features)
    async with world.owner.transaction():
        await world.owner.execute("SELECT set_config('gatehouse.features', $1, true)", every)
        return [json.loads(row[0]) for row in await world.owner.fetch(query, argument)]


@pytest.mark.parametrize("caller", READERS, ids=lambda caller: caller.name)
async def test_articles_with_their_authors(world: World, caller: Any) -> None:
    expected = await in_sql(world, ARTICLES_SQL, sorted(world.accesses[caller.name].features))
    found = (await ask(world, caller, ARTICLES))["articles"]
    assert [edge["node"] for edge in found["edges"]] == expected
    assert found["totalCount"] == len(expected) > 5
    assert any(article["body"] for article in expected) is (caller.name in ("pro", "enterprise"))


@pytest.mark.parametrize("caller", READERS, ids=lambda caller: caller.name)
async def test_courses_with_their_first_lessons(world: World, caller: Any) -> None:
    expected = await in_sql(world, COURSES_SQL, sorted(world.accesses[caller.name].features))
    found = (await ask(world, caller, COURSES))["courses"]
    assert [edge["node"] for edge in found["edges"]] == expected
    assert any(course["lessons"]["totalCount"] > 3 for course in expected)


async def test_a_members_usage(world: World) -> None:
    [pro] = [caller for caller in READERS if caller.name == "pro"]
    [expected] = await in_sql(world, USAGE_SQL, PRO_MEMBER)
    found = (await ask(world, pro, USAGE))["me"]
    used = {each["meter"]: each["used"] for each in found.pop("usage")}
    assert {meter: amount for meter, amount in used.items() if amount} == expected.pop("usage")
    assert found == expected

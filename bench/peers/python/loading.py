"""What Strawberry's types read: one statement for each kind of parent, in batches by its DataLoader."""

from collections.abc import Awaitable, Callable, Sequence

import asyncpg
from strawberry.dataloader import DataLoader

from bench.peers.python.connection import Pool

ARTICLES = """
    SELECT id, slug, title, teaser, body, published_at, author_id FROM bench.article
    ORDER BY published_at DESC, id DESC LIMIT $1
"""
AUTHORS = "SELECT id, name FROM bench.author ORDER BY name, id LIMIT $1"
MEMBER = "SELECT id, email, plan_id FROM bench.member WHERE id = $1"
USAGE = 'SELECT meter, used, "limit" FROM bench.usage WHERE member_id = $1 ORDER BY meter'

_AUTHORS_OF = "SELECT id, name FROM bench.author WHERE id = ANY($1)"
_PLANS_OF = "SELECT id, name FROM bench.plan WHERE id = ANY($1)"
_COURSES_OF = """
    SELECT c.* FROM unnest($1::text[]) AS parent(id) CROSS JOIN LATERAL (
        SELECT author_id AS parent_id, id, title, published_at FROM bench.course WHERE author_id = parent.id
        ORDER BY published_at DESC, id DESC LIMIT $2) AS c
"""
_LESSONS_OF = """
    SELECT l.* FROM unnest($1::text[]) AS parent(id) CROSS JOIN LATERAL (
        SELECT course_id AS parent_id, id, title, position FROM bench.lesson WHERE course_id = parent.id
        ORDER BY position LIMIT $2) AS l
"""

Row = asyncpg.Record
Rows = list[Row]
Page = tuple[str, int]
"""A parent's id, and how many of its children at most."""


class Loaders:
    """Of one request."""

    def __init__(self, pool: Pool) -> None:
        self.authors: DataLoader[str, Row] = DataLoader(_by_id(pool, _AUTHORS_OF))
        self.plans: DataLoader[str, Row] = DataLoader(_by_id(pool, _PLANS_OF))
        self.courses: DataLoader[Page, Rows] = DataLoader(_by_parent(pool, _COURSES_OF))
        self.lessons: DataLoader[Page, Rows] = DataLoader(_by_parent(pool, _LESSONS_OF))


def _by_id(pool: Pool, statement: str) -> Callable[[list[str]], Awaitable[Sequence[Row]]]:
    async def load(ids: list[str]) -> Sequence[Row]:
        found = {row["id"]: row for row in await pool.fetch(statement, ids)}
        return [found[each] for each in ids]

    return load


def _by_parent(pool: Pool, statement: str) -> Callable[[list[Page]], Awaitable[Sequence[Rows]]]:
    """One statement for all parents that ask for the same page."""

    async def load(pages: list[Page]) -> Sequence[Rows]:
        found: dict[Page, Rows] = {page: [] for page in pages}
        for limit in {limit for _, limit in pages}:
            parents = [parent for parent, its_limit in pages if its_limit == limit]
            for row in await pool.fetch(statement, parents, limit):
                found[row["parent_id"], limit].append(row)
        return [found[page] for page in pages]

    return load

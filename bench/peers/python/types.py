"""The part of Gatehouse's schema that the benchmark asks for, in Strawberry's types."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import strawberry
from strawberry.permission import BasePermission

from bench.peers.python.connection import Pool
from bench.peers.python.identity import Caller
from bench.peers.python.loading import ARTICLES, AUTHORS, MEMBER, USAGE, Loaders


@dataclass
class Context:
    pool: Pool
    caller: Caller
    loaders: Loaders


Info = strawberry.Info[Context, None]
Item = TypeVar("Item")


class HoldsPremium(BasePermission):
    message = "Not included in your plan."
    error_extensions = {"code": "ENTITLEMENT_REQUIRED", "feature": "content_premium"}  # noqa: RUF012 - its interface

    def has_permission(self, source: Any, info: Info, **_: Any) -> bool:
        return "content_premium" in info.context.caller.features


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Edge(Generic[Item]):
    cursor: str
    node: Item


@strawberry.type
class Connection(Generic[Item]):
    edges: list[Edge[Item]]
    page_info: PageInfo


@strawberry.type
class Lesson:
    id: strawberry.ID
    title: str
    position: int


@strawberry.type
class Course:
    id: strawberry.ID
    title: str

    @strawberry.field
    async def lessons(self, info: Info, first: int) -> Connection[Lesson]:
        rows = await info.context.loaders.lessons.load((self.id, first + 1))
        return page_of(
            rows, first, "position", lambda row: Lesson(id=row["id"], title=row["title"], position=row["position"])
        )


@strawberry.type
class Author:
    id: strawberry.ID
    name: str

    @strawberry.field
    async def courses(self, info: Info, first: int) -> Connection[Course]:
        rows = await info.context.loaders.courses.load((self.id, first + 1))
        return page_of(rows, first, "published_at", lambda row: Course(id=row["id"], title=row["title"]))


@strawberry.type
class Article:
    id: strawberry.ID
    slug: str
    title: str
    teaser: str
    published_at: datetime
    author_id: strawberry.Private[str]
    body: str | None = strawberry.field(permission_classes=[HoldsPremium])

    @strawberry.field
    async def author(self, info: Info) -> Author:
        return Author(**await info.context.loaders.authors.load(self.author_id))


@strawberry.type
class Plan:
    name: str


@strawberry.type
class Entitlement:
    feature: str


@strawberry.type
class Usage:
    meter: str
    used: int
    limit: int | None


@strawberry.type
class Member:
    id: strawberry.ID
    email: str | None
    plan_id: strawberry.Private[str]

    @strawberry.field
    async def plan(self, info: Info) -> Plan:
        row = await info.context.loaders.plans.load(self.plan_id)
        return Plan(name=row["name"])

    @strawberry.field
    async def entitlements(self, info: Info) -> list[Entitlement]:
        return [Entitlement(feature=feature) for feature in sorted(info.context.caller.features)]

    @strawberry.field
    async def usage(self, info: Info) -> list[Usage]:
        rows = await info.context.pool.fetch(USAGE, self.id)
        return [Usage(meter=row["meter"], used=row["used"], limit=row["limit"]) for row in rows]


@strawberry.type
class Query:
    @strawberry.field
    async def articles(self, info: Info, first: int) -> Connection[Article]:
        rows = await info.context.pool.fetch(ARTICLES, first + 1)
        return page_of(rows, first, "published_at", lambda row: Article(**row))

    @strawberry.field
    async def authors(self, info: Info, first: int) -> Connection[Author]:
        rows = await info.context.pool.fetch(AUTHORS, first + 1)
        return page_of(rows, first, "name", lambda row: Author(**row))

    @strawberry.field
    async def me(self, info: Info) -> Member | None:
        row = await info.context.pool.fetchrow(MEMBER, info.context.caller.member_id)
        return Member(**row) if row else None


def page_of(rows: Sequence[Any], first: int, key: str, item_of: Callable[[Any], Item]) -> Connection[Item]:
    """`key` is the column by which the list is ordered."""
    edges = [Edge(cursor=cursor_of(row, key), node=item_of(row)) for row in rows[:first]]
    end = edges[-1].cursor if edges else None
    return Connection(edges=edges, page_info=PageInfo(has_next_page=len(rows) > first, end_cursor=end))


def cursor_of(row: Any, key: str) -> str:
    return base64.b64encode(f"{row[key]}:{row['id']}".encode()).decode()

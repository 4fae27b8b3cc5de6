"""Strawberry as its documentation has it: permission classes, DataLoaders, its ASGI view.

BENCH_CACHES=on adds its ParserCache and ValidationCache; the other switches are those of `identity`.
"""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.permission import BasePermission

from bench.peers.python.connection import Pool, pooled, switched_on
from bench.peers.python.identity import Caller, authenticate

NEWEST = """
    SELECT id, slug, title, teaser, body, published_at, author_id FROM bench.article
    ORDER BY published_at DESC, id DESC LIMIT $1
"""
AUTHORS = "SELECT id, name FROM bench.author WHERE id = ANY($1)"
PLANS = "SELECT id, name FROM bench.plan WHERE id = ANY($1)"
MEMBER = "SELECT id, email, plan_id FROM bench.member WHERE id = $1"
USAGE = 'SELECT meter, used, "limit" FROM bench.usage WHERE member_id = $1 ORDER BY meter'

Context = dict[str, Any]
Info = strawberry.Info[Context, None]


class HoldsPremium(BasePermission):
    message = "Not included in your plan."
    error_extensions = {"code": "ENTITLEMENT_REQUIRED", "feature": "content_premium"}  # noqa: RUF012 - its interface

    def has_permission(self, source: Any, info: Info, **_: Any) -> bool:
        caller: Caller = info.context["caller"]
        return "content_premium" in caller.features


@strawberry.type
class Author:
    id: strawberry.ID
    name: str


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
        return await info.context["authors"].load(self.author_id)


@strawberry.type
class ArticleEdge:
    cursor: str
    node: Article


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class ArticleConnection:
    edges: list[ArticleEdge]
    page_info: PageInfo


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
        return await info.context["plans"].load(self.plan_id)

    @strawberry.field
    async def entitlements(self, info: Info) -> list[Entitlement]:
        return [Entitlement(feature=feature) for feature in sorted(info.context["caller"].features)]

    @strawberry.field
    async def usage(self, info: Info) -> list[Usage]:
        rows = await info.context["pool"].fetch(USAGE, self.id)
        return [Usage(meter=row["meter"], used=row["used"], limit=row["limit"]) for row in rows]


@strawberry.type
class Query:
    @strawberry.field
    async def articles(self, info: Info, first: int) -> ArticleConnection:
        rows = await info.context["pool"].fetch(NEWEST, first + 1)
        articles = [Article(**row) for row in rows[:first]]
        edges = [ArticleEdge(cursor=cursor_of(article), node=article) for article in articles]
        end = edges[-1].cursor if edges else None
        return ArticleConnection(edges=edges, page_info=PageInfo(has_next_page=len(rows) > first, end_cursor=end))

    @strawberry.field
    async def me(self, info: Info) -> Member | None:
        row = await info.context["pool"].fetchrow(MEMBER, info.context["caller"].member_id)
        return Member(**row) if row else None


def cursor_of(article: Article) -> str:
    milliseconds = int(article.published_at.timestamp() * 1000)
    return base64.b64encode(f"{milliseconds}:{article.id}".encode()).decode()


class View(GraphQL[Context, None]):
    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        pool: Pool = request.app.state.pool

        async def load_authors(ids: list[str]) -> Sequence[Author]:
            found = {row["id"]: Author(**row) for row in await pool.fetch(AUTHORS, ids)}
            return [found[each] for each in ids]

        async def load_plans(ids: list[str]) -> Sequence[Plan]:
            found = {row["id"]: Plan(name=row["name"]) for row in await pool.fetch(PLANS, ids)}
            return [found[each] for each in ids]

        return {
            "pool": pool,
            "caller": await authenticate(request.headers["authorization"], pool),
            "authors": DataLoader(load_authors),
            "plans": DataLoader(load_plans),
        }


def build() -> Starlette:
    caches = [ParserCache, ValidationCache] if switched_on("BENCH_CACHES") else []
    view = View(strawberry.Schema(Query, extensions=caches), graphql_ide=None)
    return Starlette(routes=[Mount("/graphql", app=view)], lifespan=pooled)

"""The floor: Starlette, one statement by asyncpg, orjson. No GraphQL, no caller, nothing gated."""

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.peers.python.connection import Pool, pooled

NEWEST = """
    SELECT a.id, a.slug, a.title, a.teaser, a.body, a.published_at, w.id AS author_id, w.name AS author_name
    FROM bench.article a JOIN bench.author w ON w.id = a.author_id
    ORDER BY a.published_at DESC, a.id DESC LIMIT 50
"""


async def articles(request: Request) -> Response:
    await request.body()
    pool: Pool = request.app.state.pool
    return Response(orjson.dumps([dict(row) for row in await pool.fetch(NEWEST)]), media_type="application/json")


def build() -> Starlette:
    return Starlette(routes=[Route("/articles", articles, methods=["POST"])], lifespan=pooled)

"""Strawberry as its documentation has it: permission classes, DataLoaders, its ASGI view.

BENCH_CACHES=on adds its ParserCache and ValidationCache; the other switches are those of `identity`.
"""

import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

from bench.peers.python.connection import Pool, pooled, switched_on
from bench.peers.python.identity import authenticate
from bench.peers.python.loading import Loaders
from bench.peers.python.types import Context, Query


class View(GraphQL[Context, None]):
    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        pool: Pool = request.app.state.pool
        return Context(pool, await authenticate(request.headers["authorization"], pool), Loaders(pool))


def build() -> Starlette:
    caches = [ParserCache, ValidationCache] if switched_on("BENCH_CACHES") else []
    view = View(strawberry.Schema(Query, extensions=caches), graphql_ide=None)
    return Starlette(routes=[Mount("/graphql", app=view)], lifespan=pooled)

"""Every address of the service in one place."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeGuard

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from asgi import Answering
from identity.keys import Keys
from web.explorer.page import explorer_routes
from web.graphql import GraphQLEndpoint
from web.health import Health
from web.reissue import TokenEndpoint
from web.stream import StreamEndpoint
from web.surface import Surface
from web.websocket import SocketView
from webhooks.endpoint import WebhookEndpoint

GRAPHQL, SPA_GRAPHQL = "/graphql", "/spa/graphql"


def build_routes(
    surface: Surface, health: Health, keys: Keys, webhook: BaseRoute, *, explorer: bool
) -> list[BaseRoute]:
    """Flat, so that each request is counted under its own path; they are tried in this order."""
    return [
        webhook,
        *_graphql(GRAPHQL, surface, spa_only=False, explorer=explorer),
        *_graphql(SPA_GRAPHQL, surface, spa_only=True, explorer=explorer),
        Route("/healthz", health.live),
        Route("/readyz", health.ready),
        Route("/metrics", health.measured),
        Route("/.well-known/jwks.json", _published(keys)),
        Route("/token", TokenEndpoint(surface.verifier, surface.reissuer), methods=["POST"]),
        *(explorer_routes() if explorer else ()),
    ]


def direct_routes(routes: Iterable[BaseRoute]) -> dict[str, Answering]:
    """By path, what is asked again and again: GraphQL by everybody, the webhook by Stripe."""
    endpoints = ((route.path, route.endpoint) for route in routes if isinstance(route, Route))
    return {path: found.answer for path, found in endpoints if _is_direct(found)}


def _is_direct(endpoint: object) -> TypeGuard[GraphQLEndpoint | WebhookEndpoint]:
    """A webhook without secrets is no address at all, which its route says."""
    return isinstance(endpoint, GraphQLEndpoint) or (isinstance(endpoint, WebhookEndpoint) and bool(endpoint.secrets))


def _graphql(path: str, surface: Surface, *, spa_only: bool, explorer: bool) -> list[BaseRoute]:
    endpoint = GraphQLEndpoint(surface, spa_only, explorer)
    return [
        Route(path, endpoint, methods=["GET", "POST"]),
        Route(f"{path}/stream", StreamEndpoint(surface, spa_only), methods=["GET", "POST"]),
        WebSocketRoute(path, SocketView(surface, spa_only=spa_only)),
    ]


def _published(keys: Keys) -> Callable[[Request], Awaitable[Response]]:
    document = orjson.dumps(keys.jwks())

    async def jwks(_request: Request) -> Response:
        return Response(document, headers={"cache-control": "public, max-age=300"}, media_type="application/json")

    return jwks

"""What a CDN's edge needs to decide by itself: routes with their features, and whose tokens speak of the past.

Members are named by a digest: whoever reads the list learns that somebody's entitlements changed, not whose.
"""

import base64
import hashlib

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from billing.model import Catalogue
from clock import Clock
from gating.history import list_recent_revisions
from identity.tokens import AUDIENCE, CLOCK_SKEW, LONGEST_LIFE
from storage.database import Database

EDGE = "/.well-known/gatehouse-edge.json"
REMEMBERED = LONGEST_LIFE + 2 * CLOCK_SKEW
"""Longer than any token lives that was made before the change."""


def edge_route(catalogue: Catalogue, database: Database, clock: Clock, issuer: str) -> Route:
    """The document, read anew each time: an edge asks once a second, whatever it serves meanwhile."""
    routes = [
        {"path": each.path, "feature": each.feature, "fresh": each.fresh, "plans": catalogue.plans_with(each.feature)}
        for each in catalogue.edge.routes
    ]
    fixed = {"issuer": issuer, "audience": AUDIENCE, "upgrade": catalogue.edge.upgrade, "routes": routes}

    async def edge(_request: Request) -> Response:
        since = clock.now() - REMEMBERED
        revisions = await list_recent_revisions(database, since)
        changed = {digest_of(member_id): revision for member_id, revision in revisions}
        body = orjson.dumps({**fixed, "changed": changed})
        return Response(body, headers={"cache-control": "no-store"}, media_type="application/json")

    return Route(EDGE, edge)


def digest_of(member_id: str) -> str:
    """The first 16 bytes of SHA-256, base64url without padding."""
    digest = hashlib.sha256(member_id.encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

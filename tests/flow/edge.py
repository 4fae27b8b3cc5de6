"""Gatehouse served by uvicorn in this process, and callers of every kind."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from app import build_app
from billing.catalogue import load_catalogue
from content.seed import seed_content
from gating.model import Grant, LimitGrant, Source
from gating.postgres import PostgresSnapshots
from gating.publish import publish_pending
from gating.record import record_grants
from gating.redis import RedisSnapshots
from identity.keys import Keys, ensure_development_keys
from identity.members import ensure_member
from identity.model import Kind, Principal
from identity.revocation import Revocations
from identity.tokens import mint
from settings import load_settings
from storage.database import Database, connect
from storage.redis import connect_redis
from tests.clock import FixedClock
from tests.listening import listening
from tests.parts import PATIENT_SECONDS
from web.graphql import GraphQLEndpoint
from web.protocol import Protocol
from web.surface import Surface

CATALOGUE = Path("catalogue.yaml")
FREE, PRO, ENTERPRISE = (Principal(Kind.MEMBER, f"mem_{plan}") for plan in ("free", "pro", "enterprise"))
OPERATOR = Principal(Kind.OPERATOR, "olga", frozenset({"members:read", "content:write"}))
INTEGRATOR = Principal(Kind.INTEGRATOR, "partner", frozenset({"entitlements:read"}))


@dataclass(frozen=True)
class Edge:
    """`client` speaks to the running server; `clock` and `surface` are the server's too."""

    client: httpx.AsyncClient
    port: int
    keys: Keys
    clock: FixedClock
    database: Database
    publish: Callable[[], Awaitable[None]]
    surface: Surface

    @property
    def revocations(self) -> Revocations:
        """Nothing over HTTP takes tokens back yet."""
        return self.surface.verifier.revocations

    def token(self, caller: Principal, ttl: timedelta = timedelta(minutes=5)) -> str:
        return mint(caller, self.keys.signing, ttl, issuer="gatehouse", now=self.clock.now())

    async def ask(
        self, query: str, caller: Principal | None = None, *, path: str = "/graphql", **parameters: Any
    ) -> httpx.Response:
        headers = {"accept": "application/graphql-response+json"}
        if caller is not None:
            headers["authorization"] = f"Bearer {self.token(caller)}"
        return await self.client.post(path, json={"query": query, **parameters}, headers=headers)

    async def grant(self, caller: Principal, plan: str | None) -> None:
        """The member holds what `plan` includes and nothing else; None takes all away. Published as a worker would."""
        found = load_catalogue(CATALOGUE).find_plan(plan) if plan else None
        grants = [Grant(key, Source.SUBSCRIPTION, "sub_1", plan) for key in (found.features if found else ())]
        limits = (
            [LimitGrant(each.limit, each.value, Source.SUBSCRIPTION, "sub_1") for each in found.limits] if found else []
        )
        async with self.database.transaction() as connection:
            await ensure_member(connection, caller.subject)
            await record_grants(
                connection,
                caller.subject,
                owner=f"test:{caller.subject}",
                grants=grants,
                limits=limits,
                cause="test",
                now=self.clock.now(),
            )
        await self.publish()


@asynccontextmanager
async def serving(
    database_url: str, redis_url: str, clock: FixedClock, folder: Path, **more: str
) -> AsyncGenerator[Edge]:
    """Uvicorn on a free port, in this loop. `database_url` is the application's login; `more` are other settings."""
    environ = {"DATA_DIR": str(folder), "CATALOG": str(CATALOGUE), "DATABASE_URL": database_url, "REDIS_URL": redis_url}
    environ |= more
    app = build_app(load_settings({f"GATEHOUSE_{name}": value for name, value in environ.items()}), clock=clock)
    database, redis = connect(database_url), connect_redis(redis_url, timeout_seconds=PATIENT_SECONDS)
    publish = partial(publish_pending, database, PostgresSnapshots(database), RedisSnapshots(redis, clock))
    try:
        async with _listening(app) as port, _client(port) as client:
            keys = ensure_development_keys(folder)
            edge = Edge(client, port, keys, clock, database, publish, _surface_of(app))
            await _seed(edge)
            yield edge
    finally:
        await redis.aclose()
        await database.close()


def _surface_of(app: Starlette) -> Surface:
    endpoints = (route.endpoint for route in app.routes if isinstance(route, Route))
    return next(endpoint for endpoint in endpoints if isinstance(endpoint, GraphQLEndpoint)).surface


@asynccontextmanager
async def _listening(app: Starlette) -> AsyncGenerator[int]:
    with listening() as listener:
        server = uvicorn.Server(uvicorn.Config(app, http=Protocol, lifespan="on", log_config=None, access_log=False))
        running = asyncio.create_task(server.serve([listener]))
        try:
            async with asyncio.timeout(10):
                while not server.started and not running.done():  # noqa: ASYNC110 - uvicorn has no event for it
                    await asyncio.sleep(0.01)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await running


def _client(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10)


async def _seed(edge: Edge) -> None:
    await seed_content(edge.database, edge.clock.now())
    plans: Mapping[Principal, str | None] = {FREE: None, PRO: "pro", ENTERPRISE: "enterprise"}
    for caller, plan in plans.items():
        await edge.grant(caller, plan)

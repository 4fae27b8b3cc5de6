"""Gatehouse, whole, beside the twin: a web process's parts and a worker's, joined as `app` joins them.

What a mutant does otherwise is given in `Variant`, at the ports where the real thing is given.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from app import SPACING_SECONDS
from asgi import Reply, respond
from billing.queue import NEWCOMER_SECONDS
from billing.stripe import StripeApi
from billing.sync import Syncing, sync_claimed
from clock import Clock
from content.publish import Feed
from errors import GatehouseError
from execution.contract import Contract, prepare
from gating.model import Snapshot
from gating.ports import SnapshotCache, SnapshotSource
from gating.postgres import PostgresSnapshots
from gating.publish import run_publisher
from gating.redis import PUT, RedisSnapshots
from gating.store import EntitlementStore
from resolvers.context import Services
from schema.build import build_schemas
from storage.database import Database, connect
from storage.redis import connect_redis
from telemetry import Metrics
from tests.chaos.clock import LeapingClock
from tests.chaos.shop import CATALOGUE, MEMBER_KEY
from tests.stripe_server.server import API_KEY
from web.problems import on_gatehouse_error
from webhooks.backfill import Backfill
from webhooks.endpoint import webhook_route
from webhooks.handlers import HANDLERS
from webhooks.inbox import Inbox
from webhooks.worker import Sync, Worker

SECRET = "whsec_of_the_lives"
STRIPE_SECONDS = 1.0
"""How long an answer of Stripe's is waited for, lest a lost one hold everything up."""


@dataclass(frozen=True, slots=True)
class Variant:
    """How Gatehouse is put together; the defaults are its own."""

    sync: Sync = sync_claimed
    script: str = PUT
    backfills: bool = True
    reader_clock: Callable[[LeapingClock], Clock] = lambda clock: clock


@dataclass
class Dawdling:
    """A SnapshotSource that now and then takes its time between reading and answering."""

    source: SnapshotSource
    dice: Random

    async def get_snapshot(self, member_id: str) -> Snapshot:
        snapshot = await self.source.get_snapshot(member_id)
        if self.dice.random() < 0.3:
            await asyncio.sleep(self.dice.random() * 0.04)
        return snapshot


@dataclass
class Door:
    """The web process's application; `away` is how often it answers 503 and does nothing."""

    app: ASGIApp
    dice: Random
    away: float = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.dice.random() < self.away:
            await respond(send, Reply(503, (), b""))
        else:
            await self.app(scope, receive, send)


@dataclass(frozen=True)
class House:
    clock: LeapingClock
    database: Database
    redis: Any
    source: SnapshotSource
    cache: SnapshotCache
    store: EntitlementStore
    services: Services
    contract: Contract
    backfill: Backfill
    door: Door


@cache
def _schema() -> Any:
    return build_schemas().spa


def build_contract() -> Contract:
    return prepare(_schema(), offers=CATALOGUE, features=frozenset(CATALOGUE.features))


@asynccontextmanager
async def housed(
    database_url: str, redis_url: str, twin_url: str, clock: LeapingClock, variant: Variant
) -> AsyncGenerator[House]:
    """Everything runs while the body does; webhooks are taken at `door`."""
    dice = Random(twin_url)
    database, redis = connect(database_url), connect_redis(redis_url, timeout_seconds=1)
    source = Dawdling(PostgresSnapshots(database), dice)
    cache = RedisSnapshots(redis, clock, script=variant.script)
    stripe = StripeApi(API_KEY, base_address=twin_url, timeout_seconds=STRIPE_SECONDS)
    inbox = Inbox(
        *(database, clock, HANDLERS, Metrics()),
        member_key=MEMBER_KEY,
        livemode=False,
        newcomer_seconds=NEWCOMER_SECONDS,
    )
    reader_clock = variant.reader_clock(clock)
    store = EntitlementStore(source, RedisSnapshots(redis, reader_clock, script=variant.script), reader_clock)
    syncing = Syncing(database, stripe, CATALOGUE, clock, MEMBER_KEY, spacing_seconds=SPACING_SECONDS)
    door = Door(_web(inbox, clock), dice)
    services = Services(reader_clock, database, CATALOGUE, store, Feed(database))
    backfill = Backfill(database, stripe, inbox, clock)
    stop = asyncio.Event()
    worker = asyncio.create_task(Worker(syncing, sync=variant.sync).run(stop))
    jobs = [asyncio.create_task(job) for job in (store.run(), run_publisher(database, source, cache, clock))]
    try:
        yield House(clock, database, redis, source, cache, store, services, build_contract(), backfill, door)
    finally:
        stop.set()
        await asyncio.gather(worker, return_exceptions=True)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await stripe.close()
        await redis.aclose()
        await database.close()


def _web(inbox: Inbox, clock: Clock) -> Starlette:
    faults = {GatehouseError: on_gatehouse_error}
    return Starlette(routes=[webhook_route(inbox, clock, [SECRET.encode()])], exception_handlers=faults)

"""Assembles: the one place that constructs adapters and joins each port to what implements it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import structlog
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from billing.actions import Acting
from billing.asking import Paced
from billing.budget import SharedBudget
from billing.catalogue import load_catalogue
from billing.claims import held_by, tiers_of
from billing.dead_letters import count_dead_letters
from billing.messages import run_messages
from billing.model import Catalogue
from billing.offers import OffersAtStripe
from billing.queue import NEWCOMER_SECONDS, count_waiting
from billing.read_only import require_read_only
from billing.reconcile import Reconciling, run_reconciliations
from billing.stripe import StripeApi
from billing.stripe_offers import StripeOffers
from billing.sync import Syncing
from billing.unpaid import run_unpaid
from clock import Clock, SystemClock
from content.publish import Feed
from errors import GatehouseError, NotConfigured
from execution.contract import ReadRules, prepare
from execution.rules import build_rules
from gating.experiment_book import ExperimentBook
from gating.model import DenialCode, Denied
from gating.postgres import PostgresSnapshots
from gating.publish import count_pending, run_publisher
from gating.redis import RedisSnapshots
from gating.store import EntitlementStore
from identity.keys import Keys, keys_for
from identity.model import Principal
from identity.tokens import Held, TokenVerifier
from resolvers.context import Services, build_context
from schema.build import build_schemas
from settings import Settings
from storage.database import Database, QueryLogger, connect
from storage.login import require_walled_login
from storage.redis import RedisClient, connect_redis
from telemetry import Metrics
from web.edge import edge_route
from web.health import Gauged, Health, Part
from web.problems import on_gatehouse_error, on_http_exception
from web.reissue import Reissuer
from web.requests import RequestLog
from web.routes import build_routes, direct_routes
from web.surface import Surface
from webhooks.backfill import KEPT, Backfill
from webhooks.endpoint import webhook_route
from webhooks.handlers import HANDLERS
from webhooks.inbox import Inbox
from webhooks.worker import Worker as Syncer

RESTART_SECONDS = 1.0
SPACING_SECONDS = 1.0
"""Between two syncs of a customer: Stripe's burst about one checkout lasts about as long, and access may lag by two."""

Jobs = Mapping[str, Callable[[], Awaitable[None]]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parts:
    """What serving and working have in common. Nothing is connected yet; `close` ends what was."""

    database: Database
    redis: RedisClient
    source: PostgresSnapshots
    cache: RedisSnapshots
    catalogue: Catalogue
    clock: Clock
    metrics: Metrics
    stripe: StripeApi | None
    """None where no key is set."""

    async def close(self) -> None:
        if self.stripe:
            await self.stripe.close()
        await self.database.close()
        await self.redis.aclose()


def build_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    query_logger: QueryLogger | None = None,
    read_rules: ReadRules = build_rules,
) -> Starlette:
    """The web application. Raises NotConfigured; its start does too when the database login is not fit for service."""
    parts = _parts(settings, clock or SystemClock(), query_logger)
    feed, experiments = Feed(parts.database), ExperimentBook(parts.database, tiers_of(parts.catalogue))
    store = _store(parts, experiments)
    replay, acting = _inbox(settings, parts).replay, _acting(settings, parts)
    services = Services(parts.clock, parts.database, parts.catalogue, store, feed, replay, acting)
    keys = keys_for(settings.signing_key_file, settings.data_dir)
    surface = _surface(settings, parts, keys, services, read_rules)
    webhook = _webhooks(settings, parts)
    routes = [
        *build_routes(surface, _health(parts), keys, webhook, explorer=settings.development),
        edge_route(parts.catalogue, parts.database, parts.clock, settings.token_issuer),
    ]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        await require_walled_login(parts.database)
        await experiments.load()
        jobs = {
            "entitlement changes": store.run,
            "experiments": partial(experiments.run, store.forget),
            "content feed": feed.run,
        }
        async with _running(jobs):
            yield
        await parts.close()

    return _Application(
        partial(_request_log, settings, parts, routes),
        routes=routes,
        lifespan=lifespan,
        exception_handlers={GatehouseError: on_gatehouse_error, HTTPException: on_http_exception},
    )


class _Application(Starlette):
    """Around all that Starlette does stands `around`: what it answers by itself needs nothing of it."""

    def __init__(self, around: Callable[[ASGIApp], RequestLog], **options: Any) -> None:
        super().__init__(**options)
        self.whole_answers = around(super().build_middleware_stack())

    def build_middleware_stack(self) -> ASGIApp:
        return self.whole_answers


def _request_log(settings: Settings, parts: Parts, routes: Sequence[BaseRoute], app: ASGIApp) -> RequestLog:
    paths = frozenset(route.path for route in routes if isinstance(route, Route))
    logged = settings.log_level in ("debug", "info")
    return RequestLog(app, parts.metrics, paths, logged, direct_routes(routes))


@dataclass(frozen=True, slots=True)
class Tools:
    """What the worker and the commands work with. All after `inbox` is None without a Stripe key."""

    parts: Parts
    inbox: Inbox
    syncing: Syncing | None = None
    backfill: Backfill | None = None
    reconciling: Reconciling | None = None
    offers: OffersAtStripe | None = None


def build_tools(settings: Settings, *, clock: Clock | None = None) -> Tools:
    """Raises NotConfigured."""
    parts = _parts(settings, clock or SystemClock(), None)
    inbox, stripe = _inbox(settings, parts), parts.stripe
    if stripe is None:
        return Tools(parts, inbox)
    syncing = _syncing(settings, parts, stripe)
    backfill = Backfill(parts.database, stripe, inbox, parts.clock)

    async def fill() -> Sequence[str]:
        return await backfill.fill(parts.clock.now() - KEPT)

    reconciling = Reconciling(syncing, stripe, parts.source, parts.cache, fill)
    return Tools(parts, inbox, syncing, backfill, reconciling, StripeOffers(stripe.ask))


@dataclass(frozen=True, slots=True)
class Worker:
    """Publishes what was recorded, syncs the customers that Stripe's events name, fetches events that never arrived
    and reconciles each night. Any number may run at once.

    `syncer` is None where no Stripe key is set: events are then kept until a worker has one.
    """

    tools: Tools
    syncer: Syncer | None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, then finishes what it has begun. Raises NotConfigured when the database login is not fit."""
        parts = self.tools.parts
        await require_walled_login(parts.database)
        try:
            async with _running(self._jobs()):
                await (self.syncer.run(stop) if self.syncer else stop.wait())
        finally:
            await parts.close()

    def _jobs(self) -> Jobs:
        parts, tools = self.tools.parts, self.tools
        jobs: dict[str, Callable[[], Awaitable[None]]] = {
            "publisher": partial(run_publisher, parts.database, parts.source, parts.cache, parts.clock)
        }
        if tools.backfill and tools.reconciling:
            jobs["messages"] = partial(run_messages, parts.database, parts.catalogue, parts.clock)
            if parts.stripe:
                jobs["unpaid"] = partial(
                    run_unpaid, parts.database, parts.stripe.ask, parts.catalogue.access, parts.clock
                )
            jobs["backfill"] = tools.backfill.run
            jobs["reconciliations"] = partial(run_reconciliations, tools.reconciling)
        return jobs


def build_worker(settings: Settings, *, clock: Clock | None = None) -> Worker:
    """Raises NotConfigured."""
    tools = build_tools(settings, clock=clock)
    return Worker(tools, Syncer(tools.syncing) if tools.syncing else None)


def _parts(settings: Settings, clock: Clock, query_logger: QueryLogger | None) -> Parts:
    database = connect(_opened(settings.database_url, "GATEHOUSE_DATABASE_URL"), query_logger=query_logger)
    redis = connect_redis(_opened(settings.redis_url, "GATEHOUSE_REDIS_URL"))
    catalogue = load_catalogue(settings.catalog)
    metrics = Metrics()
    snapshots = RedisSnapshots(redis, clock, on_heard=metrics.propagation_seconds.observe)
    stripe = _stripe(settings, database)
    return Parts(database, redis, PostgresSnapshots(database), snapshots, catalogue, clock, metrics, stripe)


def _acting(settings: Settings, parts: Parts) -> Acting | None:
    if parts.stripe is None:
        return None
    ask = parts.stripe.ask
    return Acting(_syncing(settings, parts, parts.stripe), ask, Paced(ask), settings.return_addresses)


def _stripe(settings: Settings, database: Database) -> StripeApi | None:
    if settings.stripe_api_key is None:
        return None
    key, budget = settings.stripe_api_key.get_secret_value(), SharedBudget(database)
    return StripeApi(key, base_address=settings.stripe_api_base, budget=budget)


def _syncing(settings: Settings, parts: Parts, stripe: StripeApi) -> Syncing:
    key = settings.stripe_member_metadata_key
    return Syncing(parts.database, stripe, parts.catalogue, parts.clock, key, spacing_seconds=SPACING_SECONDS)


def _opened(url: SecretStr | None, name: str) -> str:
    if url is None:
        raise NotConfigured(f"{name}: needed to serve; set it, or use `gatehouse run`, which brings its own.")
    return url.get_secret_value()


def _store(parts: Parts, experiments: ExperimentBook) -> EntitlementStore:
    return EntitlementStore(
        parts.source,
        parts.cache,
        parts.clock,
        baseline=parts.catalogue.baseline,
        policies=parts.catalogue.policies,
        experiments=experiments,
        metrics=parts.metrics,
    )


def _surface(settings: Settings, parts: Parts, keys: Keys, services: Services, read_rules: ReadRules) -> Surface:
    schemas = build_schemas()
    verifier = TokenVerifier(keys, issuer=settings.token_issuer, clock=parts.clock, development=settings.development)

    features, count = frozenset(parts.catalogue.features), partial(_count, parts.metrics)
    serve = partial(
        prepare,
        offers=parts.catalogue,
        features=features,
        on_denied=count,
        on_run=partial(_count_run, parts.metrics),
        read_rules=read_rules,
    )
    full = serve(schemas.full)
    require_read_only(parts.catalogue, full.rules.fields.get("Mutation", {}))
    return Surface(
        full,
        serve(schemas.integrator),
        serve(schemas.spa),
        lambda principal, contract: build_context(principal, services, contract.schema),
        verifier,
        parts.clock,
        parts.metrics,
        Reissuer(keys.signing, settings.token_issuer, parts.clock, partial(_held, services)),
    )


def _count_run(metrics: Metrics, reason: str) -> None:
    metrics.runs.labels(reason or "compiled").inc()


async def _held(services: Services, principal: Principal) -> Held:
    snapshot = await services.store.snapshot_of(principal.member_id or "", fresh=True)
    return held_by(snapshot, services.catalogue, services.clock.now(), principal.roles)


def _count(metrics: Metrics, denied: Denied) -> None:
    metrics.denials.labels(denied.code.value, denied.feature or "").inc()
    if denied.code is DenialCode.UNAVAILABLE:
        metrics.gate_errors.inc()


def _inbox(settings: Settings, parts: Parts) -> Inbox:
    key = settings.stripe_api_key.get_secret_value() if settings.stripe_api_key else ""
    livemode = None if not key else "_live_" in key
    member_key = settings.stripe_member_metadata_key
    return Inbox(
        parts.database,
        parts.clock,
        HANDLERS,
        parts.metrics,
        member_key=member_key,
        livemode=livemode,
        newcomer_seconds=NEWCOMER_SECONDS,
    )


def _webhooks(settings: Settings, parts: Parts) -> BaseRoute:
    secrets = [secret.get_secret_value().encode() for secret in settings.stripe_webhook_secrets]
    return webhook_route(_inbox(settings, parts), parts.clock, secrets)


def _health(parts: Parts) -> Health:
    redis = cast(Any, parts.redis)  # each client declares `ping` differently
    needed, spared = Part("database", parts.database.ping), Part("redis", redis.ping, needed=False)
    queues = (
        Gauged("publications", partial(count_pending, parts.database)),
        Gauged("syncs", partial(count_waiting, parts.database)),
        Gauged("dead_letters", partial(count_dead_letters, parts.database)),
    )
    return Health((needed, spared), queues, parts.metrics)


@asynccontextmanager
async def _running(jobs: Jobs) -> AsyncGenerator[None]:
    """The jobs run beside the body; a job that fails is logged and begun again."""
    tasks = [asyncio.create_task(_keep(name, job), name=name) for name, job in jobs.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep(name: str, job: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await job()
        except Exception:
            log.exception("job failed", job=name)
        await asyncio.sleep(RESTART_SECONDS)

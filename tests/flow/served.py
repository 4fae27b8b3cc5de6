"""A served schema on a seeded database and the real store: what an HTTP request reaches, without HTTP."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import text

from billing.catalogue import load_catalogue
from billing.claims import tiers_of
from billing.model import Catalogue
from clock import Clock
from content.publish import Feed
from content.seed import seed_content
from execution.contract import Contract, prepare
from execution.execute import execute, subscribe
from execution.model import Answer, Operation
from gating.experiment_book import ExperimentBook
from gating.model import Grant, Holdings, LevelGrant, LimitGrant, Source
from gating.postgres import PostgresSnapshots
from gating.publish import publish_pending
from gating.record import record_grants
from gating.redis import RedisSnapshots
from gating.store import EntitlementStore
from identity.model import ANONYMOUS, Kind, Principal
from metering.seed import seed_usage
from resolvers.context import Services, build_context
from schema.build import build_schemas
from storage.database import Database
from storage.redis import connect_redis
from telemetry import Metrics
from tests.parts import PATIENT_SECONDS
from webhooks.handlers import HANDLERS
from webhooks.inbox import Inbox

FREE, PRO, ENTERPRISE = "mem_free", "mem_pro", "mem_enterprise"

OPERATOR = Principal(
    Kind.OPERATOR,
    "olga",
    frozenset(
        {
            "members:read",
            "subscriptions:read",
            "events:read",
            "events:write",
            "entitlements:read",
            "billing:write",
            "entitlements:write",
            "content:write",
        }
    ),
)
INTEGRATOR = Principal(Kind.INTEGRATOR, "partner", frozenset({"entitlements:read"}))


def member(member_id: str) -> Principal:
    return Principal(Kind.MEMBER, member_id)


@dataclass(frozen=True)
class Served:
    """`ask` runs an operation for a caller on that caller's contract, or on the one named."""

    services: Services
    contracts: Mapping[str, Contract]
    snapshots: RedisSnapshots
    inbox: Inbox
    experiments: ExperimentBook

    async def ask(
        self,
        query: str,
        caller: Principal = ANONYMOUS,
        variables: Mapping[str, Any] | None = None,
        contract: str | None = None,
    ) -> Answer:
        chosen = self.contract_of(caller, contract)
        context = await build_context(caller, self.services, chosen.schema)
        return await execute(chosen, Operation(query, variables), context)

    async def data(self, query: str, caller: Principal = ANONYMOUS, **variables: Any) -> Any:
        """The data of an answer that has no errors."""
        answer = await self.ask(query, caller, variables)
        assert not answer.errors, answer.errors
        return answer.data

    async def follow(self, query: str, caller: Principal) -> AsyncGenerator[Answer]:
        chosen = self.contract_of(caller, None)
        context = await build_context(caller, self.services, chosen.schema)
        async for answer in subscribe(chosen, Operation(query), context):
            yield answer

    def contract_of(self, caller: Principal, name: str | None) -> Contract:
        usual = {Kind.OPERATOR: "full", Kind.INTEGRATOR: "integrator"}
        return self.contracts[name or usual.get(caller.kind, "spa")]

    async def subscribe_to(self, member_id: str, plan_key: str | None) -> None:
        """Gives the member what the plan includes, and nothing else, as a webhook would."""
        plan = self.services.catalogue.find_plan(plan_key or "")
        if plan is None:
            await self.give(member_id, Holdings())
            return
        why = (Source.SUBSCRIPTION, "sub_1")
        grants = tuple(Grant(key, *why, plan.key) for key in plan.features)
        limits = tuple(LimitGrant(each.limit, each.value, *why) for each in plan.limits)
        levels = tuple(LevelGrant(each.level, each.value, *why) for each in plan.levels)
        await self.give(member_id, Holdings(grants, limits, levels))

    async def give(self, member_id: str, held: Holdings, owner: str = "test") -> None:
        """Makes `held` all that `owner` gives the member, and publishes it."""
        async with self.services.database.transaction() as connection:
            await record_grants(
                connection,
                member_id,
                owner=f"{owner}:{member_id}",
                grants=held.grants,
                limits=held.limits,
                levels=held.levels,
                overrides=held.overrides,
                countries=held.countries,
                cause="test",
                now=self.services.clock.now(),
            )
        await publish_pending(self.services.database, PostgresSnapshots(self.services.database), self.snapshots)


@cache
def demo_catalogue() -> Catalogue:
    return load_catalogue(Path("catalogue.yaml"))


@cache
def build_contracts() -> Mapping[str, Contract]:
    return contracts_of(demo_catalogue())


def contracts_of(catalogue: Catalogue) -> Mapping[str, Contract]:
    schemas = build_schemas()
    features = frozenset(catalogue.features)
    by_name = {"full": schemas.full, "integrator": schemas.integrator, "spa": schemas.spa}
    return {name: prepare(schema, offers=catalogue, features=features) for name, schema in by_name.items()}


@asynccontextmanager
async def serve(
    database: Database, redis_url: str, clock: Clock, catalogue: Catalogue | None = None
) -> AsyncGenerator[Served]:
    """Everything seeded; a free, a pro and an enterprise member. `catalogue`: the demo's, or a variation of it."""
    contracts = build_contracts() if catalogue is None else contracts_of(catalogue)
    catalogue = catalogue or demo_catalogue()
    redis = connect_redis(redis_url, timeout_seconds=PATIENT_SECONDS)
    snapshots, experiments = RedisSnapshots(redis, clock), ExperimentBook(database, tiers_of(catalogue))
    store = EntitlementStore(
        PostgresSnapshots(database),
        snapshots,
        clock,
        baseline=catalogue.baseline,
        policies=catalogue.policies,
        experiments=experiments,
    )
    inbox = Inbox(database, clock, HANDLERS, Metrics(), member_key="member_id")
    served = Served(
        Services(clock, database, catalogue, store, Feed(database), inbox.replay),
        contracts,
        snapshots,
        inbox,
        experiments,
    )
    await _seed(served)
    yield served
    await redis.aclose()


async def _seed(served: Served) -> None:
    database, now = served.services.database, served.services.clock.now()
    await seed_content(database, now)
    people = [{"id": id, "email": f"{id}@example.com", "name": id} for id in (FREE, PRO, ENTERPRISE)]
    async with database.transaction() as connection:
        await connection.execute(text("INSERT INTO member (id, email, name) VALUES (:id, :email, :name)"), people)
    await served.subscribe_to(PRO, "pro")
    await served.subscribe_to(ENTERPRISE, "enterprise")
    await seed_usage(database, (FREE, PRO, ENTERPRISE), now)

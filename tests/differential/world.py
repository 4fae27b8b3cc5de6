"""The served schema over generated rows: contracts, callers, and both ways to run an operation."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from billing.catalogue import load_catalogue
from billing.model import Catalogue
from content.publish import Feed
from execution.contract import Contract, OnRun, prepare
from gating.model import Access
from gating.postgres import PostgresSnapshots
from gating.redis import RedisSnapshots
from gating.store import EntitlementStore
from identity.model import ANONYMOUS, Kind, Principal
from resolvers.context import Context, Services
from schema.build import build_schemas
from storage.database import connect
from storage.redis import connect_redis
from tests.clock import FixedClock
from tests.differential.check import Ask
from tests.differential.rows import ENTERPRISE_MEMBER, FREE_MEMBER, PRO_MEMBER, insert_rows, record_plans
from tests.parts import DatabaseUrls

FULL, INTEGRATOR, SPA = "full", "integrator", "spa"
CONTRACTS = (SPA, FULL, INTEGRATOR)
EVERY_SCOPE = frozenset(
    {"members:read", "subscriptions:read", "events:read", "events:write", "entitlements:read", "content:write"}
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, on which contract. `access` None is what the store says that the principal holds."""

    name: str
    contract: str
    principal: Principal
    access: Access | None = None


def _member(member_id: str) -> Principal:
    return Principal(Kind.MEMBER, member_id)


UNREADABLE = Access(authenticated=True, available=False)
CALLERS = (
    Caller("anonymous", SPA, ANONYMOUS),
    Caller("free", SPA, _member(FREE_MEMBER)),
    Caller("pro", SPA, _member(PRO_MEMBER)),
    Caller("enterprise", SPA, _member(ENTERPRISE_MEMBER)),
    Caller("member without a snapshot", SPA, _member(PRO_MEMBER), UNREADABLE),
    Caller("operator", FULL, Principal(Kind.OPERATOR, "olga", EVERY_SCOPE)),
    Caller("operator without scopes", FULL, Principal(Kind.OPERATOR, "olga")),
    Caller("operator with one", FULL, Principal(Kind.OPERATOR, "olga", frozenset({"members:read"}))),
    Caller("integrator", INTEGRATOR, Principal(Kind.INTEGRATOR, "partner", frozenset({"entitlements:read"}))),
    Caller("integrator without scopes", INTEGRATOR, Principal(Kind.INTEGRATOR, "partner")),
)


class SomeAnnouncements(Feed):
    """Announces some entries of each kind, drafts and lessons among them, instead of waiting for a publication."""

    async def published(self) -> AsyncIterator[str]:
        for content_id in ("art_1", "crs_3", "art_4", "les_31", "dwn_2", "pst_0", "nothing"):
            yield content_id


class SomeChanges(EntitlementStore):
    """The store, which tells of a change twice instead of waiting for one."""

    async def changes(self) -> AsyncGenerator[str | None, None]:
        for member_id in (None, PRO_MEMBER, FREE_MEMBER):
            yield member_id


@dataclass(frozen=True, slots=True, repr=False)
class World:
    """`accesses` by the caller's name; `runs` counts how operations ran: "" compiled, else why not."""

    contracts: Mapping[str, Contract]
    services: Services
    accesses: Mapping[str, Access]
    runs: Counter[str]
    owner: Any

    def __repr__(self) -> str:
        return "World()"

    def callers_of(self, contract: str) -> list[Caller]:
        return [caller for caller in CALLERS if caller.contract == contract]

    def ask_as(self, caller: Caller, access: Access | None = None) -> Ask:
        """`access` instead of the caller's own."""
        contract, held = self.contracts[caller.contract], access or self.accesses[caller.name]
        return lambda run, operation: run(contract, operation, self.context(caller.principal, contract, held))

    def context(self, principal: Principal, contract: Contract, access: Access) -> Context:
        return Context(principal, self.services, contract.schema, access)


@asynccontextmanager
async def build_world(
    urls: DatabaseUrls, redis_url: str, *, seed: int = 1, broken: bool = False
) -> AsyncGenerator[World]:
    """On a database of its own and an empty cache."""
    clock, runs = FixedClock(), Counter[str]()
    owner: Any = await asyncpg.connect(urls.owner)
    database, redis = connect(urls.app), connect_redis(redis_url, timeout_seconds=5)
    catalogue = load_catalogue(Path("catalogue.yaml"))
    try:
        await insert_rows(owner, seed, broken=broken)
        await record_plans(database, catalogue)
        store = SomeChanges(PostgresSnapshots(database), RedisSnapshots(redis, clock), clock)
        services = Services(clock, database, catalogue, store, SomeAnnouncements(database))
        accesses = {each.name: each.access or await store.access_for(each.principal) for each in CALLERS}
        yield World(build_contracts(catalogue, lambda how: runs.update([how])), services, accesses, runs, owner)
    finally:
        await owner.close()
        await database.close()
        await redis.aclose()


def build_contracts(catalogue: Catalogue, on_run: OnRun) -> dict[str, Contract]:
    schemas, features = build_schemas(), frozenset(catalogue.features)
    by_name = {FULL: schemas.full, INTEGRATOR: schemas.integrator, SPA: schemas.spa}
    return {
        name: prepare(schema, offers=catalogue, features=features, on_run=on_run) for name, schema in by_name.items()
    }

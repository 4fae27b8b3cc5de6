"""A served schema on a seeded database, for callers of any kind: what an HTTP request reaches, without HTTP."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from billing.catalogue import load_catalogue
from billing.model import Catalogue
from clock import Clock
from content.publish import Feed
from execution.contract import Contract, prepare
from execution.execute import execute
from execution.model import Answer, Operation
from gating.model import Access, Grant, Snapshot, Source
from identity.model import ANONYMOUS, Kind, Principal
from resolvers.context import Services, build_context
from schema.build import build_schemas
from storage.database import Database

FREE, PRO, ENTERPRISE = "mem_free", "mem_pro", "mem_enterprise"
PLANS = {FREE: None, PRO: "pro", ENTERPRISE: "enterprise"}

OPERATOR = Principal(
    Kind.OPERATOR,
    "olga",
    frozenset({"members:read", "subscriptions:read", "events:read", "entitlements:read", "content:write"}),
)
INTEGRATOR = Principal(Kind.INTEGRATOR, "partner", frozenset({"entitlements:read"}))


def member(member_id: str) -> Principal:
    return Principal(Kind.MEMBER, member_id)


@dataclass
class HeldInMemory:
    """A stand-in for the store at its port: members hold what their plan includes, without an end."""

    catalogue: Catalogue
    clock: Clock
    plans: dict[str, str | None] = field(default_factory=lambda: dict(PLANS))

    async def access_for(self, principal: Principal) -> Access:
        held = frozenset[str]()
        if principal.member_id:
            held = (await self.snapshot_of(principal.member_id)).features_at(self.clock.now())
        features = held | self.catalogue.free_features
        return Access(principal.kind is not Kind.ANONYMOUS, features, principal.scopes, revision=1)

    async def snapshot_of(self, member_id: str) -> Snapshot:
        plan = self.catalogue.find_plan(self.plans.get(member_id) or "")
        features = sorted(plan.features) if plan else []
        grants = tuple(Grant(key, Source.SUBSCRIPTION, "sub_1", plan and plan.key) for key in features)
        return Snapshot(member_id, 1, grants)

    async def changes(self) -> AsyncIterator[str]:
        for member_id in self.plans:
            yield member_id


@dataclass(frozen=True)
class Served:
    """`ask` runs an operation as some caller on the contract of that caller, or on the one named."""

    services: Services
    contracts: Mapping[str, Contract]

    async def ask(
        self,
        query: str,
        caller: Principal = ANONYMOUS,
        variables: Mapping[str, Any] | None = None,
        contract: str | None = None,
    ) -> Answer:
        chosen = self.contracts[
            contract or {Kind.OPERATOR: "full", Kind.INTEGRATOR: "integrator"}.get(caller.kind, "spa")
        ]
        return await execute(
            chosen, Operation(query, variables), await build_context(caller, self.services, chosen.schema)
        )

    async def data(self, query: str, caller: Principal = ANONYMOUS, **variables: Any) -> Any:
        """The data of an answer that has no errors."""
        answer = await self.ask(query, caller, variables)
        assert answer.errors == []
        return answer.data


def serve(database: Database, clock: Clock) -> Served:
    catalogue = load_catalogue(Path("catalogue.yaml"))
    services = Services(clock, database, catalogue, HeldInMemory(catalogue, clock), Feed(database))
    schemas = build_schemas()
    features = frozenset(catalogue.features)
    contracts = {
        name: prepare(getattr(schemas, name), offers=catalogue, features=features)
        for name in ("full", "integrator", "spa")
    }
    return Served(services, contracts)

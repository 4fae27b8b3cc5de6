"""The real schema on real parts with the planted data, every caller, and the log of what ran for them."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import asyncpg
from graphql import GraphQLField, is_required_argument

from billing.catalogue import load_catalogue
from billing.mirror import encode_subscription
from billing.model import Catalogue
from billing.state import Subscription
from clock import Clock
from content.publish import Feed
from execution.contract import Contract, prepare
from execution.execute import execute, interpret, subscribe
from execution.model import Answer, Operation
from gating.model import Access, Grant, LimitGrant, Source
from gating.postgres import PostgresSnapshots
from gating.record import record_grants
from gating.redis import RedisSnapshots
from gating.store import EntitlementStore
from identity.model import ANONYMOUS as NOBODY
from identity.model import Kind, Principal
from resolvers.context import Context, Services
from schema.build import build_schemas
from storage.database import Database, connect
from storage.redis import connect_redis
from telemetry import Metrics
from tests.clock import FixedClock
from tests.leak.cases import Case
from tests.leak.oracle import Log, record_resolvers
from tests.leak.planted import (
    ANONYMOUS,
    BARE_INTEGRATOR,
    BARE_OPERATOR,
    CALLERS,
    CASE,
    DEAD_ID,
    DRAFT_ID,
    EMAILS,
    EVENT_ID,
    EXPERIMENT,
    EXPLAINED_AT,
    GRANT_ENDS,
    IDS,
    INTEGRATOR,
    MEMBERS,
    OPERATOR,
    PLANT,
    PLANT_MEMBER,
    RECONCILIATION_KEY,
    RESTORE,
    SUBSCRIPTION_ID,
)
from tests.parts import DatabaseUrls
from webhooks.handlers import HANDLERS
from webhooks.inbox import Inbox

OPERATOR_SCOPES = frozenset(
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
)

PRINCIPALS = {caller: Principal(Kind.MEMBER, f"mem_{caller}") for caller in MEMBERS} | {
    ANONYMOUS: NOBODY,
    INTEGRATOR: Principal(Kind.INTEGRATOR, "partner", frozenset({"entitlements:read"})),
    BARE_INTEGRATOR: Principal(Kind.INTEGRATOR, "partner"),
    OPERATOR: Principal(Kind.OPERATOR, "olga", OPERATOR_SCOPES),
    BARE_OPERATOR: Principal(Kind.OPERATOR, "olga"),
}


class OneAnnouncement(Feed):
    """Announces the planted article once, instead of waiting for a publication."""

    async def published(self) -> AsyncIterator[str]:
        yield IDS["Article"]


class OneChange(EntitlementStore):
    """The store, which tells of one change of each member instead of waiting for it."""

    async def changes(self) -> AsyncGenerator[str | None, None]:
        for caller in MEMBERS:
            yield f"mem_{caller}"


class AllAccess(Context):
    """A context that nothing is denied, whatever its caller holds."""

    async def refresh(self, fresh: bool = False) -> None:
        self.loaders = {}


@dataclass(frozen=True, slots=True)
class World:
    """`contracts` by caller, whose resolvers write into the log; `shipped` are the same as they are served, which run
    other plans. `everything` is an access that nothing is denied."""

    contracts: Mapping[str, Contract]
    shipped: Mapping[str, Contract]
    services: Services
    everything: Access
    log: Log
    owner: Any

    async def access_of(self, caller: str) -> Access:
        return await self.services.store.access_for(PRINCIPALS[caller])

    async def ungated(self, caller: str, case: Case) -> list[Answer]:
        """What the caller would be answered if it held everything."""
        context = AllAccess(PRINCIPALS[caller], self.services, self.contracts[caller].schema, self.everything)
        return await self._run(self.contracts[caller], case, context, planned=False)

    async def ask(self, caller: str, case: Case, contract: Contract | None = None) -> list[Answer]:
        """One answer, or one for each event."""
        chosen = contract or self.contracts[caller]
        access = await self.access_of(caller)
        return await self._run(chosen, case, Context(PRINCIPALS[caller], self.services, chosen.schema, access))

    async def _run(self, contract: Contract, case: Case, context: Context, *, planned: bool = True) -> list[Answer]:
        self.log.empty()
        operation = Operation(case.query, case.variables, case.operation_name)
        if case.arrival.operation == "subscription":
            async with aclosing(subscribe(contract, operation, context, planned=planned)) as events:
                return [answer async for answer in events]
        answer = await (execute if planned else interpret)(contract, operation, context)
        if case.arrival.operation == "mutation":
            await self.owner.execute(RESTORE)
        return [answer]


@asynccontextmanager
async def build_world(urls: DatabaseUrls, redis_url: str) -> AsyncGenerator[World]:
    """Planted, on a database of its own and an empty cache."""
    log, clock = Log(), FixedClock()
    owner = await asyncpg.connect(urls.owner)
    database = connect(urls.app, query_logger=log.statements.append)
    redis = connect_redis(redis_url, timeout_seconds=1)
    catalogue = load_catalogue(Path("catalogue.yaml"))
    try:
        await _plant(owner, database, catalogue, clock)
        store = OneChange(PostgresSnapshots(database), RedisSnapshots(redis, clock), clock)
        inbox = Inbox(database, clock, HANDLERS, Metrics(), member_key="member_id")
        services = Services(clock, database, catalogue, cast(Any, store), OneAnnouncement(database), inbox.replay)
        contracts, shipped = _contracts(catalogue), _contracts(catalogue)
        for contract in {id(each): each for each in contracts.values()}.values():
            record_resolvers(contract.schema, log)
        everything = Access(True, frozenset(catalogue.features), OPERATOR_SCOPES, 1)
        yield World(contracts, shipped, services, everything, log, owner)
    finally:
        await owner.close()
        await database.close()
        await redis.aclose()


def _contracts(catalogue: Catalogue) -> dict[str, Contract]:
    schemas = build_schemas()
    features = frozenset(catalogue.features)
    full, integrator, spa = (
        prepare(schema, offers=catalogue, features=features)
        for schema in (schemas.full, schemas.integrator, schemas.spa)
    )
    served = {INTEGRATOR: integrator, BARE_INTEGRATOR: integrator, OPERATOR: full, BARE_OPERATOR: full}
    return dict.fromkeys(CALLERS, spa) | served


async def _plant(owner: Any, database: Database, catalogue: Catalogue, clock: Clock) -> None:
    await owner.execute(PLANT)
    began = datetime.fromisoformat("2026-02-01T00:00:00+00:00")
    subscription = Subscription(SUBSCRIPTION_ID, "cus_1", "active", began, ())
    await owner.execute(
        "INSERT INTO subscription (id, customer_id, status, created_at, content) VALUES ($1, $2, $3, $4, $5)",
        *(subscription.id, subscription.customer_id, subscription.status, began, encode_subscription(subscription)),
    )
    ends_at = datetime.fromisoformat(f"{GRANT_ENDS}+00:00")
    for caller in MEMBERS:
        await owner.execute(PLANT_MEMBER.format(caller=caller, email=EMAILS[caller]))
        plan = next(plan for plan in catalogue.plans if plan.key == caller)
        grants = [
            Grant(feature, Source.SUBSCRIPTION, "sub_1", plan.key, ends_at=ends_at) for feature in sorted(plan.features)
        ]
        async with database.transaction() as connection:
            await record_grants(
                connection,
                f"mem_{caller}",
                owner=f"leak:{caller}",
                grants=grants,
                limits=[LimitGrant(each.limit, each.value, Source.SUBSCRIPTION, "sub_1") for each in plan.limits],
                cause="planted",
                now=clock.now(),
            )


def arguments(owner: str, name: str, field: GraphQLField, target: str) -> str | None:
    """How to ask `owner.name` for the planted `target`. A required argument that is not known here fails the test."""
    given = ARGUMENTS.get(f"{owner}.{name}")
    if given is not None:
        return given(target)
    required = [argument for argument, definition in field.args.items() if is_required_argument(definition)]
    if required:
        raise AssertionError(f"say in tests/leak/world.py how to call {owner}.{name}, which needs {required}")
    return ""


def _by_id(form: str, *types: str) -> Callable[[str], str | None]:
    """`form` with the target's id; any of `types` has one, and leads on to other types by the first of them."""

    def given(target: str) -> str | None:
        if target in IDS and target not in types:
            return None
        return form.format(id=IDS.get(target, IDS[types[0]]))

    return given


def _overriding(value: str = "") -> str:
    return f'(input: {{organizationId: "org_canary", key: "projects", case: "{CASE}" {value}}})'


CONTENT = ("Article", "Post", "Course", "Download")
ARGUMENTS: dict[str, Callable[[str], str | None]] = {
    "Query.node": _by_id('(id: "{id}")', *reversed(IDS)),
    "Query.nodes": _by_id('(ids: ["{id}", "nothing"])', *reversed(IDS)),
    "Query.content": lambda target: f'(slug: "{target.lower()}")' if target in CONTENT else '(slug: "course")',
    "Query.search": lambda _: '(text: "word")',
    "Query.feature": lambda _: '(key: "downloads")',
    "Query.member": lambda _: '(id: "mem_pro")',
    "Query.explainAccess": lambda _: f'(member: "mem_pro", feature: "downloads", at: "{EXPLAINED_AT}")',
    "Member.explainAccess": lambda _: '(field: "Article.body")',
    "Query.memberEntitlements": lambda _: '(memberId: "mem_pro")',
    "Mutation.bookmarkContent": _by_id('(input: {{contentId: "{id}"}})', *CONTENT),
    "Mutation.removeBookmark": _by_id('(input: {{contentId: "{id}"}})', *CONTENT),
    "Mutation.recordReading": lambda _: f'(input: {{articleId: "{IDS["Article"]}", idempotencyKey: "k"}})',
    "Mutation.requestDownload": lambda _: f'(input: {{downloadId: "{IDS["Download"]}", idempotencyKey: "k"}})',
    "Mutation.replayStripeEvent": lambda _: f'(input: {{eventId: "{EVENT_ID}"}})',
    "Mutation.replayDeadLetter": lambda _: f'(input: {{deadLetterId: "{DEAD_ID}"}})',
    "Mutation.startReconciliation": lambda _: f'(input: {{idempotencyKey: "{RECONCILIATION_KEY}"}})',
    "Mutation.setExperiment": lambda _: (
        f'(input: {{key: "{EXPERIMENT}", variants: [{{name: "a", weight: 1}}], case: "c"}})'
    ),
    "Mutation.endExperiment": lambda _: f'(input: {{key: "{EXPERIMENT}", case: "c"}})',
    "Mutation.setOverride": lambda _: _overriding('value: "7"'),
    "Mutation.removeOverride": lambda _: _overriding(),
    "Mutation.refund": lambda _: '(input: {invoiceId: "in_1", reason: DUPLICATE, idempotencyKey: "k"})',
    "Mutation.grantAccess": lambda _: (
        f'(input: {{memberId: "mem_pro", case: "{CASE}", reason: "r", features: ["archive"], idempotencyKey: "k"}})'
    ),
    "Mutation.extendTrial": lambda _: f'(input: {{memberId: "mem_pro", until: "{EXPLAINED_AT}", idempotencyKey: "k"}})',
    "Mutation.previewChange": lambda _: '(input: {plan: "pro"})',
    "Mutation.changePlan": lambda _: '(input: {plan: "pro", idempotencyKey: "k"})',
    "Mutation.changeQuantity": lambda _: '(input: {quantity: 2, idempotencyKey: "k"})',
    "Mutation.addAddOn": lambda _: '(input: {addOn: "seats", idempotencyKey: "k"})',
    "Mutation.cancelSubscription": lambda _: '(input: {idempotencyKey: "k"})',
    "Mutation.pauseSubscription": lambda _: '(input: {idempotencyKey: "k"})',
    "Mutation.resumeSubscription": lambda _: '(input: {idempotencyKey: "k"})',
    "Mutation.resubscribe": lambda _: '(input: {idempotencyKey: "k"})',
    "Mutation.createSubscription": lambda _: '(input: {plan: "pro", idempotencyKey: "k"})',
    "Mutation.openBillingPortal": lambda _: '(input: {returnUrl: "/", idempotencyKey: "k"})',
    "Mutation.startCheckout": lambda _: '(input: {successUrl: "/", plan: "pro", idempotencyKey: "k"})',
    "Mutation.publishContent": lambda target: (
        None if target in IDS and target != "Article" else f'(input: {{contentId: "{DRAFT_ID}"}})'
    ),
}

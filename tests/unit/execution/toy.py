"""A small membership schema that has every shape a gate can meet. Resolvers record what really ran."""

import asyncio
from collections.abc import AsyncGenerator
from enum import Enum
from typing import Annotated, Any, cast

import strawberry
from graphql import GraphQLSchema

from errors import BadInput
from execution.contract import Contract, ignore, prepare
from execution.denials import TypeAccess
from execution.documents import Documents
from execution.gate import remember_gates
from execution.limits import DEFAULT_LIMITS
from execution.lockable import access_of
from execution.model import Operation
from execution.rules import build_rules
from execution.selection import open_selection
from gating.directives import (
    Audience,
    Authenticated,
    DenyMode,
    Public,
    only_for,
    reads,
    requires,
    requires_any,
    requires_scopes,
)
from gating.model import Access
from tests.unit.execution.trail import CANARY, FEATURES, PlanOffers, Trail

Info = strawberry.Info[Trail, Any]


def hit(info: Info, coordinate: str) -> str:
    info.context.calls.append(coordinate)
    return CANARY + coordinate


@strawberry.enum
class MemberSort(Enum):
    NAME = "NAME"
    CHURN_RISK = strawberry.enum_value(
        "CHURN_RISK", directives=[requires("analytics", mode=DenyMode.REJECT), reads("Member.churnRisk")]
    )


@strawberry.input
class RiskRange:
    above: float | None = strawberry.field(
        default=None, directives=[requires("analytics", mode=DenyMode.REJECT), reads("Member.churnRisk")]
    )
    sort: MemberSort = MemberSort.NAME


@strawberry.input
class MemberFilter:
    name: str | None = None
    risk: RiskRange | None = None
    ranges: list[RiskRange] | None = None


@strawberry.type
class Denial:
    code: str
    feature: str | None
    plans: list[str]
    action: str


@strawberry.type
class AccessView:
    granted: bool
    denial: Denial | None


def view_of(access: TypeAccess) -> AccessView:
    denial = access.denial
    return AccessView(
        granted=access.granted,
        denial=Denial(
            code=denial.code.value,
            feature=denial.feature,
            plans=[offer.plan for offer in denial.required_plans],
            action=denial.action.kind.value,
        )
        if denial
        else None,
    )


@strawberry.interface
class Lockable:
    @strawberry.field
    def access(self) -> AccessView:
        raise NotImplementedError


@strawberry.interface
class Node:
    id: strawberry.ID


@strawberry.interface
class Content:
    title: str

    @strawberry.field
    def body(self) -> str | None:
        return "open body"


@strawberry.type
class Article(Node, Content, Lockable):
    @strawberry.field
    def access(self, info: Info) -> AccessView:
        return view_of(access_of(info, "Article"))

    @strawberry.field(directives=[requires("premium", mode=DenyMode.LOCK)])
    def body(self, info: Info) -> str | None:
        return hit(info, "Article.body")

    @strawberry.field(directives=[requires("premium", mode=DenyMode.LOCK)])
    async def transcript(self, info: Info) -> str | None:
        await asyncio.sleep(0)
        return hit(info, "Article.transcript")


@strawberry.type
class Video(Node, Content):
    """`body` has the same response name as Article's, but is open here."""

    @strawberry.field(directives=[requires("premium")])
    def stream_url(self, info: Info) -> str | None:
        return hit(info, "Video.streamUrl")


@strawberry.type(directives=[requires("reports")])
class Report(Node):
    """Gated as a whole, and reached through a union and `node`, so its fields but `id` are nullable."""

    @strawberry.field
    def summary(self, info: Info) -> str | None:
        return hit(info, "Report.summary")


@strawberry.type(directives=[requires("billing_margin")])
class Margin:
    """Gated as a whole, and reached only through fields, so it may have non-null fields."""

    @strawberry.field
    def percent(self, info: Info) -> str:
        return hit(info, "Margin.percent")


@strawberry.type
class UsagePoint:
    day: str = "2026-01-01"

    @strawberry.field(directives=[requires_any(["usage"], ["enterprise"])])
    def breakdown(self, info: Info) -> list[str] | None:
        return [hit(info, "UsagePoint.breakdown")]


SearchHit = Annotated[
    Article | Video | Annotated["Member", strawberry.lazy("tests.unit.execution.toy")] | Report,
    strawberry.union("SearchHit"),
]


@strawberry.type
class MemberEdge:
    cursor: str
    node: "Member"


@strawberry.type
class MemberConnection:
    edges: list[MemberEdge]


@strawberry.type
class Member(Node):
    name: str = "n"

    @strawberry.field(directives=[requires("analytics")])
    def churn_risk(self, info: Info) -> str | None:
        return hit(info, "Member.churnRisk")

    @strawberry.field(directives=[requires("analytics", "export")])
    async def export_url(self, info: Info) -> str | None:
        await asyncio.sleep(0)
        return hit(info, "Member.exportUrl")

    @strawberry.field(directives=[Authenticated()])
    def email(self, info: Info) -> str | None:
        return hit(info, "Member.email")

    @strawberry.field(directives=[requires_scopes("members:read")])
    def phone(self, info: Info) -> str | None:
        return hit(info, "Member.phone")

    @strawberry.field(directives=[requires("usage")])
    def usage(self, info: Info) -> list[UsagePoint] | None:
        hit(info, "Member.usage")
        return [UsagePoint(), UsagePoint()]

    @strawberry.field
    def open_usage(self) -> list[UsagePoint]:
        return [UsagePoint(), UsagePoint()]

    @strawberry.field
    def margin(self, info: Info) -> Margin | None:
        hit(info, "Member.margin")
        return Margin()

    @strawberry.field(directives=[requires("social")])
    def friends(self, info: Info) -> list["Member"] | None:
        hit(info, "Member.friends")
        return [Member(id=strawberry.ID("f1")), Member(id=strawberry.ID("f2"))]

    @strawberry.field(directives=[only_for(Audience.OPERATOR)])
    def internal_note(self) -> str | None:
        return CANARY + "internal"


@strawberry.type(directives=[only_for(Audience.OPERATOR)])
class Ledger(Node):
    total: str | None = CANARY + "ledger"


@strawberry.type
class Query:
    @strawberry.field
    def node(self, id: strawberry.ID) -> Node | None:
        kinds: dict[str, Any] = {
            "article": Article,
            "video": Video,
            "member": Member,
            "report": Report,
            "ledger": Ledger,
        }
        kind = kinds.get(id.split(":")[0])
        if kind in (Article, Video):
            return kind(id=id, title="t")
        return kind(id=id) if kind else None

    @strawberry.field
    def me(self) -> Member:
        return Member(id=strawberry.ID("1"))

    @strawberry.field
    def members(
        self,
        info: Info,
        order_by: MemberSort = MemberSort.NAME,
        where: MemberFilter | None = None,
        first: int = 3,
        risk_above: Annotated[
            float | None,
            strawberry.argument(directives=[requires("analytics", mode=DenyMode.REJECT), reads("Member.churnRisk")]),
        ] = None,
    ) -> list[Member]:
        if order_by is MemberSort.CHURN_RISK or risk_above is not None:
            hit(info, "sorted by Member.churnRisk")
        info.context.selections.append(dict(open_selection(info).by_type))
        return [Member(id=strawberry.ID(str(number))) for number in range(first)]

    @strawberry.field
    async def member_connection(self, info: Info) -> MemberConnection:
        info.context.selections.append(dict(open_selection(info, "edges", "node").by_type))
        await asyncio.sleep(0)
        return MemberConnection(
            edges=[MemberEdge(cursor=str(n), node=Member(id=strawberry.ID(str(n)))) for n in range(3)]
        )

    @strawberry.field
    def contents(self, info: Info) -> list[Content]:
        info.context.selections.append(dict(open_selection(info).by_type))
        return [Article(id=strawberry.ID("1"), title="a"), Video(id=strawberry.ID("2"), title="v")]

    @strawberry.field
    def search(self) -> list[SearchHit]:
        identity = strawberry.ID
        return [
            Article(id=identity("1"), title="a"),
            Video(id=identity("2"), title="v"),
            Member(id=identity("3")),
            Report(id=identity("4")),
        ]

    @strawberry.field(directives=[requires("reports")])
    def root_report(self, info: Info) -> str | None:
        return hit(info, "Query.rootReport")

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError(CANARY + "secret of the inside")

    @strawberry.field
    def refused(self) -> str | None:
        raise BadInput("`first` must be at most 100: ask for fewer.")

    @strawberry.field(directives=[only_for(Audience.OPERATOR)])
    def ledgers(self) -> list[Ledger]:
        return [Ledger(id=strawberry.ID("l1"))]


@strawberry.type
class Mutation:
    @strawberry.mutation(directives=[requires("export", mode=DenyMode.REJECT)])
    def start_export(self, info: Info) -> str | None:
        return hit(info, "Mutation.startExport")

    @strawberry.mutation(directives=[Public()])
    def rename(self, info: Info, name: str) -> Member:
        info.context.calls.append("Mutation.rename")
        return Member(id=strawberry.ID("1"), name=name)

    @strawberry.mutation(directives=[requires_scopes("content:write")])
    def publish(self, info: Info) -> str | None:
        return hit(info, "Mutation.publish")


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self, n: int = 2) -> AsyncGenerator[Member, None]:
        for number in range(n):
            yield Member(id=strawberry.ID(str(number)))

    @strawberry.subscription(directives=[requires("live", mode=DenyMode.REJECT)])
    async def live(self, info: Info, n: int = 2) -> AsyncGenerator[Member, None]:
        hit(info, "Subscription.live")
        try:
            for number in range(n):
                yield Member(id=strawberry.ID(CANARY + str(number)))
        finally:
            info.context.calls.append("closed Subscription.live")


def build_full() -> strawberry.Schema:
    return strawberry.Schema(
        query=Query, mutation=Mutation, subscription=Subscription, types=[Article, Video, Report, Ledger]
    )


FULL = build_full()


def graphql_schema(schema: strawberry.Schema = FULL) -> GraphQLSchema:
    return cast("GraphQLSchema", vars(schema)["_schema"])


def contract_of(schema: GraphQLSchema | None = None) -> Contract:
    return prepare(schema or graphql_schema(), offers=PlanOffers(), features=FEATURES)


def unchecked_contract(schema: GraphQLSchema) -> Contract:
    """A contract that no static check has passed, for what must hold even then."""
    rules = build_rules(schema)
    documents = Documents(schema, rules, DEFAULT_LIMITS)
    return Contract(schema, rules, PlanOffers(), documents, remember_gates(rules), ignore, ignore, ())


def holding(*features: str, scopes: frozenset[str] = frozenset(), available: bool = True) -> Access:
    return Access(True, frozenset(features), scopes, 42, available)


def ask(query: str, operation_name: str | None = None, **variables: Any) -> Operation:
    return Operation(query, variables, operation_name)

"""Static checks: a fault planted for each, and the healthy schema passes."""

from enum import Enum
from typing import Annotated, Any

import pytest
import strawberry

from errors import NotConfigured
from execution.contract import prepare
from gating.directives import (
    Authenticated,
    DenyMode,
    Public,
    RequiresEntitlement,
    reads,
    requires,
    requires_any,
    requires_scopes,
)
from gating.model import Denied
from gating.ports import Offer
from tests.unit.execution.toy import FEATURES, PlanOffers, contract_of, graphql_schema

GATE = requires("analytics")
REJECT = requires("analytics", mode=DenyMode.REJECT)
LOCK = requires("analytics", mode=DenyMode.LOCK)


def problems_of(query: type, *types: type, **roots: Any) -> list[str]:
    schema = graphql_schema(strawberry.Schema(query, types=list(types), **roots))
    with pytest.raises(NotConfigured) as refused:
        prepare(schema, offers=PlanOffers(), features=FEATURES)
    first, *problems = refused.value.message.split("\n")
    assert first == "The schema cannot be served:"
    return [problem.strip() for problem in problems]


def query_with(annotation: Any, *directives: object) -> type:
    """A Query whose one field has this type and these directives."""

    def value() -> None:
        return None

    value.__annotations__["return"] = annotation
    return strawberry.type(type("Query", (), {"value": strawberry.field(value, directives=list(directives))}))


@strawberry.type
class Plain:
    name: str | None = None


def test_the_healthy_schema_passes_without_a_warning() -> None:
    assert contract_of().warnings == ()


def test_e01_a_gate_on_an_interface() -> None:
    @strawberry.interface(directives=[GATE])
    class Shape:
        name: str | None = None

    @strawberry.type
    class Circle(Shape):
        pass

    assert [problem[:10] for problem in problems_of(query_with(Shape | None), Circle)] == ["E01 Shape:"]


@pytest.mark.parametrize("directive", [GATE, requires_scopes("members:read"), Authenticated()])
def test_e02_an_override_that_drops_the_gate(directive: object) -> None:
    @strawberry.interface
    class Shape:
        @strawberry.field(directives=[directive])
        def area(self) -> int | None:
            return 1

    @strawberry.type
    class Inheriting(Shape):
        other: int = 1

    @strawberry.type
    class Overriding(Shape):
        @strawberry.field
        def area(self) -> int | None:
            return 2

    (problem,) = problems_of(query_with(Shape | None), Inheriting, Overriding)
    assert problem.startswith("E02 Shape.area is gated but Overriding.area is not")


@pytest.mark.parametrize("directives", [[GATE], [requires_scopes("members:read")], [Authenticated()]])
def test_e03_a_gated_non_null_field(directives: list[object]) -> None:
    (problem,) = problems_of(query_with(str, *directives))
    assert problem.startswith("E03 Query.value is gated but non-null")


def test_e03_a_gated_type_that_an_interface_leads_to() -> None:
    @strawberry.interface
    class Node:
        id: strawberry.ID

    @strawberry.type(directives=[GATE])
    class Report(Node):
        summary: str = ""

    (problem,) = problems_of(query_with(Node | None), Report)
    assert problem.startswith("E03 Report.summary"), "its id stays open, its other fields must be nullable"


def test_e03_a_field_that_returns_a_gated_type() -> None:
    @strawberry.type(directives=[GATE])
    class Report:
        summary: str = ""

    (problem,) = problems_of(query_with(list[Report]))
    assert problem.startswith("E03 Query.value")


def test_e04_modes_belong_to_places() -> None:
    @strawberry.type
    class Mutation:
        @strawberry.mutation(directives=[GATE])
        def go(self) -> bool | None:
            return True

    @strawberry.type
    class Holder:
        @strawberry.field(directives=[REJECT])
        def inner(self) -> str | None:
            return None

        @strawberry.field
        def filtered(self, by: Annotated[str | None, strawberry.argument(directives=[GATE])] = None) -> str | None:
            return by

    problems = problems_of(query_with(Holder), mutation=Mutation)
    assert [problem.split(" ")[:2] for problem in problems] == [
        ["E04", "Holder.inner"],
        ["E04", "Mutation.go"],
        ["E04", "Holder.filtered(by:)"],
    ]


def test_w05_a_gated_id() -> None:
    @strawberry.type
    class Thing:
        @strawberry.field(directives=[GATE])
        def id(self) -> strawberry.ID | None:
            return None

    assert contract_of(graphql_schema(strawberry.Schema(query_with(Thing)))).warnings == (
        "W05 Thing.id is gated: normalised caches need it, gate the other fields",
    )


def test_e06_required_input_that_is_gated() -> None:
    @strawberry.input
    class Filter:
        risk: float = strawberry.field(directives=[REJECT])

    @strawberry.type
    class Query:
        @strawberry.field
        def value(self, by: Annotated[int, strawberry.argument(directives=[REJECT])], where: Filter) -> str | None:
            return None

    problems = problems_of(Query)
    assert [problem.split(" is ")[0] for problem in problems] == ["E06 Query.value(by:)", "E06 Filter.risk"]


def test_e07_a_gated_default() -> None:
    @strawberry.enum
    class Sort(Enum):
        NAME = "NAME"
        RISK = strawberry.enum_value("RISK", directives=[REJECT])

    @strawberry.input
    class Order:
        by: Sort = Sort.RISK

    @strawberry.type
    class Query:
        @strawberry.field
        def one(self, sort: Sort = Sort.RISK, order: Order | None = None) -> str | None:
            return None

        @strawberry.field
        def many(self, sorts: list[Sort] = [Sort.NAME, Sort.RISK]) -> str | None:  # noqa: B006 - a schema's default
            return None

    assert problems_of(Query) == [
        "E07 the default of Query.one(sort:) is the gated Sort.RISK",
        "E07 the default of Query.many(sorts:) is the gated Sort.RISK",
        "E07 the default of Order.by is the gated Sort.RISK",
    ]


def test_e08_surfaces_that_tell_a_gated_value() -> None:
    @strawberry.enum
    class Sort(Enum):
        OPEN = strawberry.enum_value("OPEN", directives=[reads("Query.risk")])
        GATED = strawberry.enum_value("GATED", directives=[reads("Query.risk"), REJECT])
        OTHER = strawberry.enum_value(
            "OTHER", directives=[reads("Query.risk"), requires("social", mode=DenyMode.REJECT)]
        )
        STRICTER = strawberry.enum_value(
            "STRICTER", directives=[reads("Query.risk"), requires("analytics", "social", mode=DenyMode.REJECT)]
        )
        LOOSER = strawberry.enum_value(
            "LOOSER",
            directives=[reads("Query.risk"), requires_any(["analytics"], ["social"], mode=DenyMode.REJECT)],
        )
        LOST = strawberry.enum_value("LOST", directives=[reads("Query.nowhere")])

    @strawberry.input
    class Filter:
        above: float | None = strawberry.field(default=None, directives=[reads("Query.risk")])

    @strawberry.type
    class Query:
        @strawberry.field(directives=[GATE])
        def risk(self) -> float | None:
            return None

        @strawberry.field(directives=[reads("Query.risk")])
        def risk_band(self, sort: Sort | None = None, where: Filter | None = None) -> str | None:
            return None

        @strawberry.field(directives=[GATE, reads("Query.risk")])
        def gated_band(self) -> str | None:
            return None

    assert sorted(problem.split(" but ")[0] for problem in problems_of(Query)) == [
        "E08 Filter.above reads Query.risk",
        "E08 Query.riskBand reads Query.risk",
        "E08 Sort.LOOSER reads Query.risk",
        "E08 Sort.LOST reads Query.nowhere, which is not in this schema: correct the name, or hide both",
        "E08 Sort.OPEN reads Query.risk",
        "E08 Sort.OTHER reads Query.risk",
    ]


def test_e09_an_unknown_feature_names_the_nearest() -> None:
    (problem,) = problems_of(query_with(str | None, requires("analitycs")))
    assert problem == "E09 Query.value asks for the unknown feature 'analitycs': did you mean 'analytics'?"
    (problem,) = problems_of(query_with(str | None, requires("zzz")))
    assert problem.endswith("declare it in the catalogue")


def test_w10_a_feature_that_no_plan_has() -> None:
    class NothingOnSale:
        def for_denial(self, denied: Denied) -> tuple[Offer, ...]:
            return ()

    schema = graphql_schema(strawberry.Schema(query_with(str | None, GATE)))
    contract = prepare(schema, offers=NothingOnSale(), features=FEATURES)
    assert contract.warnings == ("W10 feature 'analytics' is in no plan on sale: nobody can get what it gates",)


def test_e11_e12_lock_needs_lockable_and_one_rule() -> None:
    @strawberry.type
    class Lesson:
        @strawberry.field(directives=[LOCK])
        def body(self) -> str | None:
            return None

        @strawberry.field(directives=[requires("premium", mode=DenyMode.LOCK)])
        def video(self) -> str | None:
            return None

    problems = problems_of(query_with(Lesson))
    assert [problem.split(":")[0] for problem in problems] == [
        "E11 Lesson.body, Lesson.video",
        "E12 Lesson.body, Lesson.video",
    ]


@pytest.mark.parametrize("gate", [RequiresEntitlement(any_of=[]), RequiresEntitlement(any_of=[[], ["analytics"]])])
def test_e13_a_gate_that_names_nothing(gate: RequiresEntitlement) -> None:
    (problem,) = problems_of(query_with(str | None, gate))
    assert problem.startswith("E13 Query.value")


def test_e14_a_mutation_that_nobody_thought_about() -> None:
    @strawberry.type
    class Mutation:
        @strawberry.mutation
        def forgotten(self) -> bool:
            return True

        @strawberry.mutation(directives=[Public()])
        def open(self) -> bool:
            return True

        @strawberry.mutation(directives=[requires_scopes("content:write")])
        def scoped(self) -> bool | None:
            return True

        @strawberry.mutation(directives=[Authenticated()])
        def for_members(self) -> bool | None:
            return True

        @strawberry.mutation(directives=[REJECT])
        def gated(self) -> bool | None:
            return True

    (problem,) = problems_of(query_with(str | None), mutation=Mutation)
    assert problem.startswith("E14 Mutation.forgotten has neither")


def test_every_problem_is_told_at_once() -> None:
    assert len(problems_of(query_with(str, requires("nope", "neither")))) == 3

"""What is refused before anything runs: roots with effects, and gated input in every form it can take."""

from typing import Annotated, Any

import pytest
import strawberry

from execution.execute import execute
from execution.model import Answer
from gating.directives import DenyMode, requires
from gating.model import NOBODY, Access
from tests.unit.execution.toy import Trail, ask, contract_of, graphql_schema, holding

CONTRACT = contract_of()
CHURN = "MemberSort.CHURN_RISK"
ABOVE = "RiskRange.above"

INPUTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "enum literal": ("{ members(orderBy: CHURN_RISK) { id } }", {}, CHURN),
    "enum variable": ("query ($o: MemberSort!) { members(orderBy: $o) { id } }", {"o": "CHURN_RISK"}, CHURN),
    "enum variable default": ("query ($o: MemberSort! = CHURN_RISK) { members(orderBy: $o) { id } }", {}, CHURN),
    "enum in an input literal": ("{ members(where: {risk: {sort: CHURN_RISK}}) { id } }", {}, CHURN),
    "enum variable in an input literal": (
        "query ($o: MemberSort!) { members(where: {ranges: [{sort: $o}]}) { id } }",
        {"o": "CHURN_RISK"},
        CHURN,
    ),
    "enum in an input variable": (
        "query ($w: MemberFilter) { members(where: $w) { id } }",
        {"w": {"risk": {"sort": "CHURN_RISK"}}},
        CHURN,
    ),
    "field literal": ("{ members(where: {risk: {above: 1}}) { id } }", {}, ABOVE),
    "field of a list item": ("{ members(where: {ranges: [{sort: NAME}, {above: 1}]}) { id } }", {}, ABOVE),
    "field where one item stands for a list": ("{ members(where: {ranges: {above: 1}}) { id } }", {}, ABOVE),
    "field variable": ("query ($a: Float) { members(where: {risk: {above: $a}}) { id } }", {"a": 1}, ABOVE),
    "field in a variable": (
        "query ($w: MemberFilter) { members(where: $w) { id } }",
        {"w": {"ranges": [{}, {"above": 1}]}},
        ABOVE,
    ),
    "field in a variable, one for a list": (
        "query ($w: MemberFilter) { members(where: $w) { id } }",
        {"w": {"ranges": {"above": 1}}},
        ABOVE,
    ),
    "field in a variable default": (
        "query ($w: MemberFilter = {risk: {above: 1}}) { members(where: $w) { id } }",
        {},
        ABOVE,
    ),
    "field variable inside a list": (
        "query ($r: RiskRange!) { members(where: {ranges: [$r]}) { id } }",
        {"r": {"above": 1}},
        ABOVE,
    ),
    "explicit null": ("{ members(where: {risk: {above: null}}) { id } }", {}, ABOVE),
    "argument literal": ("{ members(riskAbove: 1) { id } }", {}, "Query.members(riskAbove:)"),
    "argument variable": ("query ($a: Float) { members(riskAbove: $a) { id } }", {"a": 1}, "Query.members(riskAbove:)"),
    "argument variable default": (
        "query ($a: Float = 1) { members(riskAbove: $a) { id } }",
        {},
        "Query.members(riskAbove:)",
    ),
    "argument under an alias": (
        "{ open: members { id } m: members(riskAbove: 1) { id } }",
        {},
        "Query.members(riskAbove:)",
    ),
    "argument in a fragment": (
        "{ ...F } fragment F on Query { ...G } fragment G on Query { members(riskAbove: 1) { id } }",
        {},
        "Query.members(riskAbove:)",
    ),
}

UNUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing gated is named": ("{ members(orderBy: NAME, where: {risk: {sort: NAME}}) { id } }", {}),
    "the field is skipped": ("{ me { id } members(riskAbove: 1, orderBy: CHURN_RISK) @skip(if: true) { id } }", {}),
    "the fragment is not included": (
        "query ($no: Boolean!) { me { id } ... @include(if: $no) { members(riskAbove: 1) { id } } }",
        {"no": False},
    ),
    "the variable has no value": (
        "query ($a: Float, $o: Float) { members(riskAbove: $a, where: {risk: {above: $o}}) { id } }",
        {},
    ),
    "the variable overrides its default": (
        "query ($o: MemberSort! = CHURN_RISK) { members(orderBy: $o) { id } }",
        {"o": "NAME"},
    ),
}


async def run(query: str, access: Access, operation_name: str | None = None, **variables: Any) -> tuple[Answer, Trail]:
    trail = Trail(access)
    return await execute(CONTRACT, ask(query, operation_name, **variables), trail), trail


def refused(answer: Answer, *coordinates: str) -> bool:
    denied = [detail["coordinate"] for detail in answer.extensions["entitlements"]["denied"]]
    return answer.request_error and "data" not in answer.payload() and denied == list(coordinates)


@pytest.mark.parametrize("name", INPUTS)
async def test_gated_input_is_refused_before_anything_runs(name: str) -> None:
    query, variables, coordinate = INPUTS[name]
    answer, trail = await run(query, holding(), **variables)
    assert refused(answer, coordinate)
    assert answer.errors == [
        {
            "message": "Not included in your plan.",
            "extensions": {"code": "ENTITLEMENT_REQUIRED", "feature": "analytics"},
        }
    ]
    assert trail.calls == []
    assert trail.selections == []


@pytest.mark.parametrize("name", INPUTS)
async def test_the_same_input_is_taken_from_whoever_holds_the_feature(name: str) -> None:
    query, variables, _ = INPUTS[name]
    answer, _ = await run(query, holding("analytics"), **variables)
    assert not answer.errors


@pytest.mark.parametrize("name", UNUSED)
async def test_input_that_is_not_used_is_no_denial(name: str) -> None:
    query, variables = UNUSED[name]
    answer, _ = await run(query, holding(), **variables)
    assert not answer.errors


async def test_all_refused_coordinates_are_told_at_once_with_their_uses() -> None:
    answer, _ = await run(
        "{ a: members(riskAbove: 1, orderBy: CHURN_RISK) { id } b: members(riskAbove: 2) { id } }", NOBODY
    )
    assert refused(answer, "Query.members(riskAbove:)", CHURN)
    assert [detail["positions"] for detail in answer.extensions["entitlements"]["denied"]] == [2, 1]
    assert len(answer.errors) == 2


async def test_a_gated_argument_of_an_interface_field_is_found_on_its_implementers() -> None:
    @strawberry.interface
    class Shape:
        @strawberry.field
        def area(self, exact: bool = False) -> int:
            return 1

    gate = strawberry.argument(directives=[requires("analytics", mode=DenyMode.REJECT)])

    @strawberry.type
    class Circle(Shape):
        @strawberry.field
        def area(self, exact: Annotated[bool, gate] = False) -> int:
            return 2

    @strawberry.type
    class Query:
        @strawberry.field
        def shape(self) -> Shape:
            return Circle()

    contract = contract_of(graphql_schema(strawberry.Schema(Query, types=[Circle])))
    answer = await execute(contract, ask("{ shape { area(exact: true) } }"), Trail(holding()))
    assert refused(answer, "Circle.area(exact:)")


async def test_a_root_with_effects_is_refused_and_its_siblings_do_not_run() -> None:
    answer, trail = await run('mutation { rename(name: "x") { id } startExport }', holding())
    assert refused(answer, "Mutation.startExport")
    assert trail.calls == []


async def test_a_scope_gates_a_mutation_in_the_same_way() -> None:
    answer, trail = await run("mutation { ...F } fragment F on Mutation { p: publish }", holding())
    assert refused(answer, "Mutation.publish")
    assert trail.calls == []
    allowed, trail = await run("mutation { publish }", holding(scopes=frozenset({"content:write"})))
    assert (allowed.errors, trail.calls) == ((), ["Mutation.publish"])


async def test_a_skipped_root_is_not_refused() -> None:
    answer, _ = await run('mutation { rename(name: "x") { id } startExport @skip(if: true) }', holding())
    assert answer == Answer({"rename": {"id": "1"}})


async def test_only_the_operation_that_runs_is_judged() -> None:
    query = "query Open { me { id } } query Gated { members(orderBy: CHURN_RISK) { id } } mutation M { startExport }"
    answer, _ = await run(query, holding(), "Open")
    assert answer == Answer({"me": {"id": "1"}})
    gated, _ = await run(query, holding(), "Gated")
    assert refused(gated, CHURN)
    mutation, _ = await run(query, holding(), "M")
    assert refused(mutation, "Mutation.startExport")


@pytest.mark.parametrize("operation_name", [None, "Neither", ""])
async def test_an_operation_that_is_not_clear_is_a_request_error(operation_name: str | None) -> None:
    answer, trail = await run("query A { rootReport } query B { me { id } }", holding(), operation_name)
    assert answer.request_error
    assert answer.errors[0]["extensions"] == {"code": "OPERATION_RESOLUTION_FAILURE"}
    assert trail.calls == []


async def test_a_wrong_variable_is_a_request_error_that_suggests_nothing() -> None:
    answer, _ = await run("query ($o: MemberSort!) { members(orderBy: $o) { id } }", holding(), o="CHURN_RISC")
    assert answer.request_error
    assert answer.errors[0]["extensions"] == {"code": "BAD_INPUT"}
    assert "CHURN_RISK" not in str(answer.payload())


async def test_a_subscription_cannot_be_executed_as_a_query() -> None:
    answer, trail = await run("subscription { live { id } }", holding("live"))
    assert answer.request_error
    assert trail.calls == []

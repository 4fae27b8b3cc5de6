"""The generated leak test on the toy schema: exact answers for every gate, way, shape and plan."""

from dataclasses import replace
from typing import Any

import pytest
from graphql import GraphQLField, is_required_argument

from execution.contract import Contract
from execution.execute import execute, interpret, subscribe
from execution.model import Answer, Operation
from gating.model import NOBODY, Access
from tests.leak.cases import Case, field_cases
from tests.leak.mutants import find_holes, forgetting
from tests.leak.oracle import Log, denials_of, denied_resolvers, differences, expected_answer, record_resolvers
from tests.unit.execution.toy import build_full, contract_of, graphql_schema, holding
from tests.unit.execution.trail import CANARY, FEATURES, PLANS, Trail

SCHEMA = graphql_schema(build_full())
CONTRACT = contract_of(SCHEMA)
LOG = Log()
record_resolvers(SCHEMA, LOG)
SCOPES = frozenset({"members:read", "content:write"})
EVERYTHING = holding(*FEATURES, scopes=SCOPES)
CALLERS = {"nobody": NOBODY, "scoped": holding(scopes=SCOPES), "pro": holding(*PLANS["pro"])}


def arguments(owner: str, name: str, field: GraphQLField, target: str) -> str | None:
    if (owner, name) == ("Query", "node"):
        return f'(id: "{target.lower()}:1")' if target in ("Article", "Video", "Member", "Report", "Ledger") else None
    return '(name: "x")' if any(map(is_required_argument, field.args.values())) else ""


CASES = field_cases(CONTRACT, arguments)


async def answers_of(
    case: Case, access: Access, contract: Contract = CONTRACT, *, planned: bool = True
) -> list[Answer]:
    LOG.empty()
    operation = Operation(case.query, case.variables, case.operation_name)
    if case.arrival.operation == "subscription":
        return [answer async for answer in subscribe(contract, operation, Trail(access), planned=planned)]
    return [await (execute if planned else interpret)(contract, operation, Trail(access))]


def wrong_with(case: Case, answers: list[Answer], reference: list[Any], access: Access) -> list[str]:
    denials = denials_of(CONTRACT.rules, access)
    found = [f"resolved {name}" for name in denied_resolvers(LOG.resolved, denials)]
    told = str([answer.payload() for answer in answers])
    found += [f"leaked {one.rule.coordinate}" for one in denials.values() if CANARY + one.rule.coordinate in told]
    expected = [expected_answer(case.arrival.operation, data, positions, denials) for data, positions in reference]
    if expected[0].rejected:
        return found + differences(answers[0], expected[0])
    for answer, should in zip(answers, expected, strict=True):
        found += differences(answer, should)
    return found


async def reference_of(case: Case) -> list[Any]:
    """(ungated data, what was resolved) for each event."""
    answers = await answers_of(case, EVERYTHING, planned=False)
    assert not [answer.errors for answer in answers if answer.errors], case
    return [(answer.data, list(LOG.resolved)) for answer in answers]


@pytest.mark.parametrize("coordinate", sorted({case.coordinate for case in CASES}))
async def test_every_gate_in_every_shape_for_every_caller(coordinate: str) -> None:
    for case in (case for case in CASES if case.coordinate == coordinate):
        reference = await reference_of(case)
        for caller, access in CALLERS.items():
            wrong = wrong_with(case, await answers_of(case, access), reference, access)
            assert not wrong, f"{caller}: {case}: {wrong}"


HOLES = {
    name: closed for name, closed in find_holes(SCHEMA).items() if any(case.coordinate in closed for case in CASES)
}


@pytest.mark.parametrize("name", HOLES)
async def test_a_gate_that_is_declared_but_not_enforced_is_found(name: str) -> None:
    contract = replace(CONTRACT, gate_for=forgetting(CONTRACT.gate_for, HOLES[name]))
    for case in (case for case in CASES if case.coordinate in HOLES[name]):
        reference = await reference_of(case)
        if wrong_with(case, await answers_of(case, NOBODY, contract), reference, NOBODY):
            return
    pytest.fail(f"no case noticed that {name} is open")


def test_every_gate_way_and_shape_has_a_case() -> None:
    coordinates = {f"{owner}.{name}" for owner, rules in CONTRACT.rules.fields.items() for name in rules}
    assert {case.coordinate for case in CASES} == coordinates
    kinds = {kind for case in CASES for kind in case.arrival.kinds}
    assert kinds >= {"interface", "union", "node(id:)", "connection", "nested list", "mutation payload", "subscription"}

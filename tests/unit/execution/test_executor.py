"""The gated executor: what is denied is null, never resolved, told once for each position, and keeps its place."""

from typing import Any

import pytest
import strawberry

from execution.contract import Contract, prepare
from execution.execute import execute
from execution.model import Answer
from gating.directives import requires
from gating.model import NOBODY, Access, Denied
from tests.unit.execution.toy import (
    CANARY,
    FEATURES,
    PlanOffers,
    Trail,
    ask,
    contract_of,
    graphql_schema,
    holding,
    unchecked_contract,
)

CONTRACT = contract_of()


async def run(
    query: str, access: Access = NOBODY, contract: Contract = CONTRACT, **variables: Any
) -> tuple[Answer, Trail]:
    trail = Trail(access)
    return await execute(contract, ask(query, **variables), trail), trail


async def test_a_denied_field_is_null_with_one_lean_error_for_each_position() -> None:
    answer, trail = await run("{ members(first: 2) { id risk: churnRisk } }", holding())
    assert answer.data == {"members": [{"id": "0", "risk": None}, {"id": "1", "risk": None}]}
    lean = {
        "message": "Not included in your plan.",
        "extensions": {"code": "ENTITLEMENT_REQUIRED", "feature": "analytics"},
    }
    assert answer.errors == [{**lean, "path": ["members", 0, "risk"]}, {**lean, "path": ["members", 1, "risk"]}]
    assert answer.extensions == {
        "entitlements": {
            "version": 42,
            "denied": [
                {
                    "coordinate": "Member.churnRisk",
                    "code": "ENTITLEMENT_REQUIRED",
                    "anyOf": [["analytics"]],
                    "requiredPlans": ["pro", "enterprise"],
                    "action": {"kind": "UPGRADE", "plan": "pro"},
                    "positions": 2,
                }
            ],
        }
    }
    assert trail.calls == []


async def test_following_the_action_makes_the_same_query_succeed() -> None:
    answer, trail = await run("{ me { churnRisk } }", holding("analytics"))
    assert answer == Answer({"me": {"churnRisk": CANARY + "Member.churnRisk"}})
    assert trail.calls == ["Member.churnRisk"]


async def test_keys_keep_the_order_of_the_document() -> None:
    answer, _ = await run("{ me { churnRisk name exportUrl id usage { day } } }", holding("usage"))
    assert answer.data is not None
    assert list(answer.data["me"]) == ["churnRisk", "name", "exportUrl", "id", "usage"]


async def test_errors_come_in_document_order_then_by_index() -> None:
    answer, _ = await run("{ members { name exportUrl churnRisk } me { churnRisk } }", holding())
    paths = [error["path"] for error in answer.errors]
    assert paths == [
        *(["members", index, "exportUrl"] for index in range(3)),
        *(["members", index, "churnRisk"] for index in range(3)),
        ["me", "churnRisk"],
    ]


async def test_the_same_name_is_decided_by_the_runtime_type() -> None:
    answer, _ = await run("{ contents { __typename body } }", holding())
    assert answer == Answer(
        {"contents": [{"__typename": "Article", "body": None}, {"__typename": "Video", "body": "open body"}]}
    )


async def test_lock_is_silent_and_its_denial_is_data() -> None:
    query = "{ contents { ... on Article { transcript access { granted denial { code feature plans action } } } } }"
    answer, trail = await run(query, holding())
    denial = {
        "code": "ENTITLEMENT_REQUIRED",
        "feature": "premium",
        "plans": ["basic", "pro", "enterprise"],
        "action": "UPGRADE",
    }
    assert answer == Answer({"contents": [{"transcript": None, "access": {"granted": False, "denial": denial}}, {}]})
    assert trail.calls == []


async def test_access_is_granted_to_whoever_may_see_the_lock_fields() -> None:
    answer, _ = await run("{ contents { ... on Article { access { granted denial { code } } } } }", holding("premium"))
    assert answer == Answer({"contents": [{"access": {"granted": True, "denial": None}}, {}]})


@pytest.mark.parametrize(
    ("access", "code", "action"),
    [
        (NOBODY, "ENTITLEMENT_REQUIRED", {"kind": "SIGN_IN", "plan": "pro"}),
        (holding(), "ENTITLEMENT_REQUIRED", {"kind": "UPGRADE", "plan": "pro"}),
        (holding("analytics", available=False), "UNAVAILABLE", {"kind": "RETRY", "plan": None}),
    ],
)
async def test_the_action_is_what_lifts_the_denial(access: Access, code: str, action: dict[str, Any]) -> None:
    answer, trail = await run("{ me { churnRisk } }", access)
    assert answer.data == {"me": {"churnRisk": None}}
    (detail,) = answer.extensions["entitlements"]["denied"]
    assert (detail["code"], detail["action"]) == (code, action)
    assert trail.calls == []


async def test_authentication_and_scopes_are_rules_of_their_own() -> None:
    query = "{ me { email phone } }"
    stranger, _ = await run(query, NOBODY)
    assert [error["extensions"] for error in stranger.errors] == [
        {"code": "UNAUTHENTICATED"},
        {"code": "SCOPE_REQUIRED"},
    ]
    signed_in, _ = await run(query, holding())
    assert [error["extensions"]["code"] for error in signed_in.errors] == ["SCOPE_REQUIRED"]
    (detail,) = signed_in.extensions["entitlements"]["denied"]
    assert (detail["anyOf"], detail["action"]) == ([["members:read"]], {"kind": "REQUEST_SCOPE", "plan": None})
    scoped, _ = await run(query, holding(scopes=frozenset({"members:read"})))
    assert not scoped.errors


async def test_any_alternative_is_enough() -> None:
    for features in (("usage",), ("enterprise",)):
        answer, _ = await run("{ me { openUsage { breakdown } } }", holding(*features))
        assert not answer.errors
    denied, _ = await run("{ me { openUsage { breakdown } } }", holding("analytics"))
    assert denied.extensions["entitlements"]["denied"][0]["anyOf"] == [["enterprise"], ["usage"]]


async def test_a_gated_type_gates_the_field_that_returns_it_and_its_own_fields_but_id() -> None:
    answer, trail = await run(
        '{ me { margin { percent } } node(id: "report:1") { id ... on Report { summary } } }', holding()
    )
    assert answer.data == {"me": {"margin": None}, "node": {"id": "report:1", "summary": None}}
    assert [error["path"] for error in answer.errors] == [["me", "margin"], ["node", "summary"]]
    assert trail.calls == []


async def test_what_skip_and_include_leave_out_is_no_denial() -> None:
    query = "query ($no: Boolean!) { me { id churnRisk @include(if: $no) ... @skip(if: true) { exportUrl } } }"
    answer, _ = await run(query, holding(), no=False)
    assert answer == Answer({"me": {"id": "1"}})


async def test_one_decision_serves_a_whole_list() -> None:
    denied: list[Denied] = []
    contract = prepare(graphql_schema(), offers=PlanOffers(), features=FEATURES, on_denied=denied.append)
    answer, _ = await run("{ members(first: 200) { churnRisk } }", holding(), contract)
    assert len(answer.errors) == 200
    assert [one.rule.coordinate for one in denied] == ["Member.churnRisk"]
    assert len({id(error["extensions"]) for error in answer.errors}) == 1, "the positions of one selection share it"


async def test_lock_and_reject_are_counted_too() -> None:
    denied: list[Denied] = []
    contract = prepare(graphql_schema(), offers=PlanOffers(), features=FEATURES, on_denied=denied.append)
    await run("{ contents { body } }", holding(), contract)
    await run("mutation { startExport }", holding(), contract)
    assert [one.rule.coordinate for one in denied] == ["Article.body", "Mutation.startExport"]


async def test_callers_who_hold_the_same_relevant_part_share_one_gate() -> None:
    gates = [
        CONTRACT.gate_for(access)
        for access in (holding("analytics"), Access(True, frozenset({"analytics", "unknown"}), frozenset({"x"}), 7))
    ]
    assert gates[0] is gates[1]
    assert CONTRACT.gate_for(holding()) is not gates[0]


async def test_a_denied_non_null_field_takes_its_parent_with_it() -> None:
    """Static checks keep gates off non-null fields. Were one there all the same, nothing would leak."""

    @strawberry.type
    class Holder:
        @strawberry.field(directives=[requires("analytics")])
        def secret(self) -> str:
            return CANARY

    @strawberry.type
    class Query:
        @strawberry.field
        def member(self) -> Holder | None:
            return Holder()

    contract = unchecked_contract(graphql_schema(strawberry.Schema(Query)))
    answer = await execute(contract, ask("{ member { secret } }"), Trail(holding()))
    assert answer.data == {"member": None}
    assert [error["path"] for error in answer.errors] == [["member", "secret"]]

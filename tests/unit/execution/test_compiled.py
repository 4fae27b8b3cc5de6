"""Plans: shared by all who are denied the same, told apart where that matters, and gone when they are done."""

import gc
from dataclasses import dataclass

from graphql.execution.values import VariableValues

from execution.compiled import prepared_for
from execution.documents import Document
from execution.execute import execute
from gating.model import Access
from tests.unit.execution.toy import ask, contract_of, holding
from tests.unit.execution.trail import Trail

MEMBERS = "query($more: Boolean = true) { members { id name churnRisk friends @include(if: $more) { id } } }"


async def test_one_plan_serves_all_who_are_denied_the_same() -> None:
    contract = contract_of()
    for access in (holding("analytics"), holding("analytics", "export"), holding("analytics", "usage")):
        await execute(contract, ask(MEMBERS), Trail(access))
    assert len(contract.plans.by_denials) == 1
    await execute(contract, ask(MEMBERS), Trail(holding()))
    await execute(contract, ask(MEMBERS, more=False), Trail(holding()))
    assert len(contract.plans.by_denials) == 3


async def test_what_is_included_is_part_of_what_a_plan_is_for() -> None:
    contract = contract_of()
    shown = {}
    for more in (True, False, True):
        answer = await execute(contract, ask(MEMBERS, more=more), Trail(holding("social", "analytics")))
        assert answer.data is not None
        shown[more] = "friends" in answer.data["members"][0]
    assert shown == {True: True, False: False}


async def test_a_feature_lost_between_two_runs_is_lost_at_once() -> None:
    contract = contract_of()

    async def risks(access: Access) -> set[bool]:
        answer = await execute(contract, ask(MEMBERS), Trail(access))
        assert answer.data is not None
        return {member["churnRisk"] is None for member in answer.data["members"]}

    held = [await risks(holding(*features)) for features in (("analytics",), (), ("analytics",), ("analytics",), ())]
    assert held == [{False}, {True}, {False}, {False}, {True}]


async def test_a_run_leaves_nothing_to_the_collector() -> None:
    """Were a run to hold itself, all it read would stay until the collector comes: half of what a long list costs."""
    contract = contract_of()
    for _ in range(3):
        await execute(contract, ask(MEMBERS), Trail(holding("social")))
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            await execute(contract, ask(MEMBERS), Trail(holding("social")))
        assert gc.collect() == 0
    finally:
        gc.enable()


@dataclass
class Heavy:
    weight: int = 9_000


async def test_plans_are_forgotten_when_they_are_too_heavy() -> None:
    contract = contract_of()
    document = contract.documents.find(MEMBERS)
    assert isinstance(document, Document)
    gates = [contract.gate_for(holding(*features)) for features in ((), ("social",), ("analytics",))]
    prepared = prepared_for(contract, document, None)
    assert prepared is not None
    for gate in gates:
        for more in (True, False, None):
            contract.plans.keep(prepared, gate, VariableValues({}, {"more": more}), Heavy())
    first, last = (contract.plans.find(prepared, gate, VariableValues({}, {"more": True})) for gate in gates[::2])
    assert (contract.plans.weight, len(contract.plans.by_denials)) == (45_000, 5)
    assert (first, last) == (None, Heavy())

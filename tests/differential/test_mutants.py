"""The comparison itself: every wrong compiler is noticed, by documents like those the right one is compared on."""

from random import Random

import pytest

from execution.model import Operation
from tests.differential.check import Run, differing
from tests.differential.documents import Drawn, draw_operation
from tests.differential.drawing import DROPPED
from tests.differential.mutants import MUTANTS
from tests.differential.test_things import ACCESSES, CONTRACT, VALUES, ask_with

pytestmark = DROPPED

MOST_DOCUMENTS = 60
"""Fewer than are compared in each run of the tests."""

GATES = (
    "{ thing(number: 4) { hidden { number } } }",
    "{ things(count: 3) { locked { number } access { granted } } }",
    '{ composites(wanted: {name: "a", gated: 1}) }',
)
"""Among so many fields the gated ones are seldom drawn."""


async def notices(mutant: Run) -> bool:
    drawn = [draw_operation(Random(number), CONTRACT.schema, VALUES) for number in range(MOST_DOCUMENTS)]
    for each in (*(Drawn(query, [{}]) for query in GATES), *drawn):
        for access in ACCESSES[1:3]:
            for variables in each.variables:
                operation = Operation(each.query, variables, each.operation_name)
                if await differing(ask_with(access), operation, mutant):
                    return True
    return False


@pytest.mark.parametrize("name", MUTANTS)
async def test_a_wrong_compiler_is_noticed(name: str) -> None:
    assert await notices(MUTANTS[name]()), f"nothing showed that it {name}"

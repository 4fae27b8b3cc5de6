"""What changes things: the same answers, whether the executor ran or a plan."""

from random import Random

import pytest
from hypothesis import given, settings

from execution.execute import execute, interpret
from execution.model import Operation
from tests.differential.compare import differences
from tests.differential.documents import draw_operation
from tests.differential.drawing import DROPPED, FIXED, RANDOMS
from tests.differential.values import Values
from tests.differential.world import CONTRACTS, World

pytestmark = [pytest.mark.asyncio(loop_scope="session"), DROPPED]


@pytest.mark.parametrize("contract", CONTRACTS)
@settings(FIXED, max_examples=40)
@given(random=RANDOMS)
async def test_mutations_on_two_equal_worlds(
    one_twin: World, other_twin: World, values: Values, contract: str, random: Random
) -> None:
    """One is changed by the executor, the other by plans; what is answered later depends on what was done before."""
    drawn = draw_operation(random, one_twin.contracts[contract].schema, values, "mutation")
    for caller in one_twin.callers_of(contract):
        if caller.access is not None:
            continue  # before a mutation the store is asked, whatever was held so far
        for variables in drawn.variables:
            operation = Operation(drawn.query, variables, drawn.operation_name)
            expected = await one_twin.ask_as(caller)(interpret, operation)
            found = differences(expected, await other_twin.ask_as(caller)(execute, operation))
            assert not found, "\n".join([caller.name, str(drawn), *found])

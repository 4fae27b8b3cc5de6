"""The served schema, every kind of caller, generated rows: the compiled answer is the interpreted one."""

from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.differential.check import check
from tests.differential.documents import draw_operation
from tests.differential.values import Values
from tests.differential.world import CONTRACTS, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIXED = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
)
RANDOMS = st.randoms(use_true_random=True)


@pytest.mark.parametrize("contract", CONTRACTS)
@settings(FIXED, max_examples=60)
@given(random=RANDOMS)
async def test_queries(world: World, values: Values, contract: str, random: Random) -> None:
    drawn = draw_operation(random, world.contracts[contract].schema, values)
    await check(world, world.callers_of(contract), drawn)


@pytest.mark.parametrize("contract", CONTRACTS)
@settings(FIXED, max_examples=20)
@given(random=RANDOMS)
async def test_queries_over_rows_that_cannot_be_told(
    broken_world: World, values: Values, contract: str, random: Random
) -> None:
    drawn = draw_operation(random, broken_world.contracts[contract].schema, values)
    await check(broken_world, broken_world.callers_of(contract), drawn)

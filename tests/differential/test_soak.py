"""More of the same, by seeds of its own each time: together more than 100,000 answers compared."""

from random import Random

import pytest
from hypothesis import given, settings

from tests.differential.documents import draw_operation
from tests.differential.drawing import ANEW, DROPPED, RANDOMS
from tests.differential.test_served import check_for_all
from tests.differential.test_things import CONTRACT, VALUES, check_things
from tests.differential.values import Values
from tests.differential.world import CONTRACTS, World

pytestmark = [pytest.mark.soak, pytest.mark.asyncio(loop_scope="session"), DROPPED]

PARTS = range(8)
DOCUMENTS = 500
"""In each part; a document is asked by two to five callers with up to two sets of variables, and planned twice."""


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("part", PARTS)
@settings(ANEW, max_examples=DOCUMENTS)
@given(random=RANDOMS)
async def test_queries(world: World, values: Values, contract: str, part: int, random: Random) -> None:
    await check_for_all(world, contract, draw_operation(random, world.contracts[contract].schema, values))


@pytest.mark.parametrize("part", PARTS)
@settings(ANEW, max_examples=2 * DOCUMENTS)
@given(random=RANDOMS)
async def test_things(part: int, random: Random) -> None:
    await check_things(draw_operation(random, CONTRACT.schema, VALUES))

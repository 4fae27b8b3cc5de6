"""One document asked by many in turn: no plan is carried over to whom, or to what, it was not made for."""

from random import Random

from hypothesis import given, settings

from execution.execute import execute
from execution.model import Operation
from gating.model import Access
from tests.differential.check import differing
from tests.differential.documents import draw_operation
from tests.differential.drawing import DROPPED, FIXED, RANDOMS
from tests.differential.herd import Herd
from tests.differential.test_things import ACCESSES, CONTRACT, VALUES, ask_with

pytestmark = DROPPED

TURNS = 8
GATED = """
    query Q($one: Boolean = true, $n: Int!) {
      thing(number: $n) { hidden { number } seen @include(if: $one) { number } }
    }
"""


@settings(FIXED, max_examples=15)
@given(random=RANDOMS)
async def test_callers_and_variables_by_turns(random: Random) -> None:
    drawn = draw_operation(random, CONTRACT.schema, VALUES)
    for turn in range(TURNS):
        features = frozenset(random.sample(("alpha", "beta", "no gate asks for this"), random.randrange(4)))
        access = Access(random.random() < 0.7, features, revision=turn, available=random.random() < 0.9)
        operation = Operation(drawn.query, random.choice(drawn.variables), drawn.operation_name)
        found = await differing(ask_with(access), operation)
        assert not found, "\n".join([str(drawn), str(access), str(operation.variables), *found])


async def test_what_is_revoked_is_gone_with_the_next_run_and_back_when_it_is_given_again() -> None:
    """The same text each time, its plans long known."""
    allowed, revoked = ACCESSES[2], ACCESSES[1]
    context = Herd(allowed)
    for number in (4, 6, 4):
        for held, denied in ((allowed, False), (revoked, True), (allowed, False)):
            context.access = held
            answer = await execute(CONTRACT, Operation(GATED, {"n": number}), context)
            data = answer.data
            assert data is not None
            assert data["thing"]["hidden"] == (None if denied else {"number": number + 1})
            assert [error["path"] for error in answer.errors] == ([["thing", "hidden"]] if denied else [])


async def test_variables_decide_anew_in_each_run() -> None:
    for number, one in ((4, True), (6, False), (4, False), (6, True), (4, True)):
        operation = Operation(GATED, {"n": number, "one": one})
        answer = await execute(CONTRACT, operation, Herd(ACCESSES[2]))
        data = answer.data
        assert data is not None
        assert data["thing"]["hidden"] == {"number": number + 1}
        assert ("seen" in data["thing"]) is one
        assert not await differing(ask_with(ACCESSES[2]), operation)

"""A schema with every shape and every fault: the compiled answer is the interpreted one."""

from collections import Counter
from random import Random

from hypothesis import given, settings

from execution.execute import execute
from execution.model import Operation
from gating.model import Access
from tests.differential.check import Ask, check
from tests.differential.documents import Drawn, draw_operation
from tests.differential.drawing import DROPPED, FIXED, RANDOMS
from tests.differential.herd import Herd, build_contract
from tests.differential.things import FEATURES
from tests.differential.values import Values

pytestmark = DROPPED

RUNS = Counter[str]()
CONTRACT = build_contract(lambda how: RUNS.update([how]))
ACCESSES = (
    Access(),
    Access(authenticated=True),
    Access(authenticated=True, features=frozenset({"alpha"})),
    Access(authenticated=True, features=FEATURES),
    Access(authenticated=True, available=False),
)
VALUES = Values()


def ask_with(access: Access) -> Ask:
    return lambda run, operation: run(CONTRACT, operation, Herd(access))


async def check_things(drawn: Drawn) -> None:
    for access in ACCESSES:
        await check(CONTRACT, ask_with(access), drawn)


@settings(FIXED, max_examples=70)
@given(random=RANDOMS)
async def test_queries(random: Random) -> None:
    await check_things(draw_operation(random, CONTRACT.schema, VALUES))


async def test_what_is_to_be_waited_for_in_a_list_is_no_string_yet() -> None:
    """Found by the long run."""
    query = "{ refused(number: 5) { hitsAttributeMust { ... on Thing { namesAwaitedMust(shift: -2147483648) } } } }"
    await check_things(Drawn(query, [{}], None))


async def test_nearly_all_queries_compile() -> None:
    """Introspection apart, what is not: values to be waited for inside lists, and conditions that are null."""
    before = Counter(RUNS)
    for number in range(320):
        drawn = draw_operation(Random(number), CONTRACT.schema, VALUES)
        for variables in drawn.variables:
            await ask_with(ACCESSES[3])(execute, Operation(drawn.query, variables, drawn.operation_name))
    runs = RUNS - before
    assert set(runs) <= {"", "introspection", "value to wait for", "condition that is null"}, runs
    assert runs[""] >= 0.85 * runs.total(), runs
    assert runs.total() > 400

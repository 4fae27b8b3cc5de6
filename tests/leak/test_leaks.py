"""Every gate of the real schema, for every caller, by every way and in every shape, on real parts.

For a denied caller: the planted value is nowhere in the answer, no denied resolver ran, no gated table was touched. For
an allowed one it is there. In all else the answer is exactly the ungated one with the denied positions nulled.
"""

from dataclasses import replace

import pytest

from tests.leak.cases import Case, field_cases
from tests.leak.inputs import FORMS, input_cases
from tests.leak.judge import judge, tell, touched
from tests.leak.mutants import find_holes, forgetting, open_gate
from tests.leak.planted import CALLERS, PLANTED
from tests.leak.shapes import SHAPES
from tests.leak.world import World, arguments

pytestmark = pytest.mark.asyncio(loop_scope="module")

WAYS = {
    "interface",
    "union",
    "node(id:)",
    "connection",
    "list",
    "nested list",
    "mutation payload",
    "subscription",
}


def cases_for(world: World, caller: str, *, thorough: bool = False) -> list[Case]:
    return field_cases(world.contracts[caller], arguments, thorough=thorough)


def input_cases_for(world: World, caller: str) -> list[Case]:
    return input_cases(world.contracts[caller], arguments)


async def judge_all(world: World, caller: str, cases: list[Case]) -> None:
    """Every case, and that whoever may see a planted value did see it, read from the table it is planted in."""
    shown: dict[str, set[str]] = {case.coordinate: set() for case in cases}
    read: dict[str, set[str]] = {case.coordinate: set() for case in cases}
    for case in cases:
        verdict = await judge(world, caller, case)
        assert not verdict.wrong, f"{caller}: {case}: {verdict.wrong}"
        shown[case.coordinate] |= {value for value in PLANTED[case.coordinate].values if value in verdict.told}
        read[case.coordinate] |= verdict.read
    for coordinate, values in shown.items():
        planted = PLANTED[coordinate]
        if caller in planted.held_by:
            assert values or not planted.values, f"no case showed {caller} what is planted at {coordinate}"
            assert read[coordinate] == set(planted.tables), f"{coordinate} came from elsewhere for {caller}"


@pytest.mark.parametrize("caller", CALLERS)
async def test_nobody_is_shown_what_is_not_theirs_and_everybody_what_is(world: World, caller: str) -> None:
    await judge_all(world, caller, cases_for(world, caller))


@pytest.mark.soak
@pytest.mark.parametrize("caller", CALLERS)
async def test_the_same_with_every_way_in_every_shape(world: World, caller: str) -> None:
    await judge_all(world, caller, cases_for(world, caller, thorough=True))


@pytest.mark.parametrize("caller", CALLERS)
async def test_gated_input_is_refused_before_anything_is_touched(world: World, caller: str) -> None:
    cases = input_cases_for(world, caller)
    assert cases
    for case in cases:
        (answer,) = await world.ask(caller, case)
        if caller in PLANTED[case.coordinate].held_by:
            assert not answer.errors, f"{caller}: {case}"
            continue
        denied = [detail["coordinate"] for detail in answer.extensions["entitlements"]["denied"]]
        assert answer.request_error, f"{caller}: {case}"
        assert (answer.data, denied) == (None, [case.coordinate]), f"{caller}: {case}"
        assert world.log.resolved == [], f"{caller}: {case}"
        assert world.log.statements == [], f"{caller}: {case}"


async def test_what_is_gated_is_planted_and_every_shape_way_and_form_has_a_case(world: World) -> None:
    gated = {rule.coordinate for contract in world.contracts.values() for rule in contract.rules.every_rule()}
    assert gated == set(PLANTED), "plant what is gated in tests/leak/planted.py, and nothing else"
    fields = [case for caller in CALLERS for case in cases_for(world, caller)]
    inputs = [case for caller in CALLERS for case in input_cases_for(world, caller)]
    assert {case.coordinate for case in fields + inputs} == gated
    assert {case.shape for case in fields} == set(SHAPES)
    assert {kind for case in fields for kind in case.arrival.kinds} >= WAYS
    for coordinate in {case.coordinate for case in inputs}:
        forms = {case.shape for case in inputs if case.coordinate == coordinate}
        nested = coordinate.count(".") == 1 and "(" not in coordinate and not coordinate.split(".")[1].isupper()
        assert forms == set(FORMS) - (set() if nested else {"variable inside"}), coordinate


async def test_a_gate_that_is_declared_but_not_enforced_is_found(world: World) -> None:
    """For each gated field, type, argument, input field and enum value, some caller and some case notice."""
    holes = {name: closed for caller in CALLERS for name, closed in find_holes(world.contracts[caller].schema).items()}
    unnoticed = [name for name, closed in holes.items() if not await noticed(world, closed)]
    assert unnoticed == []


async def noticed(world: World, opened: frozenset[str]) -> bool:
    for caller in CALLERS:
        if all(caller in PLANTED[coordinate].held_by for coordinate in opened):
            continue
        contract = world.contracts[caller]
        mutant = replace(contract, gate_for=forgetting(contract.gate_for, opened))
        for case in cases_for(world, caller):
            if case.coordinate in opened and (await judge(world, caller, case, mutant)).wrong:
                return True
        for case in input_cases_for(world, caller):
            if case.coordinate in opened and not (await world.ask(caller, case, mutant))[0].request_error:
                return True
    return False


WALLED = ("Article.body", "Article.readCount", "Lesson.body", "Download.fileUrl", "UsageAnalytics.daily")


@pytest.mark.parametrize(
    ("caller", "reached"),
    [("anonymous", WALLED[:-1]), ("free", WALLED), ("integrator", WALLED[:-1]), ("operator", WALLED)],
)
async def test_the_second_wall_alone_keeps_what_is_behind_it(
    world: World, caller: str, reached: tuple[str, ...]
) -> None:
    """With enforcement off the resolvers run and read the gated tables; the rows still do not come."""
    contract = world.contracts[caller]
    careless = replace(contract, gate_for=open_gate(contract.gate_for))
    leant_on: set[str] = set()
    for case in one_for_each_way(cases_for(world, caller)):
        told = tell(await world.ask(caller, case, careless))
        assert not [value for value in PLANTED[case.coordinate].values if value in told], f"{caller}: {case}"
        leant_on |= {case.coordinate} if touched(world, case) else set[str]()
    assert leant_on == set(reached)


def one_for_each_way(cases: list[Case]) -> list[Case]:
    """Of what lies behind the wall, one case that asks for it by each way."""
    walled = (case for case in cases if case.coordinate in WALLED and case.shape != "excluded by variable")
    return list({(case.coordinate, case.arrival): case for case in walled}.values())


async def test_without_the_second_wall_the_same_cases_would_show_it(world: World) -> None:
    """The control: whoever holds the features sees every walled value by the very same cases."""
    contract = world.contracts["pro"]
    careless = replace(contract, gate_for=open_gate(contract.gate_for))
    cases = one_for_each_way(cases_for(world, "pro"))
    told = "".join([tell(await world.ask("pro", case, careless)) for case in cases])
    assert all(PLANTED[coordinate].values[0] in told for coordinate in WALLED)

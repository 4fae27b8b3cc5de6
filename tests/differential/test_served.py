"""The served schema, every kind of caller, generated rows: the compiled answer is the interpreted one."""

from collections import Counter
from contextlib import aclosing
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings

from execution.execute import execute, subscribe
from execution.model import Operation
from storage.database import connect
from tests.differential.check import check
from tests.differential.documents import Drawn, draw_operation
from tests.differential.drawing import DROPPED, FIXED, RANDOMS
from tests.differential.values import Values
from tests.differential.world import CALLERS, CONTRACTS, FULL, World

pytestmark = [pytest.mark.asyncio(loop_scope="session"), DROPPED]

COMPILED = 0.95
"""Of the queries drawn, at least."""

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


async def check_for_all(world: World, contract: str, drawn: Drawn) -> None:
    for caller in world.callers_of(contract):
        await check(world.contracts[contract], world.ask_as(caller), drawn)


@pytest.mark.parametrize("contract", CONTRACTS)
@settings(FIXED, max_examples=45)
@given(random=RANDOMS)
async def test_queries(world: World, values: Values, contract: str, random: Random) -> None:
    await check_for_all(world, contract, draw_operation(random, world.contracts[contract].schema, values))


@pytest.mark.parametrize("contract", CONTRACTS)
@settings(FIXED, max_examples=20)
@given(random=RANDOMS)
async def test_queries_over_rows_that_cannot_be_told(
    broken_world: World, values: Values, contract: str, random: Random
) -> None:
    await check_for_all(broken_world, contract, draw_operation(random, broken_world.contracts[contract].schema, values))


@settings(FIXED, max_examples=10)
@given(random=RANDOMS)
async def test_queries_without_a_database(world: World, values: Values, random: Random) -> None:
    nowhere = connect(NOWHERE)
    helpless = replace(world, services=replace(world.services, database=nowhere))
    await check_for_all(helpless, FULL, draw_operation(random, world.contracts[FULL].schema, values))
    await nowhere.close()


@pytest.mark.parametrize("contract", CONTRACTS)
@settings(FIXED, max_examples=15)
@given(random=RANDOMS)
async def test_events_of_subscriptions(world: World, values: Values, contract: str, random: Random) -> None:
    drawn = draw_operation(random, world.contracts[contract].schema, values, "subscription")
    chosen = world.contracts[contract]
    for caller in world.callers_of(contract):
        operation = Operation(drawn.query, drawn.variables[0], drawn.operation_name)
        events: list[list[object]] = []
        for planned in (False, True, True):
            context = world.context(caller.principal, chosen, world.accesses[caller.name])
            async with aclosing(subscribe(chosen, operation, context, planned=planned)) as answers:
                events.append([answer.payload() async for answer in answers])
        assert events[0] == events[1] == events[2], f"{caller.name}: {drawn}"


async def test_nearly_all_queries_compile(world: World, values: Values) -> None:
    before = Counter(world.runs)
    for number in range(200):
        caller = CALLERS[number % len(CALLERS)]
        drawn = draw_operation(Random(number), world.contracts[caller.contract].schema, values)
        for variables in drawn.variables:
            await world.ask_as(caller)(execute, Operation(drawn.query, variables, drawn.operation_name))
    runs = world.runs - before
    assert runs[""] >= COMPILED * runs.total(), runs
    assert runs.total() > 250

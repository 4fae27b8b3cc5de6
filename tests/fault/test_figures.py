"""The figures of PROTOCOL 7 at the smallest scale: every bar that does not depend on the machine's speed is met."""

import asyncio

import pytest

from storage.database import connect
from tests.fault.breakable import Breakable
from tests.fault.dying import Role
from tests.fault.figures.kills import KILLS, measure_kills
from tests.fault.figures.model import SMALL, Figure
from tests.fault.figures.orders import measure_requests, measure_ties
from tests.fault.figures.outages import Fault, measure_some
from tests.fault.figures.reads import measure_reads

SOME: list[tuple[Fault, ...]] = [
    (("redis", "silent"),),
    (("postgres", "cut"),),
    (("stripe", "500"),),
    (("worker", "killed"),),
    (("redis", "cut"), ("postgres", "silent")),
]
"""The ways of going down that the other tests of this folder do not have; all of them: tests.fault.figures."""


def judge(figures: list[Figure]) -> None:
    missed = [figure for figure in figures if figure.met is False and not figure.timing]
    assert not missed, missed


@pytest.mark.parametrize("role", KILLS)
def test_processes_killed_at_each_step_lose_nothing(breakable: Breakable, role: Role) -> None:
    judge(asyncio.run(measure_kills(role, breakable, SMALL)))


@pytest.mark.alone
def test_nothing_is_wrong_while_parts_are_down(breakable: Breakable) -> None:
    judge(asyncio.run(measure_some("some", breakable, SMALL, SOME)))


@pytest.mark.alone
def test_many_misses_are_one_fill(breakable: Breakable) -> None:
    judge(asyncio.run(measure_reads(breakable, SMALL)))


async def test_events_of_one_second_may_come_in_any_order(breakable: Breakable) -> None:
    database = connect(breakable.addresses.app_url)
    judge([await measure_ties(database, SMALL), *await measure_requests(database, SMALL)])
    await database.close()

"""The judge itself: Gatehouse without any one of its guards is found out by one small crowd or the next."""

import pytest

from tests.chaos.crowd import Plan
from tests.chaos.live import live
from tests.chaos.mutants import MUTANTS
from tests.parts import SessionParts

SEEDS = tuple(f"m{number}" for number in range(1, 11))
"""Tried one after the other until it shows: most show in the first or the second."""

PEOPLE = 24
ALWAYS = ("never fetches the events that were lost", "serves past the date of a grant")
"""Seen at once; the others take longer than CI has."""


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=() if each in ALWAYS else pytest.mark.soak) for each in MUTANTS]
)
async def test_without_a_guard_something_is_wrong(name: str, parts: SessionParts) -> None:
    for seed in SEEDS:
        if (await live(Plan(seed, PEOPLE), parts, MUTANTS[name])).rest:
            return
    pytest.fail(f"nothing showed that it {name}")

"""The judge itself: Gatehouse without any one of its guards is found out by one small crowd or the next."""

import pytest

from tests.chaos.crowd import Plan
from tests.chaos.live import live
from tests.chaos.mutants import MUTANTS
from tests.parts import SessionParts

SEEDS = ("m1", "m2", "m3", "m4")
PEOPLE = 24


@pytest.mark.parametrize("name", MUTANTS)
async def test_without_a_guard_something_is_wrong(name: str, parts: SessionParts) -> None:
    for seed in SEEDS:
        if (await live(Plan(seed, PEOPLE), parts, MUTANTS[name])).rest:
            return
    pytest.fail(f"nothing showed that it {name}")

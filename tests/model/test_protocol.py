"""The protocol holds its invariants in every state; each design known to fail is caught, with the way to it."""

import pytest

from tests.model.search import search
from tests.model.setups import HARMLESS, LARGE, MUTANTS, QUICK
from tests.model.world import Design, Setup


@pytest.mark.parametrize("setup", QUICK, ids=lambda setup: setup.name)
def test_nothing_goes_wrong_in_any_state(setup: Setup) -> None:
    outcome = search(setup, Design())
    assert outcome.fault is None, outcome
    assert outcome.states > 1000, "hardly anything can happen: this shows nothing"


@pytest.mark.soak
@pytest.mark.parametrize("setup", LARGE, ids=lambda setup: setup.name)
def test_nothing_goes_wrong_in_any_state_of_the_large(setup: Setup) -> None:
    outcome = search(setup, Design())
    assert outcome.fault is None, outcome


@pytest.mark.parametrize("name", MUTANTS)
def test_the_search_catches_a_lesser_design(name: str) -> None:
    outcome = search(*MUTANTS[name])
    assert outcome.fault is not None, "no state told this design from the real one"
    assert outcome.trace


@pytest.mark.parametrize("name", HARMLESS)
def test_the_search_lets_a_harmless_change_pass(name: str) -> None:
    assert search(*HARMLESS[name]).fault is None

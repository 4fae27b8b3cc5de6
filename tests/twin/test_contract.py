"""The contract: the same scenarios on the twin and, where STRIPE_TEST_KEY is set, on real Stripe."""

from collections.abc import Generator

import pytest
import stripe

from tests.twin import (
    play_catalogue,
    play_invoices,
    play_money_back,
    play_payers,
    play_requests,
    play_schedules,
    play_subscriptions,
)
from tests.twin.shapes import problems_of
from tests.twin.stage import KEY_VARIABLE, ON_TWIN_ONLY, SCENARIOS, Stage, stripe_key, stripe_stage, twin_stage
from twin.core.settings import API_VERSION

PLAYS = (
    play_catalogue,
    play_invoices,
    play_money_back,
    play_payers,
    play_requests,
    play_schedules,
    play_subscriptions,
)


@pytest.fixture(scope="module", params=["twin", "stripe"])
def stage(request: pytest.FixtureRequest) -> Generator[Stage]:
    if request.param == "twin":
        with twin_stage() as made:
            yield made
        return
    key = stripe_key()
    if key is None:
        pytest.skip(f"{KEY_VARIABLE} is not set")  # - the twin alone can be asked without an account at Stripe
    with stripe_stage(key) as made:
        yield made


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_scenario(stage: Stage, name: str) -> None:
    """Every answer on the way has the shape that stripe-python annotates."""
    if stage.twin is None and name in ON_TWIN_ONLY:
        pytest.skip("needs a person or days")  # - what real Stripe leaves to a browser, the twin plays
    stage.http.answers.clear()
    SCENARIOS[name](stage)
    assert sorted({problem for answer in stage.http.answers for problem in problems_of(answer)}) == []


def test_every_route_is_part_of_the_contract() -> None:
    """Each implemented route is asked by some scenario."""
    with twin_stage() as stage:
        for play in SCENARIOS.values():
            play(stage)
        assert stage.twin is not None
        counted = stage.twin.twin.counted
    assert [name for name, count in counted.items() if count == 0] == []


def test_the_version_is_the_sdks() -> None:
    assert stripe.api_version == API_VERSION

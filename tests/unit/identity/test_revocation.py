"""What is taken back, and how long that is remembered."""

from datetime import timedelta

import pytest

from identity.model import Kind, Principal
from identity.revocation import SWEEP, Revocations
from tests.clock import FixedClock

LIFE = timedelta(minutes=5)
ANN = Principal(Kind.MEMBER, "ann", token_id="jti_1")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


def test_a_token_without_an_id_cannot_be_taken_back_alone(clock: FixedClock) -> None:
    revocations = Revocations(clock, LIFE)
    with pytest.raises(ValueError, match="revoke all"):
        revocations.revoke("")
    assert not revocations.cover(Principal(Kind.MEMBER, "ann"), clock.now())


def test_revocations_are_forgotten_only_when_nothing_they_cover_can_live(clock: FixedClock) -> None:
    revocations, issued_at = Revocations(clock, LIFE), clock.now()
    bob = Principal(Kind.MEMBER, "bob", token_id="jti_2")

    def covered() -> list[bool]:
        return [revocations.cover(principal, issued_at) for principal in (ANN, bob)]

    def fill(name: str) -> None:
        for number in range(2 * SWEEP):
            revocations.revoke(f"{name}_{number}")

    revocations.revoke("jti_1")
    revocations.revoke_all(Kind.MEMBER, "bob", issued_at)
    clock.advance(LIFE - timedelta(seconds=1))
    fill("early")
    assert covered() == [True, True]
    clock.advance(timedelta(seconds=1))
    fill("late")
    assert covered() == [False, False]
    for number in range(10):
        clock.advance(LIFE)
        fill(f"later_{number}")
    assert len(revocations) < 8 * SWEEP

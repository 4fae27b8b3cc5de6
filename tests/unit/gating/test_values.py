"""What a member's grants come to: more of them never means less, and only what an operator set takes away."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given

from gating.merge import Amount, add_up, highest, merge_limits, most
from gating.model import Grant, Holdings, LevelGrant, LimitGrant, Snapshot, Source
from gating.values import Override, ValueKind
from tests.unit.gating.strategies import NOW, SCALES, gifts, holdings

SUB, FREE, MANUAL = (Source.SUBSCRIPTION, "sub_1"), (Source.FREE, "free"), (Source.MANUAL, "gift_1")


def held(*parts: Holdings) -> Snapshot:
    snapshot = Snapshot("ann", 1)
    for part in parts:
        snapshot = snapshot.over(part)
    return snapshot


def at_least(more: Amount, less: Amount) -> bool:
    return more is None or (less is not None and more >= less)


@given(holdings, gifts)
def test_more_grants_never_take_away(before: Holdings, gift: Holdings) -> None:
    one, two = held(before), held(before, gift)
    assert one.features_at(NOW) <= two.features_at(NOW)
    now, then = one.limits_at(NOW), two.limits_at(NOW)
    assert all(at_least(then[key], value) for key, value in now.items())
    words, later = one.levels_at(NOW, SCALES), two.levels_at(NOW, SCALES)
    assert all(SCALES[key].index(later[key]) >= SCALES[key].index(word) for key, word in words.items())


@given(holdings, holdings)
def test_the_order_of_reasons_does_not_matter(one: Holdings, other: Holdings) -> None:
    forth, back = held(one, other), held(other, one)
    assert forth.features_at(NOW) == back.features_at(NOW)
    assert forth.limits_at(NOW) == back.limits_at(NOW)
    assert forth.levels_at(NOW, SCALES) == back.levels_at(NOW, SCALES)


@given(holdings)
def test_nothing_changes_before_hard_until_and_something_is_dated_there(given_: Holdings) -> None:
    snapshot = held(given_)
    until = snapshot.hard_until(NOW)
    for days in range(4):
        then = NOW + timedelta(days=days)
        if until is None or then < until:
            assert snapshot.features_at(then) == snapshot.features_at(NOW)
            assert snapshot.limits_at(then) == snapshot.limits_at(NOW)
            assert snapshot.levels_at(then, SCALES) == snapshot.levels_at(NOW, SCALES)
    dated = (*given_.grants, *given_.limits, *given_.levels, *given_.overrides)
    assert until in {edge for each in dated for edge in (each.starts_at, each.ends_at)} or until is None


@given(gifts, holdings)
def test_overrides_decide_alone_what_they_speak_of_and_nothing_else(gift: Holdings, other: Holdings) -> None:
    """Whatever is granted, an overridden value is the same; whatever is overridden, other values are."""
    set_by_hand = Holdings(overrides=other.overrides)
    plain, overridden, alone = held(gift), held(gift, set_by_hand), held(set_by_hand)
    for kind, read in READ.items():
        spoken_of = overridden.overrides_at(kind, NOW).keys()
        for key in {*read(plain), *read(overridden), *spoken_of}:
            source = alone if key in spoken_of else plain
            assert read(overridden).get(key) == read(source).get(key)


def features_of(snapshot: Snapshot) -> dict[str, Any]:
    return dict.fromkeys(snapshot.features_at(NOW), True)


def limits_of(snapshot: Snapshot) -> dict[str, Any]:
    return {**snapshot.limits_at(NOW)}


def levels_of(snapshot: Snapshot) -> dict[str, Any]:
    return {**snapshot.levels_at(NOW, SCALES)}


READ = {ValueKind.FEATURE: features_of, ValueKind.LIMIT: limits_of, ValueKind.LEVEL: levels_of}


@pytest.mark.parametrize(
    ("floors", "granted", "limit"),
    [
        ([], [], 0),
        ([100], [], 100),
        ([100], [50], 100),
        ([100], [50, 60], 110),
        ([], [None, 5], None),
        ([None], [5], None),
        ([3, 7], [], 7),
    ],
)
def test_limits_add_up_over_a_floor(floors: list[Amount], granted: list[Amount], limit: Amount) -> None:
    assert merge_limits(floors, granted) == limit


def test_the_rules_in_small() -> None:
    assert (add_up([]), add_up([1, 2]), add_up([1, None])) == (0, 3, None)
    assert (most([]), most([1, 2]), most([1, None])) == (0, 2, None)
    for order in permutations(["standard", "forgotten", "priority", "community"]):
        assert highest(order, SCALES["support"]) == "priority"
    assert highest(["forgotten"], SCALES["support"]) is None


def test_what_everybody_has_is_a_floor_and_not_added() -> None:
    both = held(Holdings(limits=(LimitGrant("calls", 100, *FREE), LimitGrant("calls", 1000, *SUB))))
    assert both.limits_at(NOW) == {"calls": 1000}


def test_a_member_s_own_override_comes_before_its_organisations_and_ends_by_itself() -> None:
    def seats(value: Amount, organization: str | None) -> Override:
        return Override(ValueKind.LIMIT, "seats", value, "case_1", organization)

    granted = Holdings(limits=(LimitGrant("seats", 5, *SUB),))
    inherited = Holdings(overrides=(seats(7, "org_1"), seats(9, "org_2")))
    own = replace(seats(2, None), ends_at=NOW + timedelta(days=1))
    assert held(granted, inherited).limits_at(NOW) == {"seats": 9}
    ending = held(granted, inherited, Holdings(overrides=(own,)))
    assert ending.limits_at(NOW) == {"seats": 2}
    assert ending.limits_at(NOW + timedelta(days=1)) == {"seats": 9}
    assert ending.hard_until(NOW) == NOW + timedelta(days=1)


def test_an_override_gives_and_takes_features_and_levels() -> None:
    given_ = Holdings((Grant("archive", *SUB),), levels=(LevelGrant("support", "priority", *MANUAL),))
    off = Override(ValueKind.FEATURE, "archive", False, "case_1")
    on = Override(ValueKind.FEATURE, "live", True, "case_2")
    low = Override(ValueKind.LEVEL, "support", "community", "case_3")
    snapshot = held(given_, Holdings(overrides=(off, on, low)))
    assert snapshot.features_at(NOW) == {"live"}
    assert snapshot.levels_at(NOW, SCALES) == {"support": "community"}


@pytest.mark.parametrize(
    ("kind", "value"), [("feature", 1), ("feature", None), ("limit", True), ("limit", -1), ("limit", "5"), ("level", 5)]
)
def test_a_value_that_does_not_fit_its_kind_is_refused(kind: str, value: Any) -> None:
    with pytest.raises(ValueError, match="cannot be set"):
        Override(ValueKind(kind), "archive", value, "case_1")


def test_a_grant_that_would_take_away_is_refused() -> None:
    with pytest.raises(ValueError, match="take away"):
        LimitGrant("calls", -1, *SUB)

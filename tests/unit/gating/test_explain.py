"""An explanation says what was decided, names every reason, and its rule gives the value again from what it names."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gating.explain import Deciding, Explanation, Reason, Standing, explain
from gating.merge import Amount, add_up, highest, most
from gating.model import Grant, Holdings, LevelGrant, LimitGrant, Snapshot, Source
from gating.values import Override, ValueKind, Variation
from tests.unit.gating.strategies import NOW, SCALES, holdings, variations

SUB, FREE = (Source.SUBSCRIPTION, "sub_1"), (Source.FREE, "free")
KEYS = {kind: ["archive", "analytics", "downloads", "live"] for kind in ValueKind} | {ValueKind.LEVEL: list(SCALES)}

days = st.integers(-4, 4)


@given(holdings, variations, days)
def test_it_agrees_with_every_decision(held: Holdings, varied: tuple[Variation, ...], day: int) -> None:
    snapshot, at = replace(Snapshot("ann", 7).over(held), variations=varied), NOW + timedelta(days=day)
    for key in KEYS[ValueKind.FEATURE]:
        told = explain(snapshot, ValueKind.FEATURE, key, at, SCALES)
        assert (told.value, told.revision) == (key in snapshot.features_at(at), 7)
    for key in KEYS[ValueKind.LIMIT]:
        assert explain(snapshot, ValueKind.LIMIT, key, at, SCALES).value == snapshot.limits_at(at).get(key, 0)
    for key in KEYS[ValueKind.LEVEL]:
        assert explain(snapshot, ValueKind.LEVEL, key, at, SCALES).value == snapshot.levels_at(at, SCALES).get(key)


@given(holdings, variations, days)
def test_every_reason_is_named_once_and_the_deciding_ones_alone_give_the_value(
    held: Holdings, varied: tuple[Variation, ...], day: int
) -> None:
    snapshot, at = replace(Snapshot("ann", 7).over(held), variations=varied), NOW + timedelta(days=day)
    told = [explain(snapshot, kind, key, at, SCALES) for kind, keys in KEYS.items() for key in keys]
    named = sorted(repr(each.reason) for explanation in told for each in explanation.considered)
    assert named == sorted(map(repr, (*held.grants, *held.limits, *held.levels, *held.overrides, *varied)))
    for explanation in told:
        deciding = [each.reason for each in explanation.considered if each.standing is Standing.DECIDES]
        assert value_of(explanation, deciding) == explanation.value


def value_of(told: Explanation, deciding: list[Reason]) -> object:
    """By the rule named, from the reasons named: reckoned here once more."""
    values = [each.value for each in deciding if not isinstance(each, Grant)]
    amounts = [value for value in values if not isinstance(value, str)]
    words = [value for value in values if isinstance(value, str)]
    scale = SCALES.get(told.key, ())
    by_kind = {ValueKind.FEATURE: any(values), ValueKind.LIMIT: most(amounts), ValueKind.LEVEL: highest(words, scale)}
    none = {ValueKind.FEATURE: False, ValueKind.LIMIT: 0, ValueKind.LEVEL: None}
    return {
        Deciding.NO_REASON: none[told.kind],
        Deciding.ANY_GRANT: bool(deciding),
        Deciding.SUM: add_up(amounts),
        Deciding.FLOOR: most(amounts),
        Deciding.NO_LIMIT: None if deciding else "nothing says so",
        Deciding.HIGHEST: highest(words, scale),
        Deciding.EXPERIMENT: by_kind[told.kind],
        Deciding.MEMBER_OVERRIDE: by_kind[told.kind],
        Deciding.ORGANIZATION_OVERRIDE: by_kind[told.kind],
    }[told.rule]


LIMITS = (LimitGrant("downloads", 100, *FREE), LimitGrant("downloads", 50, *SUB), LimitGrant("downloads", 60, *SUB))
ORGANIZATION = Override(ValueKind.LIMIT, "downloads", 7, "case_1", "org_1")


@pytest.mark.parametrize(
    ("held", "value", "rule", "standings"),
    [
        (Holdings(), 0, Deciding.NO_REASON, []),
        (Holdings(limits=LIMITS[:2]), 100, Deciding.FLOOR, ["decides", "counts_not"]),
        (Holdings(limits=LIMITS), 110, Deciding.SUM, ["counts_not", "decides", "decides"]),
        (
            Holdings(limits=(*LIMITS[:2], LimitGrant("downloads", None, *SUB))),
            None,
            Deciding.NO_LIMIT,
            ["counts_not", "counts_not", "decides"],
        ),
        (
            Holdings(limits=LIMITS[:1], overrides=(ORGANIZATION,)),
            7,
            Deciding.ORGANIZATION_OVERRIDE,
            ["overridden", "decides"],
        ),
        (
            Holdings(overrides=(ORGANIZATION, Override(ValueKind.LIMIT, "downloads", 3, "case_2"))),
            3,
            Deciding.MEMBER_OVERRIDE,
            ["overridden", "decides"],
        ),
    ],
)
def test_the_rule_of_a_limit_is_named(held: Holdings, value: Amount, rule: Deciding, standings: list[str]) -> None:
    told = explain(Snapshot("ann", 1).over(held), ValueKind.LIMIT, "downloads", NOW, SCALES)
    assert (told.value, told.rule) == (value, rule)
    assert [each.standing.value for each in told.considered] == standings


def test_dates_are_told() -> None:
    day = timedelta(days=1)
    grants = (
        Grant("archive", *SUB, starts_at=NOW, ends_at=NOW + day),
        Grant("archive", *SUB, starts_at=NOW + day),
        Grant("archive", *SUB, ends_at=NOW),
    )
    snapshot = Snapshot("ann", 1, grants, levels=(LevelGrant("support", "forgotten", *SUB),))
    told = explain(snapshot, ValueKind.FEATURE, "archive", NOW, SCALES)
    assert [each.standing.value for each in told.considered] == ["decides", "not_yet", "ended"]
    level = explain(snapshot, ValueKind.LEVEL, "support", NOW, SCALES)
    assert (level.value, level.rule, level.considered[0].standing.value) == (None, Deciding.HIGHEST, "counts_not")

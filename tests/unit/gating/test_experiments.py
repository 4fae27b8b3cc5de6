"""Who is in which variant: always the same, by weights, and moved into what grows alone. It varies what is free."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gating.experiments import Change, Experiment, Variant, variations_for
from gating.model import Grant, Holdings, LevelGrant, LimitGrant, Snapshot, Source
from gating.values import Override, ValueKind, Variation
from tests.unit.gating.strategies import NOW, SCALES, gifts, holdings, variations
from tests.unit.gating.test_values import at_least

MEMBERS = [f"mem_{number}" for number in range(400)]
names = st.sampled_from(["a", "b", "c", "d"])
variants = st.lists(st.builds(Variant, names, st.integers(0, 20)), min_size=1, max_size=4, unique_by=lambda v: v.name)
experiments = st.builds(Experiment, st.sampled_from(["one", "two"]), variants.map(tuple))


def assigned(experiment: Experiment) -> dict[str, str | None]:
    found = {member: experiment.variant_of(member) for member in MEMBERS}
    return {member: variant and variant.name for member, variant in found.items()}


@given(experiments, st.data())
def test_it_hangs_on_names_and_weights_alone(experiment: Experiment, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(experiment.variants))
    more = (Change(ValueKind.LIMIT, "downloads", 9),)
    changed = tuple(replace(each, changes=more) for each in shuffled)
    assert assigned(experiment) == assigned(replace(experiment, variants=changed, plans=frozenset({"pro"})))


@given(experiments, st.data())
def test_a_weight_raised_moves_members_into_it_and_nobody_else(experiment: Experiment, data: st.DataObject) -> None:
    grown = data.draw(st.sampled_from(experiment.variants))
    more = replace(grown, weight=grown.weight + data.draw(st.integers(1, 20)))
    raised = replace(experiment, variants=tuple(more if each is grown else each for each in experiment.variants))
    before, after = assigned(experiment), assigned(raised)
    assert all(after[member] in (before[member], grown.name) for member in MEMBERS)


@given(experiments, names)
def test_a_variant_added_takes_members_and_moves_no_others(experiment: Experiment, name: str) -> None:
    if name in {each.name for each in experiment.variants}:
        return
    after = assigned(replace(experiment, variants=(*experiment.variants, Variant(name, 3))))
    assert all(after[member] in (was, name) for member, was in assigned(experiment).items())


def test_the_shares_are_those_of_the_weights_and_experiments_are_independent() -> None:
    people = [f"member {number}" for number in range(20_000)]
    one = Experiment("one", (Variant("a", 1), Variant("b", 3)))
    two = replace(one, key="two")
    drawn = [(one.variant_of(each), two.variant_of(each)) for each in people]
    counts = Counter((first and first.name, second and second.name) for first, second in drawn)
    shares = {pair: count / len(people) for pair, count in counts.items()}
    expected = {("a", "a"): 1 / 16, ("a", "b"): 3 / 16, ("b", "a"): 3 / 16, ("b", "b"): 9 / 16}
    assert shares == pytest.approx(expected, abs=0.015)


def test_known_members_are_where_they_always_were() -> None:
    """Another outcome would move people who are in the middle of an experiment."""
    experiment = Experiment("more_free", (Variant("control", 1), Variant("more", 1)))
    found = [experiment.variant_of(f"mem_{number}") for number in range(12)]
    assert "".join(variant.name[0] for variant in found if variant) == KNOWN


KNOWN = "mmmmcccmmccc"


def test_only_those_addressed_take_part_and_only_until_it_is_over() -> None:
    more = Variant("more", 1, (Change(ValueKind.LIMIT, "downloads", 9),))
    experiment = Experiment("more_free", (more,), frozenset({"free"}), NOW, NOW + timedelta(days=1))
    given_ = Variation(ValueKind.LIMIT, "downloads", 9, "more_free:more", NOW, NOW + timedelta(days=1))
    assert variations_for("ann", "free", [experiment], NOW - timedelta(days=9)) == (given_,), "it is known of before"
    assert variations_for("ann", "pro", [experiment], NOW) == ()
    assert variations_for("ann", None, [replace(experiment, plans=frozenset())], NOW) == (given_,)
    assert variations_for("ann", "free", [experiment], NOW + timedelta(days=1)) == ()
    assert variations_for("ann", "free", [replace(experiment, variants=(replace(more, weight=0),))], NOW) == ()


FREE, SUB = (Source.FREE, "free"), (Source.SUBSCRIPTION, "sub_1")
BASE = Holdings(
    (Grant("archive", *FREE),), (LimitGrant("downloads", 5, *FREE),), (LevelGrant("support", "standard", *FREE),)
)


def held(base: Holdings, *varied: Variation) -> Snapshot:
    return replace(Snapshot("ann", 1).over(base), variations=varied)


def test_it_moves_what_is_free_both_ways_and_never_what_was_bought() -> None:
    less = (
        Variation(ValueKind.FEATURE, "archive", False, "x:y"),
        Variation(ValueKind.LIMIT, "downloads", 2, "x:y"),
        Variation(ValueKind.LEVEL, "support", "community", "x:y"),
    )
    free = held(BASE, *less)
    assert (free.features_at(NOW), free.limits_at(NOW)) == (frozenset(), {"downloads": 2})
    assert free.levels_at(NOW, SCALES) == {"support": "community"}
    bought = Holdings(
        (Grant("archive", *SUB),), (LimitGrant("downloads", 50, *SUB),), (LevelGrant("support", "priority", *SUB),)
    )
    for varied in ((), less):
        paid = replace(held(BASE, *varied).over(bought))
        assert (paid.features_at(NOW), paid.limits_at(NOW)) == ({"archive"}, {"downloads": 50})
        assert paid.levels_at(NOW, SCALES) == {"support": "priority"}
    more = held(BASE, replace(less[1], value=None), less[1])
    assert more.limits_at(NOW) == {"downloads": None}, "of several experiments the most"


def test_an_operator_stands_over_it_and_it_ends_by_itself() -> None:
    ends = NOW + timedelta(days=1)
    more = Variation(ValueKind.LIMIT, "downloads", 9, "x:y", None, ends)
    snapshot = held(BASE, more)
    assert (snapshot.limits_at(NOW)["downloads"], snapshot.limits_at(ends)["downloads"]) == (9, 5)
    assert snapshot.hard_until(NOW) == ends
    fixed = snapshot.over(Holdings(overrides=(Override(ValueKind.LIMIT, "downloads", 1, "case"),)))
    assert fixed.limits_at(NOW) == {"downloads": 1}


@given(holdings, gifts, variations)
def test_more_grants_never_take_away_whatever_is_tried(
    before: Holdings, gift: Holdings, varied: tuple[Variation, ...]
) -> None:
    one, two = held(before, *varied), held(before, *varied).over(gift)
    assert one.features_at(NOW) <= two.features_at(NOW)
    then = two.limits_at(NOW)
    assert all(at_least(then[key], value) for key, value in one.limits_at(NOW).items())
    words, now = two.levels_at(NOW, SCALES), one.levels_at(NOW, SCALES)
    assert all(SCALES[key].index(words[key]) >= SCALES[key].index(word) for key, word in now.items())


@given(holdings, variations)
def test_nothing_bought_is_touched(bought: Holdings, varied: tuple[Variation, ...]) -> None:
    """Whatever is tried, members have at least what they have of other sources alone."""
    own = Holdings(
        tuple(each for each in bought.grants if each.source is not Source.FREE),
        tuple(each for each in bought.limits if each.source is not Source.FREE),
    )
    with_it = held(own, *varied)
    assert held(own).features_at(NOW) <= with_it.features_at(NOW)
    for key, value in held(own).limits_at(NOW).items():
        assert at_least(with_it.limits_at(NOW)[key], value)

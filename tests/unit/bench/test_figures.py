"""The figures of the benchmark, against values worked out by hand and against chance itself."""

import random

import pytest

from bench.figures import change_of


def test_the_change_is_that_of_the_median_pair() -> None:
    change = change_of([(100, 101), (200, 210), (50, 51), (10, 30), (100, 103)])
    assert change.median == pytest.approx(0.03)
    assert change.pairs == 5


@pytest.mark.parametrize(("count", "rank"), [(5, 5), (10, 9), (30, 20), (31, 21), (100, 59)])
def test_the_bounds_are_the_sign_tests_order_statistics(count: int, rank: int) -> None:
    ratios = [1 + number / 1000 for number in range(1, count + 1)]
    change = change_of([(1.0, ratio) for ratio in ratios])
    assert change.upper == pytest.approx(rank / 1000)
    assert change.lower == pytest.approx((count + 1 - rank) / 1000)


def test_order_of_the_pairs_does_not_matter() -> None:
    pairs = [(1.0, 1 + number / 7) for number in range(30)]
    shuffled = random.Random(1).sample(pairs, len(pairs))
    assert change_of(pairs) == change_of(shuffled)


def test_too_few_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="4 pairs are too few"):
        change_of([(1.0, 1.0)] * 4)


def test_the_upper_bound_covers_the_truth_in_19_runs_of_20() -> None:
    chance = random.Random(20)
    covered = 0
    for _ in range(2000):
        pairs = [(chance.lognormvariate(0, 0.1), chance.lognormvariate(0.02, 0.1)) for _ in range(30)]
        # both are skewed alike, so the median ratio is e^0.02
        covered += change_of(pairs).upper >= 0.0202
    assert 0.94 <= covered / 2000 <= 0.97

"""The report says what the samples say: ratios within rounds, medians, bars held or not."""

from datetime import date

import pytest

from bench.comparisons import Comparison
from bench.figures import Change, change_of
from bench.load import Sample
from bench.report import Outcome, Overhead, report
from bench.rows import CACHED, GATEHOUSE, LIST, ROWS
from bench.run import Plan


def sample(per_second: float, server_cpu: float) -> Sample:
    return Sample(1000, per_second, 1.0, 2.0, server_cpu, 100.0)


def written() -> str:
    """Every server alike, but Gatehouse twice as fast in every round and on a third of the CPU; the last round slow."""
    samples = {
        row: [
            sample(1000 * speed * (2 if row.server == GATEHOUSE else 1), 900 / (3 if row.server == GATEHOUSE else 1))
            for speed in (1.0, 1.1, 0.2)
        ]
        for row in ROWS
    }
    overhead = Overhead(Comparison("gates on", "gates off", 0.05), "over HTTP", change_of([(100, 101)] * 30))
    return report(Outcome(date(2026, 1, 2), Plan(), {"processor": "2 x P"}, {"Python": "3"}, samples, [overhead]))


def test_ratios_are_those_within_a_round() -> None:
    assert f"| {LIST.title} | {GATEHOUSE.name} | {CACHED.name} | 2.00 | 3.00 |" in written()


def test_tables_give_medians_and_the_reference_counts_as_one() -> None:
    text = written()
    assert "| mercurius JIT | 1,000 | 1.00 | 1.0 | 2.0 | 900 | 1.00 | 100 | 0 |" in text
    assert "| Gatehouse | 2,000 | 2.00 | 1.0 | 2.0 | 300 | 3.00 | 100 | 0 |" in text


def test_overheads_name_their_bounds_and_verdict() -> None:
    assert "| gates on | gates off | over HTTP | 30 | +1.0% | +1.0% to +1.0% | 5% | held |" in written()


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"), [(-0.01, 0.05, "held"), (0.03, 0.06, "not shown"), (0.051, 0.07, "missed")]
)
def test_a_bar_is_held_only_when_the_upper_bound_is_below_it(lower: float, upper: float, verdict: str) -> None:
    assert Comparison("a", "b", 0.05).verdict(Change(30, 0.04, lower, upper)) == verdict

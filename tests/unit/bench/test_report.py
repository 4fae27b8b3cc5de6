"""The report says what the samples say: medians, ratios within rounds, targets met or missed, a plot of each curve."""

from datetime import date

import pytest

from bench.comparisons import Comparison
from bench.curves import CURVES
from bench.entitlements import Bar
from bench.figures import Change, change_of
from bench.load import Sample
from bench.report import Outcome, Overhead, report
from bench.rows import GATEHOUSE, INBOX, ROWS
from bench.run import Plan


def sample(per_second: float, server_cpu: float, p99: float) -> Sample:
    return Sample(1000, per_second, 1.0, p99, server_cpu, 100.0)


def written() -> str:
    """Every server alike, but Gatehouse twice as fast in every round and on a third of the CPU; the last round slow."""
    rows = [*ROWS, *(row for curve in CURVES for row in curve.rows())]
    samples = {
        row: [
            sample(1000 * speed * (2 if ours else 1), 900 / (3 if ours else 1), 2.0 / (3 if ours else 1))
            for speed in (1.0, 1.1, 0.2)
        ]
        for row in rows
        for ours in [row.server in (GATEHOUSE, INBOX) or row.server.name.startswith("Gatehouse, workers")]
    }
    overhead = Overhead(Comparison("gates on", "gates off", 0.05), "over HTTP", change_of([(100, 101)] * 30))
    bars = [Bar("the fast", 1.234, 2, "µs"), Bar("the slow", 1234.5, 500, "ms"), Bar("trips", 0, 0, "")]
    day = date(2026, 1, 2)
    return report(Outcome(day, Plan(), {"processor": "2 x P"}, {"Python": "3"}, samples, [overhead], bars))


@pytest.mark.parametrize(
    "line",
    [
        "| Q1, a gated list of 50, allowed | mercurius JIT | req/s | 2,000 | 1,000 | 2.00 | 1.8 | 2.5 | met |",
        "| Q1, a gated list of 50, allowed | mercurius JIT | CPU µs | 300 | 900 | 3.00 | 1.8 | 2.5 | aim met |",
        "| Q1, the same list, its bodies denied | mercurius JIT | req/s | 2,000 | 1,000 | 2.00 | 4 | 6 | missed |",
        "| Acknowledging a webhook | Fastify + stripe | p99 ms | 0.7 | 2.0 | 3.00 | 2 | 2 | aim met |",
    ],
)
def test_targets_are_told_with_medians_the_ratio_within_rounds_and_a_verdict(line: str) -> None:
    assert line in written()


def test_tables_give_medians_and_the_first_server_counts_as_one() -> None:
    text = written()
    assert "| mercurius JIT | 1,000 | 1.00 | 1.0 | 2.0 | 900 | 1.00 | 100 | 0 |" in text
    assert "| Gatehouse | 2,000 | 2.00 | 1.0 | 0.7 | 300 | 3.00 | 100 | 0 |" in text


def test_every_curve_has_its_plot_and_its_figures() -> None:
    text = written()
    assert all(f"](plots/{curve.name}.svg)" in text for curve in CURVES)
    assert "| CPU µs by articles asked for | 1 | 10 | 50 | 100 |" in text
    assert "| req/s by workers | 1 | 2 | 4 |\n| --- | --- | --- | --- |\n| Gatehouse | 2,000 | 2,000 | 2,000 |" in text


@pytest.mark.parametrize(
    "line",
    [
        "| the fast | 1.23 µs | 2 µs | met |",
        "| the slow | 1.23e+03 ms | 500 ms | missed |",
        "| trips | 0 | 0 | met |",
    ],
)
def test_figures_without_a_peer_stand_beside_their_bars(line: str) -> None:
    assert line in written()


def test_overheads_name_their_bounds_and_verdict() -> None:
    assert "| gates on | gates off | over HTTP | 30 | +1.0% | +1.0% to +1.0% | 5% | 0% | met |" in written()


@pytest.mark.parametrize(
    ("lower", "median", "upper", "verdict"),
    [
        (-0.01, 0.0, 0.05, "aim met"),
        (-0.01, 0.01, 0.05, "met"),
        (0.03, 0.04, 0.06, "not shown"),
        (0.051, 0.06, 0.07, "missed"),
    ],
)
def test_a_bar_is_met_only_when_the_upper_bound_is_below_it(
    lower: float, median: float, upper: float, verdict: str
) -> None:
    assert Comparison("a", "b", 0.05).verdict(Change(30, median, lower, upper)) == verdict

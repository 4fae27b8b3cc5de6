"""Percentiles of propagation by nearest rank, and each beside its bar."""

from bench.propagation import Figures, figures_of


def test_percentiles_are_measured_values() -> None:
    assert figures_of([0.004]) == Figures(1, 0.004, 0.004, 0.004)
    hundred = [number / 1000 for number in range(1, 101)]
    assert figures_of(hundred[::-1]) == Figures(100, 0.05, 0.099, 0.1)
    assert figures_of(hundred[:3]) == Figures(3, 0.002, 0.003, 0.003)


def test_a_bar_that_is_missed_is_called_so() -> None:
    told = Figures(100, 0.049, 0.5, 1.9).lines()
    assert [line.endswith("NOT met") for line in told] == [False, True, False]

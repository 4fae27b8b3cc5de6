"""A figure, its bar, and how much of everything a measurement takes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`met` is None where the bar was not measured, and `measured` then says why.

    `timing`: whether it is met says as much of the machine, and of what else runs on it.
    """

    row: str
    bar: str
    measured: str
    met: bool | None
    timing: bool = False


@dataclass(frozen=True)
class Scale:
    """Every number that a longer run raises. Seconds are those of each outage."""

    name: str
    orders: int
    """Shuffled runs of each history."""
    permutations: int
    """Of each group of events of one second, at most."""
    kills: int
    """Of a process at each of its steps."""
    outage_seconds: float
    rate: float
    """Decisions asked for in a second."""
    crashes: int
    """Of Redis and of PostgreSQL."""
    failovers: int
    customers: int
    reads: int
    corruptions: int
    core_runs: int
    """Of the pure functions, over all histories."""
    longest_seconds: float
    """For one measurement; who takes longer is reported as not measured to its end."""
    every_pair: bool = False
    """Every way in which one part fails with every one of another; else one of each two parts."""


SMALL = Scale(
    "small",
    orders=10,
    permutations=3,
    kills=1,
    outage_seconds=2,
    rate=200,
    crashes=3,
    failovers=2,
    customers=15,
    reads=5000,
    corruptions=100,
    core_runs=2800,
    longest_seconds=300,
)
MIDDLE = Scale(
    "middle",
    orders=100,
    permutations=120,
    kills=3,
    outage_seconds=10,
    rate=500,
    crashes=10,
    failovers=5,
    customers=50,
    reads=20_000,
    corruptions=1000,
    core_runs=28_000,
    longest_seconds=1200,
)
FULL = Scale(
    "full",
    orders=10_000,
    permutations=5040,
    kills=200,
    outage_seconds=60,
    rate=500,
    crashes=200,
    failovers=200,
    customers=500,
    reads=100_000,
    corruptions=1000,
    core_runs=1_000_006,
    longest_seconds=4 * 3600,
    every_pair=True,
)
SCALES = {each.name: each for each in (SMALL, MIDDLE, FULL)}


def percentile(values: list[float], share: float) -> float:
    """In milliseconds; values in seconds."""
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

"""Counters and histograms for one thread, in the shapes that Prometheus reads.

What they count is counted several times for each request, always by the event loop. The library's own are made for
threads: their locks cost more than all the rest of counting.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds; those of Prometheus' clients."""


class Count:
    """How often, since the process began."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def inc(self) -> None:
        self.value += 1


class Counter(Collector):
    """`labels(*values)` is the Count of these values: the same one each time."""

    def __init__(self, name: str, description: str, labels: Sequence[str] = ()) -> None:
        self._name, self._description, self._labels = name, description, labels
        self._counts: dict[tuple[str, ...], Count] = {}
        self.labels = cache(self._begin)
        if not labels:
            self.labels()  # which is told while it is 0, as there is no other

    def inc(self) -> None:
        """Of a counter without labels."""
        self.labels().inc()

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily(self._name, self._description, labels=self._labels)
        for values, count in self._counts.items():
            family.add_metric(values, count.value)
        return [family]

    def _begin(self, *values: str) -> Count:
        _check(self._name, self._labels, values)
        return self._counts.setdefault(values, Count())


class Spread:
    """How durations are spread over `bounds`; `counts` has one more, for what lasted longer."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds


class Histogram(Collector):
    """`labels(*values)` is the Spread of these values: the same one each time."""

    def __init__(
        self, name: str, description: str, labels: Sequence[str] = (), bounds: Sequence[float] = BOUNDS
    ) -> None:
        self._name, self._description, self._labels, self._bounds = name, description, labels, bounds
        self._spreads: dict[tuple[str, ...], Spread] = {}
        self.labels = cache(self._begin)
        if not labels:
            self.labels()

    def observe(self, seconds: float) -> None:
        """Of a histogram without labels."""
        self.labels().observe(seconds)

    def collect(self) -> Iterable[Metric]:
        family = HistogramMetricFamily(self._name, self._description, labels=self._labels)
        bounds = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        for values, spread in self._spreads.items():
            family.add_metric(values, list(zip(bounds, accumulate(spread.counts), strict=True)), spread.total)
        return [family]

    def _begin(self, *values: str) -> Spread:
        _check(self._name, self._labels, values)
        return self._spreads.setdefault(values, Spread(self._bounds))


def _check(name: str, labels: Sequence[str], values: Sequence[str]) -> None:
    if len(values) != len(labels):
        raise ValueError(f"{name} is counted by {labels}, not by {values}")

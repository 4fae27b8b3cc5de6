"""What Gatehouse is to reach against its peers, and whether it did. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.cases import DENIED, LIST, ME, NESTED, WEBHOOK, Case, Deliveries, Row
from bench.load import Sample
from bench.rows import CACHED, FASTIFY, GATEHOUSE, INBOX, MERCURIUS, RAW
from bench.servers import Server


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    of: Callable[[Sample], float]
    less_is_better: bool = True
    digits: int = 0

    def times_better(self, mine: Sample, theirs: Sample) -> float:
        ratio = self.of(mine) / self.of(theirs)
        return 1 / ratio if self.less_is_better else ratio


PER_SECOND = Figure("req/s", lambda sample: sample.per_second, less_is_better=False)
CPU = Figure("CPU µs", lambda sample: sample.server_cpu)
P99 = Figure("p99 ms", lambda sample: sample.p99, digits=1)


@dataclass(frozen=True, slots=True)
class Target:
    """How many times better `measured` is to be than `against`: `least`, and what is aimed for; in every figure."""

    case: Case | Deliveries
    measured: Server
    against: Server
    least: float
    aim: float
    figures: tuple[Figure, ...] = (PER_SECOND, CPU)

    def verdict(self, times_better: float) -> str:
        if times_better >= self.aim:
            return "aim met"
        return "met" if times_better >= self.least else "missed"


TARGETS = (
    Target(LIST, GATEHOUSE, MERCURIUS, least=1.8, aim=2.5),
    Target(ME, GATEHOUSE, MERCURIUS, least=1.5, aim=2.0),
    Target(NESTED, GATEHOUSE, MERCURIUS, least=1.5, aim=2.5),
    Target(DENIED, GATEHOUSE, MERCURIUS, least=4, aim=6),
    Target(LIST, GATEHOUSE, CACHED, least=10, aim=16),
    Target(ME, GATEHOUSE, CACHED, least=5, aim=9),
    Target(WEBHOOK, INBOX, FASTIFY, least=1.5, aim=1.8),
    Target(WEBHOOK, INBOX, FASTIFY, least=2, aim=2, figures=(P99,)),
    Target(LIST, GATEHOUSE, RAW, least=0.60, aim=0.85),
)


@dataclass(frozen=True, slots=True)
class Result:
    """Medians of both servers' figures; `times_better` is the median of the ratios within each round."""

    target: Target
    figure: Figure
    mine: float
    theirs: float
    times_better: float

    @property
    def verdict(self) -> str:
        return self.target.verdict(self.times_better)


def results(samples: Mapping[Row, Sequence[Sample]]) -> Iterator[Result]:
    """One for each figure of each target. What slows a whole round down cancels out in its ratio."""
    taken = {(row.server, row.case): rounds for row, rounds in samples.items()}
    for target in TARGETS:
        mine, theirs = taken[target.measured, target.case], taken[target.against, target.case]
        for figure in target.figures:
            ratios = (figure.times_better(*each) for each in zip(mine, theirs, strict=True))
            yield Result(target, figure, median(map(figure.of, mine)), median(map(figure.of, theirs)), median(ratios))

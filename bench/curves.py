"""What grows with what: the same case asked of both servers at a few sizes, and told as a plot."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.cases import LIST, ME, Case, Row, read_query
from bench.load import Sample
from bench.rows import GATEHOUSE, GRAPHQL, MERCURIUS, SAME_SWITCHES
from bench.servers import Program, Server, node
from bench.targets import CPU, PER_SECOND, Figure

LENGTHS = (1, 10, 50, 100)
ALIASES = (1, 5, 10, 20)
WORKERS = (1, 2, 4)
FEW_CONNECTIONS = 4
"""Enough to keep one worker busy, so few that each has its answer within a sample."""
MANY_CONNECTIONS = 32
"""So that each of several workers has its share, however the connections fall."""

SELECTION = "articles(first: 10) { edges { node { id slug title teaser publishedAt author { id name } } } }"


@dataclass(frozen=True, slots=True)
class Curve:
    """`figure` over `sizes`, for each of `lines` a row for each size; `name` is the plot's file."""

    name: str
    title: str
    sizes_are: str
    figure: Figure
    lines: Mapping[str, Mapping[int, Row]]

    @property
    def axes(self) -> str:
        return f"{self.figure.name} by {self.sizes_are}"

    def points(self, samples: Mapping[Row, Sequence[Sample]]) -> dict[str, dict[int, float]]:
        """The median of the figure at each size, by line."""
        return {
            name: {size: median(map(self.figure.of, samples[row])) for size, row in line.items()}
            for name, line in self.lines.items()
        }

    def rows(self) -> Iterator[Row]:
        for line in self.lines.values():
            yield from line.values()


def _of_list(length: int) -> Case:
    return Case(f"a list of {length}", read_query("list").replace("first: 50", f"first: {length}"))


def _of_document(aliases: int) -> Case:
    fields = "\n".join(f"  list{number}: {SELECTION}" for number in range(aliases))
    return Case(f"a document of {aliases} lists", f"{{\n{fields}\n}}")


def _lines(cases: Mapping[int, Case]) -> dict[str, dict[int, Row]]:
    return {
        server.name: {size: Row(server, case, connections=FEW_CONNECTIONS) for size, case in cases.items()}
        for server in (GATEHOUSE, MERCURIUS)
    }


LIST_LENGTH = Curve(
    "list-length",
    "What Q1 costs by the length of its list",
    "articles asked for",
    CPU,
    _lines({n: _of_list(n) for n in LENGTHS}),
)
DOCUMENT_SIZE = Curve(
    "document-size",
    "What a document costs by its size",
    "lists of 10 in one document",
    CPU,
    _lines({n: _of_document(n) for n in ALIASES}),
)
SIZES = (LIST_LENGTH, DOCUMENT_SIZE)
"""Of one worker each."""

_of_gatehouse = {
    count: Server(f"Gatehouse, workers {count}", Program((sys.executable, "-m", "bench.workers", str(count))), GRAPHQL)
    for count in WORKERS
}
_of_mercurius = {
    count: Server(
        f"mercurius JIT, workers {count}",
        node("workers.js", {"BENCH_WORKERS": str(count), **SAME_SWITCHES}),
        MERCURIUS.path,
    )
    for count in WORKERS
}


def _workers(name: str, title: str, case: Case) -> Curve:
    servers = {GATEHOUSE.name: _of_gatehouse, MERCURIUS.name: _of_mercurius}
    lines = {
        line: {count: Row(server, case, connections=MANY_CONNECTIONS) for count, server in of_line.items()}
        for line, of_line in servers.items()
    }
    return Curve(name, title, "workers", PER_SECOND, lines)


GROWTH = (
    _workers("workers-q1", "Throughput of Q1 by workers", LIST),
    _workers("workers-q2", "Throughput of Q2 by workers", ME),
)
GROWTH_REFERENCE = _of_mercurius[1]
CURVES = (*SIZES, *GROWTH)

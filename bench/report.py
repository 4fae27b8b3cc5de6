"""The report: tables as Markdown. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from bench.comparisons import Comparison
from bench.figures import Change
from bench.load import Sample
from bench.rows import RATIOS, REFERENCE, Case, Row
from bench.run import Plan

HOW_TO_READ = f"""
Every answer was 200 and equal, byte for byte, to one that had been compared with the other servers' answer to the same
case; else there would be no report. Absolute figures move with the machine: read ratios within one table.

- `req/s`, `p50`, `p99` (milliseconds): medians over the rounds; one worker process each, wrk with one thread and 16
  connections on the same machine. `x` is against {REFERENCE.name} in the same table.
- `CPU`: microseconds of user and system time of the server's process tree for each request, the median; 1,000,000 / CPU
  is what one core can reach. `less` is how many times less than {REFERENCE.name}. `PG CPU`: the same of PostgreSQL.
- Same switches: entitlements in memory, verified tokens remembered (Strawberry as it comes has neither), named
  statements, 10 connections, no log line for a request that went well.
- Gatehouse reads bodies through its second wall from a table of their own; the peers' tables have no wall.
- Overheads: the change of CPU within each pair, its median, and bounds between which the median lies with 95 %
  confidence each (order statistics, no assumption about the noise). A bar is `held` when the upper bound is below it,
  `missed` when the lower one is above it, else `not shown`.
""".strip()


@dataclass(frozen=True, slots=True)
class Overhead:
    """One comparison and how it was measured: over HTTP, or in one process without HTTP."""

    comparison: Comparison
    how: str
    change: Change


@dataclass(frozen=True, slots=True)
class Outcome:
    day: date
    plan: Plan
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    samples: Mapping[Row, Sequence[Sample]]
    overheads: Sequence[Overhead]


def report(outcome: Outcome) -> str:
    plan = outcome.plan
    parts = [
        "# Benchmark\n\nWritten by `./dev bench`; do not edit.",
        f"{outcome.day:%Y-%m-%d}, {plan.rounds} interleaved rounds of {plan.seconds} s for each row.",
        _ratios(outcome.samples),
        *(_table(case, outcome.samples) for case in dict.fromkeys(row.case for row in outcome.samples)),
        _overheads(outcome.overheads),
        "## How to read it\n\n" + HOW_TO_READ,
        "## Machine and versions\n\n" + _facts(outcome.machine) + "\n\n" + _facts(outcome.versions),
    ]
    return "\n\n".join(parts) + "\n"


def _ratios(samples: Mapping[Row, Sequence[Sample]]) -> str:
    """Medians over the rounds of the ratio within each round, so that what slows a whole round down cancels out."""
    taken = {(row.server, row.case): rounds for row, rounds in samples.items()}
    head = ("case", "of", "against", "req/s, times", "CPU, times less")
    body: list[Sequence[str]] = []
    for case, measured, against in RATIOS:
        rounds = list(zip(taken[measured, case], taken[against, case], strict=True))
        speed = median(mine.per_second / theirs.per_second for mine, theirs in rounds)
        saving = median(theirs.server_cpu / mine.server_cpu for mine, theirs in rounds)
        body.append((case.title, measured.name, against.name, f"{speed:.2f}", f"{saving:.2f}"))
    return "## Ratios\n\n" + _markdown(head, body)


def _table(case: Case, samples: Mapping[Row, Sequence[Sample]]) -> str:
    medians = {row: _median_sample(taken) for row, taken in samples.items() if row.case == case}
    base = next(sample for row, sample in medians.items() if row.server == REFERENCE)
    head = ("server", "req/s", "x", "p50 ms", "p99 ms", "CPU µs", "less", "PG CPU µs", "errors")
    body = (
        (
            row.server.name,
            f"{one.per_second:,.0f}",
            f"{one.per_second / base.per_second:.2f}",
            f"{one.p50:.1f}",
            f"{one.p99:.1f}",
            f"{one.server_cpu:,.0f}",
            f"{base.server_cpu / one.server_cpu:.2f}",
            f"{one.postgres_cpu:,.0f}",
            str(row.errors),
        )
        for row, one in medians.items()
    )
    return f"## {case.title}\n\n```graphql\n{case.query}\n```\n\n" + _markdown(head, body)


def _overheads(overheads: Sequence[Overhead]) -> str:
    head = ("cost of", "over", "how", "pairs", "median", "95 % bounds", "bar", "")
    body = (
        (
            each.comparison.measured,
            each.comparison.base,
            each.how,
            str(each.change.pairs),
            f"{each.change.median:+.1%}",
            f"{each.change.lower:+.1%} to {each.change.upper:+.1%}",
            "-" if each.comparison.bar is None else f"{each.comparison.bar:.0%}",
            each.comparison.verdict(each.change),
        )
        for each in overheads
    )
    return "## Gatehouse against itself, CPU for each request\n\n" + _markdown(head, body)


def _median_sample(samples: Sequence[Sample]) -> Sample:
    return Sample(
        requests=sum(sample.requests for sample in samples),
        **{
            name: median(getattr(sample, name) for sample in samples)
            for name in ("per_second", "p50", "p99", "server_cpu", "postgres_cpu")
        },
    )


def _facts(facts: Mapping[str, str]) -> str:
    return " · ".join(f"{name} {value}" for name, value in facts.items())


def _markdown(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *body))

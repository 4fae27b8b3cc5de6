"""The report: tables as Markdown. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from bench.cases import Case, Deliveries, Row
from bench.comparisons import AGAIN, Comparison
from bench.curves import CURVES, MANY_CONNECTIONS, Curve
from bench.entitlements import Bar
from bench.figures import Change
from bench.load import Sample
from bench.rows import REFERENCE, ROWS
from bench.run import Plan
from bench.targets import results

HOW_TO_READ = f"""
Every answer was 200 and equal, byte for byte, to one that had been compared with the other servers' answer to the same
case; every acknowledged event was found in its table; else there would be no report. Absolute figures move with the
machine: read ratios within one table.

- `req/s`, `p50`, `p99` (milliseconds): medians over the rounds; one worker process each, wrk with one thread and 16
  connections on the same machine. `x` is against {REFERENCE.name} in the same table.
- `CPU`: microseconds of user and system time of the server's process tree for each request, the median; 1,000,000 / CPU
  is what one core can reach. `PG CPU`: the same of PostgreSQL.
- `times better`: the median over the rounds of the ratio within a round, more req/s or less time. `at least` and `aim`
  are this project's own targets.
- Same switches: entitlements in memory, verified tokens remembered, one algorithm of tokens, named statements, 10
  connections to the same PostgreSQL, no log line for a request that went well.
- Gatehouse reads bodies through its second wall from a table of their own; the peers' tables have no wall. With an
  event it also keeps what the event proves, and whose customer is to be synced.
- Against itself: the change of CPU within each pair, its median, and bounds between which the median lies with 95 %
  confidence each (order statistics, no assumption about the noise). A bar is `met` when the upper bound is below it,
  `missed` when the lower one is above it, else `not shown`. Over HTTP both arms are served by one process, and by
  ten such processes in turn, since each lies in memory in its own way. `{AGAIN}` is the method measuring itself: two
  applications built alike. In one process is the stricter way and the finer one: what gates cost is a greater part of
  a request without HTTP, and each pair is taken within a tenth of a second, not within two.
- Workers: {MANY_CONNECTIONS} connections; wrk and PostgreSQL run on the same cores as the workers.
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
    bars: Sequence[Bar]


def report(outcome: Outcome) -> str:
    plan = outcome.plan
    cases = dict.fromkeys(row.case for row in ROWS)
    parts = [
        "# Benchmark\n\nWritten by `./dev bench`; do not edit.",
        f"{outcome.day:%Y-%m-%d}, {plan.rounds} interleaved rounds of {plan.seconds} s for each row.",
        "## Targets\n\n" + _targets(outcome),
        "## Gatehouse against itself, CPU for each request\n\n" + overhead_table(outcome.overheads),
        "## Entitlements\n\n" + _bars(outcome.bars),
        "## What grows with what\n\n" + "\n\n".join(_curve(curve, outcome.samples) for curve in CURVES),
        *(_table(case, outcome.samples) for case in cases),
        "## How to read it\n\n" + HOW_TO_READ,
        "## Machine and versions\n\n" + _facts(outcome.machine) + "\n\n" + _facts(outcome.versions),
    ]
    return "\n\n".join(parts) + "\n"


def _targets(outcome: Outcome) -> str:
    head = ("case", "against", "figure", "Gatehouse", "peer", "times better", "at least", "aim", "")
    body = (
        (
            each.target.case.title,
            each.target.against.name,
            each.figure.name,
            f"{each.mine:,.{each.figure.digits}f}",
            f"{each.theirs:,.{each.figure.digits}f}",
            f"{each.times_better:.2f}",
            f"{each.target.least:g}",
            f"{each.target.aim:g}",
            each.verdict,
        )
        for each in results(outcome.samples)
    )
    return _markdown(head, body)


def _curve(curve: Curve, samples: Mapping[Row, Sequence[Sample]]) -> str:
    lines = curve.points(samples)
    sizes = list(next(iter(lines.values())))
    head = (curve.axes, *map(str, sizes))
    body = ((name, *(f"{line[size]:,.0f}" for size in sizes)) for name, line in lines.items())
    return f"![{curve.title}](plots/{curve.name}.svg)\n\n" + _markdown(head, body)


def _table(case: Case | Deliveries, samples: Mapping[Row, Sequence[Sample]]) -> str:
    medians = {row: _median_sample(samples[row]) for row in ROWS if row.case == case}
    base = next(iter(medians.values()))
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
    query = f"```graphql\n{case.query}\n```\n\n" if isinstance(case, Case) else ""
    return f"## {case.title}\n\n{query}" + _markdown(head, body)


def overhead_table(overheads: Sequence[Overhead]) -> str:
    head = ("cost of", "over", "how", "pairs", "median", "95 % bounds", "at most", "aim", "")
    body = (
        (
            each.comparison.measured,
            each.comparison.base,
            each.how,
            str(each.change.pairs),
            f"{each.change.median:+.1%}",
            f"{each.change.lower:+.1%} to {each.change.upper:+.1%}",
            f"{each.comparison.most:.0%}",
            "0%",
            each.comparison.verdict(each.change),
        )
        for each in overheads
    )
    return _markdown(head, body)


def _bars(bars: Sequence[Bar]) -> str:
    head = ("figure", "measured", "at most", "")
    body = (
        (each.figure, f"{each.measured:,.3g} {each.unit}".strip(), f"{each.most:g} {each.unit}".strip(), each.verdict)
        for each in bars
    )
    return _markdown(head, body)


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

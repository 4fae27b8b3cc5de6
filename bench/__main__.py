"""`python -m bench`: one run, then `report.md` with its plots and `results.json`. `--help` says how to shorten it."""

import argparse
import os
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import orjson

from bench.cases import Row
from bench.comparisons import Comparison
from bench.curves import CURVES, GROWTH, GROWTH_REFERENCE, SIZES
from bench.entitlements import measure_entitlements
from bench.faults import Missing
from bench.figures import change_of
from bench.gates import measure_gates
from bench.ground import Ground, open_ground
from bench.load import Sample
from bench.machine import machine, versions
from bench.plots import plot
from bench.report import Outcome, Overhead, report
from bench.rows import LAYOUTS, REFERENCE, ROWS
from bench.run import Bench, Plan
from bench.servers import Server, running
from bench.tools import install_node_peers, require_tools
from clock import SystemClock
from errors import GatehouseError

HERE = Path(__file__).parent

CURVE_ROUNDS, CURVE_SECONDS = 5, 1
PAIR_SECONDS = 1
PROCESSES = 10
"""Over which the pairs over HTTP are spread."""


def main(arguments: Sequence[str]) -> int:
    plan = _plan(arguments)
    try:
        require_tools()
        install_node_peers(say)
        outcome = measure(plan)
    except Missing as missing:
        print(missing.message, file=sys.stderr)
        return 2
    except GatehouseError as failure:
        print(f"no report: {failure.message}", file=sys.stderr)
        return 1
    (HERE / "report.md").write_text(report(outcome), encoding="utf-8")
    (HERE / "plots").mkdir(exist_ok=True)
    for curve in CURVES:
        drawn = plot(curve.title, curve.axes, curve.points(outcome.samples))
        (HERE / "plots" / f"{curve.name}.svg").write_text(drawn, encoding="utf-8")
    (HERE / "results.json").write_bytes(_results(outcome.samples))
    say("written: bench/report.md, bench/plots, bench/results.json")
    return 0


def measure(plan: Plan) -> Outcome:
    """Everything, on one ground. Raises RunFailed."""
    where = machine()
    with open_ground(say) as ground:
        sizes = [row for curve in SIZES for row in curve.rows()]
        with _bench([*ROWS, *sizes], ground, REFERENCE) as bench:
            bench.warm_up(ROWS, plan.warm_up_seconds)
            samples = bench.rounds(ROWS, plan.rounds, plan.seconds)
            samples |= _curves(bench, sizes, plan)
        growth = [row for curve in GROWTH for row in curve.rows()]
        with _bench(growth, ground, GROWTH_REFERENCE) as bench:
            samples |= _curves(bench, growth, plan)
        overheads = [*measure_gates(ground, plan.pairs, say), *_over_http(ground, plan)]
        say("decisions, and how fast a change of them travels")
        bars = measure_entitlements(ground)
    return Outcome(SystemClock().now().date(), plan, where, versions(), samples, overheads, bars)


@contextmanager
def _bench(rows: Sequence[Row], ground: Ground, reference: Server) -> Generator[Bench]:
    """The servers of `rows`, running, each of their answers compared."""
    servers = {row.server.name: row.server for row in rows}
    with running(servers.values(), ground, os.environ, say) as started:
        bench = Bench(ground, started, say)
        bench.check_answers(rows, reference)
        yield bench


def _curves(bench: Bench, rows: Sequence[Row], plan: Plan) -> dict[Row, list[Sample]]:
    bench.warm_up(rows, plan.warm_up_seconds)
    return bench.rounds(rows, min(plan.rounds, CURVE_ROUNDS), CURVE_SECONDS)


def _over_http(ground: Ground, plan: Plan) -> Iterator[Overhead]:
    """In several processes one after the other: where an application came to lie in memory costs it a per cent or two,
    or spares it as much, for as long as it lives."""
    processes = min(PROCESSES, plan.pairs)
    taken: dict[Comparison, list[tuple[Sample, Sample]]] = {}
    for number in range(processes):
        layout = LAYOUTS[number % len(LAYOUTS)]
        rows = list(dict.fromkeys(row for _, base, measured in layout.pairs for row in (base, measured)))
        with _bench(rows, ground, layout.gated) as bench:
            bench.warm_up(rows, PAIR_SECONDS)
            say(f"pairs over HTTP, process {number + 1} of {processes}")
            for comparison, base, measured in layout.pairs:
                pairs = bench.alternate(base, measured, plan.pairs // processes, PAIR_SECONDS)
                taken.setdefault(comparison, []).extend(pairs)
    for comparison, pairs in taken.items():
        change = change_of([(before.server_cpu, after.server_cpu) for before, after in pairs])
        yield Overhead(comparison, "over HTTP", change)


def _plan(arguments: Sequence[str]) -> Plan:
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measures Gatehouse against its peers and itself.")
    for name, meaning in (
        ("seconds", "of each sample"),
        ("rounds", "in each of which every row is sampled once"),
        ("pairs", "for each comparison of Gatehouse with itself, at least 5; 30 for a bound worth reporting"),
    ):
        default = getattr(Plan(), name)
        parser.add_argument(f"--{name}", type=_positive, default=default, help=f"{meaning}; {default} unless given")
    plan = Plan(**vars(parser.parse_args(arguments)))
    if plan.pairs < 5:
        parser.error(f"--pairs is {plan.pairs}: give at least 5")
    return plan


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not a positive number")
    return number


def _results(samples: Mapping[Row, Sequence[Sample]]) -> bytes:
    rows = [
        {"server": row.server.name, "case": row.case.title, "samples": [asdict(sample) for sample in taken]}
        for row, taken in samples.items()
    ]
    return orjson.dumps(rows, option=orjson.OPT_INDENT_2)


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

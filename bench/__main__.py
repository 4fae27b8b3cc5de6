"""`python -m bench`: one run, then `bench/report.md` and `bench/results.json`. `--help` says how to make it shorter."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import orjson

from bench.comparisons import COMPARISONS
from bench.data import FREE, PRO
from bench.faults import Missing
from bench.figures import change_of
from bench.ground import Ground, open_ground
from bench.inside import measure_inside
from bench.load import Sample
from bench.machine import machine, versions
from bench.report import Outcome, Overhead, report
from bench.rows import PAIRS, ROWS, Row
from bench.run import Bench, Plan
from bench.servers import running
from bench.tools import install_node_peers, require_tools
from clock import SystemClock
from errors import GatehouseError

HERE = Path(__file__).parent


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
    (HERE / "results.json").write_bytes(_results(outcome.samples))
    say("written: bench/report.md, bench/results.json")
    return 0


def measure(plan: Plan) -> Outcome:
    """Everything, on one ground. Raises RunFailed."""
    where = machine()
    with open_ground(say) as ground:
        servers = {row.server.name: row.server for row in ROWS}
        with running(servers.values(), ground, os.environ, say) as started:
            bench = Bench(ground, started, say)
            bench.check_answers(ROWS)
            bench.warm_up(ROWS, plan.warm_up_seconds)
            samples = bench.rounds(ROWS, plan)
            over_http = _over_http(bench, plan)
        overheads = [*_inside(ground, plan), *over_http]
    return Outcome(SystemClock().now().date(), plan, where, versions(), samples, overheads)


def _over_http(bench: Bench, plan: Plan) -> list[Overhead]:
    found: list[Overhead] = []
    for comparison, base, measured in PAIRS:
        say(f"{plan.pairs} pairs of `{comparison.measured}` over HTTP, {plan.pairs * plan.seconds * 2} s")
        pairs = bench.alternate(base, measured, plan)
        change = change_of([(before.server_cpu, after.server_cpu) for before, after in pairs])
        found.append(Overhead(comparison, "over HTTP", change))
    return found


def _inside(ground: Ground, plan: Plan) -> list[Overhead]:
    say(f"{plan.pairs} rounds inside one process")
    tokens = {"pro": ground.token(PRO), "free": ground.token(FREE)}
    taken = measure_inside(ground, tokens, plan.pairs)
    return [
        Overhead(each, "in one process", change_of(list(zip(taken[each.base], taken[each.measured], strict=True))))
        for each in COMPARISONS
    ]


def _plan(arguments: Sequence[str]) -> Plan:
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measures Gatehouse against its peers and itself.")
    for name, meaning in (
        ("seconds", "of each sample"),
        ("rounds", "in each of which every row is sampled once"),
        ("pairs", "for each comparison of Gatehouse with itself, at least 5; 30 for a bound worth reporting"),
        ("warm-up-seconds", "for each row"),
    ):
        default = getattr(Plan(), name.replace("-", "_"))
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

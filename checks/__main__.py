"""`python -m checks`: every check over the tree. `python -m checks lock`: whether the lock installs everywhere."""

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from checks.house import RULES, run_rule
from checks.lock import uninstallable
from checks.model import read_sources
from checks.tools import tool

ROOT = Path(__file__).parents[1]
Check = tuple[str, Callable[[], list[str]], str]
"""Name, how to find its findings, what to do about one."""


def tools() -> Iterator[Check]:
    yield "format", partial(tool("ruff", "format", "--check", "."), ROOT), "run `ruff format`"
    yield "lint", partial(tool("ruff", "check", "."), ROOT), "run `ruff check --fix`, mend the rest"
    yield "types", partial(tool("pyright"), ROOT), "mend the types; pyright is strict on purpose"
    yield "imports", partial(tool("lint-imports", "--no-cache"), ROOT), "the layers stand in pyproject.toml"


def house() -> Iterator[Check]:
    sources = read_sources(ROOT)
    yield from ((rule.name, partial(run_rule, rule, sources), rule.remedy) for rule in RULES)


def timed(check: Check) -> tuple[list[str], float]:
    started = time.perf_counter()
    return check[1](), time.perf_counter() - started


def report(checks: list[Check]) -> int:
    """Prints each check's outcome in order; 1 when any has a finding."""
    failed = 0
    with ThreadPoolExecutor() as pool:
        for (name, _, remedy), (findings, seconds) in zip(checks, pool.map(timed, checks), strict=True):
            failed += bool(findings)
            print(f"{'FAIL' if findings else 'ok':4}  {name:16} {seconds:5.1f} s", flush=True)
            for line in findings:
                print(f"        {line}")
            if findings:
                print(f"      remedy: {remedy}")
    print(f"{len(checks) - failed} of {len(checks)} checks passed")
    return int(failed > 0)


def main(arguments: list[str]) -> int:
    if arguments == ["lock"]:
        return report([("lock installs", partial(uninstallable, ROOT), "choose versions with wheels for all of them")])
    if arguments:
        print("usage: python -m checks [lock]", file=sys.stderr)
        return 2
    return report([*tools(), *house()])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

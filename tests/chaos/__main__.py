"""`python -m tests.chaos --seed 7`: crowds of lives, one after the other, with what was wrong, told as short as may be.

`--crowds 10` lives those of the ten seeds from `--seed` on. Exits 1 when anything was wrong.
"""

import argparse
import asyncio
import os
import sys
import time
from collections import Counter

import structlog

from tests.chaos.crowd import Plan
from tests.chaos.house import Variant
from tests.chaos.live import live
from tests.chaos.mutants import MUTANTS
from tests.chaos.telling import told
from tests.parts import SessionParts, folder_for_parts, start_test_parts

LONGEST_SECONDS = 90.0
"""For one crowd, several times what it takes."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first crowd")
    parser.add_argument("--crowds", type=int, default=1)
    parser.add_argument("--people", type=int, default=50, help="in each crowd")
    parser.add_argument("--only", action="append", metavar="MEMBER", help="of all, only this one lives")
    parser.add_argument("--without", action="append", default=[], metavar="ACT", help="leave out, such as 3a")
    parser.add_argument("--mutant", choices=MUTANTS)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    seeds = range(arguments.seed, arguments.seed + arguments.crowds)
    plans = [Plan(str(seed), arguments.people, arguments.only, arguments.without) for seed in seeds]
    variant = MUTANTS[arguments.mutant] if arguments.mutant else Variant()
    with folder_for_parts() as folder:
        parts = start_test_parts(folder / "data")
        try:
            return asyncio.run(_live(plans, parts, variant))
        finally:
            parts.running.stop()


async def _live(plans: list[Plan], parts: SessionParts, variant: Variant) -> int:
    """Ends at the first crowd with which anything is wrong."""
    began, counts = time.monotonic(), Counter[str]()
    for plan in plans:
        giving_up = asyncio.get_running_loop().call_later(LONGEST_SECONDS, _give_up, plan)
        report = await live(plan, parts, variant)
        giving_up.cancel()
        counts.update(report.counts)
        if report.faulty:
            sys.stdout.write(await told(plan, report, parts, variant) + "\n")
            return 1
    took = f"{time.monotonic() - began:.0f} s, {time.process_time():.0f} s of one core"
    sys.stdout.write("\n".join([*(f"{count} {what}" for what, count in sorted(counts.items())), took, ""]))
    return 0


def _give_up(plan: Plan) -> None:
    """Says what everybody waits for. The servers end with this process."""
    sys.stdout.write(f"the crowd of seed {plan.seed} did not end in {LONGEST_SECONDS:.0f} s\n")
    for task in asyncio.all_tasks():
        task.print_stack(file=sys.stdout)
    sys.stdout.flush()
    os._exit(2)


if __name__ == "__main__":
    sys.exit(main())

"""What gates cost, inside one process; `python -m bench.gates` measures it alone and prints it, in a third of the time.

In several processes one after the other, since a token lives for minutes, and a slow machine takes longer over all.
"""

import argparse
from collections.abc import Callable, Iterator

from bench.comparisons import COMPARISONS
from bench.data import FREE, PRO
from bench.figures import change_of
from bench.ground import Ground, open_ground
from bench.inside import measure_inside
from bench.report import Overhead, overhead_table

PROCESSES = 4
ROUNDS = 4
"""For each pair: a round inside one process is short, and what is looked for is small."""


def measure_gates(ground: Ground, pairs: int, say: Callable[[str], None]) -> Iterator[Overhead]:
    """From ROUNDS times as many pairs. Raises RunFailed."""
    rounds = max(1, pairs * ROUNDS // PROCESSES)
    taken: dict[str, list[float]] = {}
    for number in range(PROCESSES):
        say(f"{rounds} rounds inside one process, {number + 1} of {PROCESSES}")
        tokens = {"pro": ground.token(PRO), "free": ground.token(FREE)}
        for name, spent in measure_inside(ground, tokens, rounds).items():
            taken.setdefault(name, []).extend(spent)
    for each in COMPARISONS:
        change = change_of(list(zip(taken[each.base], taken[each.measured], strict=True)))
        yield Overhead(each, "in one process", change)


def main(pairs: int) -> None:
    with open_ground(print) as ground:
        print(overhead_table(list(measure_gates(ground, pairs, print))))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.gates", description=__doc__)
    parser.add_argument("--pairs", type=int, default=60, help=f"{ROUNDS} times as many are taken; at least 5")
    given = parser.parse_args().pairs
    if given < 5:
        parser.error(f"--pairs is {given}: give at least 5")
    main(given)

"""The figures as a page, on which each measurement keeps the rows of its last run."""

from collections.abc import Iterable, Mapping, Sequence

from tests.fault.figures.model import Figure

NOT_MEASURED = (Figure("A3", "the sender of messages killed at every step", "there is no sender of messages", None),)
LAST = "elsewhere"

HEADING = """# What faults do to it

Written by `python -m tests.fault.figures`, which measures at three scales: small, middle and full, the one that the
bars name. Each measurement stands here as it was last run, with its scale, how long it took, and the machine's load
when it began. `./dev soak figures` runs all of them in full.

Machine: {machine}. Real PostgreSQL, Valkey and worker processes on one machine; Stripe is the tests' own server.

`yes` is said of the scale that is named beside it. `(timing)`: says as much of the machine, and of what else ran on it,
as of the code.

| measurement | row | bar | measured | met | scale |
|---|---|---|---|---|---|
"""


def rows_of(name: str, figures: Iterable[Figure], how: str) -> list[str]:
    """`how`: at which scale, how long and beside what."""
    cells = ([name, each.row, each.bar, each.measured, _verdict(each), how] for each in figures)
    return [f"| {' | '.join(row)} |" for row in cells]


def read_rows(page: str) -> dict[str, list[str]]:
    """By measurement, as they stand on the page."""
    rows: dict[str, list[str]] = {}
    for line in page.partition("|---|")[2].splitlines()[1:]:
        rows.setdefault(line.removeprefix("| ").partition(" | ")[0], []).append(line)
    return rows


def page_of(rows: Mapping[str, Sequence[str]], order: Sequence[str], machine: str) -> str:
    """`order`: the measurements there are; rows of any other are left out."""
    every = {**rows, LAST: rows_of(LAST, NOT_MEASURED, "")}
    lines = [row for name in (*order, LAST) for row in every.get(name, ())]
    return HEADING.format(machine=machine) + "".join(f"{line}\n" for line in lines)


def _verdict(figure: Figure) -> str:
    return {True: "yes", False: "**no**", None: "not measured here"}[figure.met] + " (timing)" * figure.timing

"""The figures as a page."""

from collections.abc import Iterable

from tests.fault.figures.model import Figure, Scale

NOT_MEASURED = (
    Figure("A1", "20 % dropped and filled in by backfill; 10^6 runs of the pure core", "not part of this run", None),
    Figure("A3", "the sender of messages killed at every step", "there is no sender of messages", None),
    Figure(
        "A8", "p50 <= 50 ms, p99 <= 500 ms by the fast path", "there is no fast path: every change is fetched", None
    ),
)


HEADING = """# What faults do to it

Written by `python -m tests.fault.figures {scale.name}` in {seconds:.0f} s. Machine: {machine}.
Real PostgreSQL, Valkey and worker processes on one machine; Stripe is the tests' own server.
Scale `{scale.name}`: {scale.orders} shuffles of each history; kills at each step: {scale.kills}; outages of
{scale.outage_seconds:.0f} s at {scale.rate:.0f} decisions a second; Redis and PostgreSQL killed: {scale.crashes} times
each; failovers: {scale.failovers}. The bars name the full scale, `python -m tests.fault.figures full`.

`yes` is said of this scale, not of the full one that the bar names.
`(timing)`: says as much of the machine, and of what else ran on it, as of the code.

| row | bar | measured | met |
|---|---|---|---|
"""


def report(figures: Iterable[Figure], scale: Scale, machine: str, seconds: float) -> str:
    rows = [f"| {each.row} | {each.bar} | {each.measured} | {_verdict(each)} |\n" for each in figures]
    return HEADING.format(scale=scale, machine=machine, seconds=seconds) + "".join(rows)


def _verdict(figure: Figure) -> str:
    return {True: "yes", False: "**no**", None: "not measured here"}[figure.met] + " (timing)" * figure.timing

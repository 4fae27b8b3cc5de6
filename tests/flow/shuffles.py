"""Histories delivered as no Stripe would be so unkind to: shuffled, doubled, cut with the rest arriving late, or never.

Each run is a customer of its own (every id gets the run's suffix), so many runs share a database and a worker.
"""

import asyncio
import itertools
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from storage.database import Database
from tests.clock import FixedClock
from tests.flow.replay import Gatehouse, at, final_rows, gatehouse
from tests.stripe_server.catalogues import catalogue_of
from tests.stripe_server.history import History, Step
from tests.stripe_server.server import StripeServer, serving
from tests.stripe_server.world import World

AT_ONCE = 25
EPOCH = datetime.fromtimestamp(0, UTC)
MIXED = 400
DUPLICATES = 0.25
LOST = 0.2
"""Of the events of every other `AT_ONCE` runs; a backfill brings them in the end."""


@dataclass(frozen=True)
class Run:
    """One shuffling: what is delivered before the cut, and what after."""

    suffix: str
    history: History
    world: World
    early: Sequence[Step]
    late: Sequence[Step]


def plan_run(history: History, number: int, seed: int, lost: float = 0.0) -> Run:
    """Half of the runs have Stripe at the end from the start, in the others it moves on while events arrive.

    An event is delivered only once it has happened, and that share of them never; at least one comes after the last
    thing that happened, if only by a backfill.
    """
    randomness = random.Random(seed)
    own = history.renamed(f"z{number:05}z")
    steps = own.steps
    position = len(steps) if randomness.random() < 0.5 else randomness.randint(1, len(steps) - 1)
    happened = list(steps[:position])
    randomness.shuffle(happened)
    cut = min(randomness.randint(0, len(happened)), len(steps) - 1)
    early, late = happened[:cut], [*happened[cut:], *steps[position:]]
    again = [step for step in steps if randomness.random() < DUPLICATES]
    early += [step for step in again if step in early]
    late += again
    gone = {step.id for step in steps if lost and randomness.random() < lost}
    early, late = ([step for step in part if step.id not in gone] for part in (early, late))
    randomness.shuffle(early)
    randomness.shuffle(late)
    return Run(f"z{number:05}z", own, World(own, position), early, late)


async def final_rows_in_order(history: History, database: Database, clock: FixedClock) -> bytes:
    """The rows that every run must end in: those of one run in order, worked off after each event."""
    async with serving(StripeServer()) as server:
        world = server.add(World(history))
        catalogue = catalogue_of(history.catalogue, history.policy)
        async with gatehouse(database, server, catalogue, clock) as ours:
            for position, step in enumerate(history.steps, start=1):
                world.position, clock.at = position, at(step.created)
                await ours.deliver(step)
                await ours.worker.run_until_idle()
            return await final_rows(database, history.customer_id)


async def shuffle(history: History, seeds: Iterable[int], database: Database, clock: FixedClock) -> dict[int, bytes]:
    """The final rows of each run, by seed; `AT_ONCE` runs go on at the same time."""
    clock.at = at(history.steps[-1].created)
    every = list(seeds)
    ended: dict[int, bytes] = {}
    async with serving(StripeServer()) as server:
        catalogue = catalogue_of(history.catalogue, history.policy)
        async with gatehouse(database, server, catalogue, clock, page_size=2) as ours:
            for start in range(0, len(every), AT_ONCE):
                chunk = every[start : start + AT_ONCE]
                lost = LOST * (start // AT_ONCE % 2)
                runs = {seed: plan_run(history, number, seed, lost) for number, seed in enumerate(chunk, start)}
                server.forget()
                for run in runs.values():
                    server.add(run.world)
                await play(list(runs.values()), ours)
                if lost:
                    assert await ours.backfill.fill(EPOCH)
                    await ours.worker.run_until_idle()
                for seed, run in runs.items():
                    ended[seed] = await final_rows(database, run.history.customer_id, run.suffix)
    return ended


async def play(runs: Sequence[Run], ours: Gatehouse) -> None:
    """All of the early events, worked off while they arrive; then Stripe moves on to the end, and the rest comes."""
    await asyncio.gather(deliver_mixed([run.early for run in runs], ours), ours.worker.run_until_idle())
    await ours.worker.run_until_idle()
    await asyncio.gather(deliver_mixed([run.late for run in runs], ours), ours.worker.run_until_idle(), move_on(runs))
    await ours.worker.run_until_idle()


async def deliver_mixed(parts: Iterable[Sequence[Step]], ours: Gatehouse) -> None:
    """One event of each run in turn, so that syncs fall between the events of a run."""
    turns = itertools.zip_longest(*parts)
    await ours.deliver_all([step for turn in turns for step in turn if step], at_once=MIXED)


async def move_on(runs: Sequence[Run]) -> None:
    """Each world goes to its end, step by step."""
    while any(not run.world.at_end for run in runs):
        for run in runs:
            run.world.position = min(run.world.position + 1, len(run.history.steps))
        await asyncio.sleep(0)

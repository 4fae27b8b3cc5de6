"""Workers killed by SIGKILL at random points of their syncs lose nothing and do nothing twice."""

import asyncio
import random

import pytest

from storage.database import Database
from tests.clock import FixedClock
from tests.fault.worker_processes import Nursery, Task, kill, nursery
from tests.flow.replay import Gatehouse, at, final_rows, gatehouse
from tests.flow.shuffles import Run, final_rows_in_order, plan_run
from tests.parts import DatabaseUrls
from tests.stripe_server.catalogues import catalogue_of
from tests.stripe_server.history import History, Step, load_histories
from tests.stripe_server.server import StripeServer, serving

RUNS = 5
KILLS = 4
LONGEST_LIFE = 0.06
"""Seconds after a sync has begun."""
DEADLINE = 30.0
"""Seconds in which the last worker has to bring everything to rest."""

DUE = (
    "SELECT (SELECT count(*) FROM customer_sync WHERE dirty > clean)"
    " + (SELECT count(*) FROM stripe_unlinked WHERE retry_at <= now()) AS due"
)


@pytest.mark.parametrize("history", load_histories(), ids=lambda history: history.name)
async def test_whenever_workers_are_killed_it_ends_in_the_same_rows(
    history: History, database: Database, database_urls: DatabaseUrls, clock: FixedClock
) -> None:
    expected = await final_rows_in_order(history, database, clock)
    clock.at = at(history.steps[-1].created)
    async with serving(StripeServer()) as server, nursery() as children:
        catalogue = catalogue_of(history.catalogue, history.policy)
        task = Task(database_urls.app, server.url, history.name, history.steps[-1].created, tells=True)
        async with gatehouse(database, server, catalogue, clock) as ours:
            begun = 0
            for seed in range(RUNS):
                run = plan_run(history, seed, seed)
                server.add(run.world)
                begun += await play_with_kills(run, ours, children, task, random.Random(seed))
                rows = await final_rows(database, run.history.customer_id, run.suffix)
                assert rows == expected, f"seed {seed}: {rows.decode()} instead of {expected.decode()}"
    assert begun >= RUNS, "hardly any worker was killed in a sync: this shows nothing"


async def play_with_kills(run: Run, ours: Gatehouse, children: Nursery, task: Task, randomness: random.Random) -> int:
    """Delivers the run in parts, each with a worker that is killed; how many of them had begun a sync."""
    begun = 0
    for number, part in enumerate(parts_of(run)):
        if number == KILLS // 2:
            run.world.position = len(run.history.steps)
        pid = await children.start(task)
        await ours.deliver_all(part)
        if part and await children.syncing(seconds=2):
            begun += 1
            await asyncio.sleep(randomness.uniform(0, LONGEST_LIFE))
        kill(pid)
    await ours.deliver(run.history.steps[-1])
    pid = await children.start(task)
    try:
        await come_to_rest(ours.database)
    finally:
        kill(pid)
    return begun


def parts_of(run: Run) -> list[list[Step]]:
    """The early events in halves, then the late ones."""
    half = KILLS // 2
    early = [list(run.early[part::half]) for part in range(half)]
    return early + [list(run.late[part::half]) for part in range(half)]


async def come_to_rest(database: Database) -> None:
    async with asyncio.timeout(DEADLINE):
        while (await database.fetch(DUE))[0].due:  # noqa: ASYNC110 - the work is done by another process
            await asyncio.sleep(0.02)

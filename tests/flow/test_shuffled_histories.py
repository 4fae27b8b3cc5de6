"""However its events come, a history ends in the same rows: 200 shuffles of each, 5,000 by ./dev soak."""

import pytest

from storage.database import Database
from tests.clock import FixedClock
from tests.flow.shuffles import final_rows_in_order, shuffle
from tests.stripe_server.history import History, load_histories
from tests.stripe_server.made_histories import made_histories

SHUFFLES = 200
MADE_SHUFFLES = 50
SOAK = 5_000

each_history = pytest.mark.parametrize("history", load_histories(), ids=lambda history: history.name)
each_made_history = pytest.mark.parametrize("history", made_histories(), ids=lambda history: history.name)


@each_history
async def test_every_shuffle_ends_in_the_same_rows(history: History, database: Database, clock: FixedClock) -> None:
    await check(history, range(SHUFFLES), database, clock)


@each_made_history
async def test_shuffles_of_made_histories_end_in_the_same_rows(
    history: History, database: Database, clock: FixedClock
) -> None:
    await check(history, range(MADE_SHUFFLES), database, clock)


@pytest.mark.soak
@each_history
async def test_thousands_of_shuffles_end_in_the_same_rows(
    history: History, database: Database, clock: FixedClock
) -> None:
    await check(history, range(1_000_000, 1_000_000 + SOAK), database, clock)


async def check(history: History, seeds: range, database: Database, clock: FixedClock) -> None:
    expected = await final_rows_in_order(history, database, clock)
    ended = await shuffle(history, seeds, database, clock)
    different = sorted(seed for seed, rows in ended.items() if rows != expected)
    assert len(ended) == len(seeds)
    assert not different, f"seeds {different[:5]}: {ended[different[0]].decode()} instead of {expected.decode()}"

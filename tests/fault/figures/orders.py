"""A1, A2 and A9: whatever the order of its events, a history ends in the same rows, and a burst costs few requests."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby, islice, permutations

from billing.budget import SharedBudget
from billing.stripe import StripeApi
from billing.sync import Syncing
from storage.database import Database, connect
from tests.clock import FixedClock
from tests.fault.breakable import Breakable
from tests.fault.figures.model import Figure, Scale
from tests.flow.replay import MEMBER_KEY, at, final_rows, gatehouse
from tests.flow.shuffles import final_rows_in_order, shuffle
from tests.stripe_server.catalogues import catalogue_of
from tests.stripe_server.history import History, Step, load_histories
from tests.stripe_server.made_histories import made_histories
from tests.stripe_server.server import API_KEY, StripeServer, serving
from tests.stripe_server.world import World
from webhooks.worker import Worker

LARGEST_GROUP = 7


def every_history() -> Sequence[History]:
    return [*load_histories(), *made_histories()]


async def measure_shuffles(place: int, breakable: Breakable, scale: Scale) -> list[Figure]:
    """Of the history at that place of them all."""
    history, clock = every_history()[place], FixedClock()
    async with connected(breakable) as database:
        expected = await final_rows_in_order(history, database, clock)
        first = place * scale.orders
        ended = await shuffle(history, range(first, first + scale.orders), database, clock)
    equal = sum(rows == expected for rows in ended.values())
    bar = f"{history.name} x 10 000 shuffled, doubled, cut, half with 20 % lost and filled in: final rows as in order"
    return [Figure("A1", bar, f"{equal} of {len(ended)} equal", equal == len(ended) == scale.orders)]


async def measure_bursts(breakable: Breakable, scale: Scale) -> list[Figure]:
    async with connected(breakable) as database:
        return [await measure_ties(database, scale), *await measure_requests(database, scale)]


@asynccontextmanager
async def connected(breakable: Breakable) -> AsyncGenerator[Database]:
    database = connect(breakable.addresses.app_url)
    try:
        yield database
    finally:
        await database.close()


async def measure_ties(database: Database, scale: Scale) -> Figure:
    runs = equal = groups = 0
    for history in load_histories():
        clock = FixedClock(at(history.steps[-1].created))
        expected = await final_rows_in_order(history, database, clock)
        clock.at = at(history.steps[-1].created)
        async with serving(StripeServer()) as server:
            catalogue = catalogue_of(history.catalogue, history.policy)
            async with gatehouse(database, server, catalogue, clock) as ours:
                for group, order in tie_orders(history, scale.permutations):
                    suffix = f"t{runs:05}t"
                    own = history.renamed(suffix)
                    server.add(World(own, len(own.steps)))
                    for place in [*range(group.start), *order, *range(group.stop, len(own.steps))]:
                        await ours.deliver(own.steps[place])
                    await ours.worker.run_until_idle()
                    equal += await final_rows(database, own.customer_id, suffix) == expected
                    runs += 1
                groups += len(list(tie_groups(history.steps)))
    bar = "every order of each group of <= 7 events of one second: all equal"
    return Figure("A2", bar, f"{equal} of {runs} orders of {groups} groups equal", equal == runs)


def tie_groups(steps: Sequence[Step]) -> Iterator[range]:
    """The places of events that bear the same second."""
    for _, places in groupby(range(len(steps)), key=lambda place: steps[place].created):
        group = list(places)
        if 1 < len(group) <= LARGEST_GROUP:
            yield range(group[0], group[-1] + 1)


def tie_orders(history: History, most: int) -> Iterator[tuple[range, tuple[int, ...]]]:
    for group in tie_groups(history.steps):
        for order in islice(permutations(group), most):
            yield group, order


async def measure_requests(database: Database, scale: Scale) -> list[Figure]:
    """A burst of whole histories at once, through the shared budget, while nothing else asks."""
    history = load_histories()[0]
    clock = FixedClock(at(history.steps[-1].created))
    async with serving(StripeServer()) as server:
        catalogue = catalogue_of(history.catalogue, history.policy)
        async with gatehouse(database, server, catalogue, clock) as ours:
            for number in range(scale.customers):
                own = history.renamed(f"b{number:05}b")
                server.add(World(own, len(own.steps)))
                await ours.deliver_all(own.steps)
            stripe = StripeApi(API_KEY, base_address=server.url, budget=SharedBudget(database))
            await Worker(Syncing(database, stripe, catalogue, clock, MEMBER_KEY)).run_until_idle()
            await stripe.close()
    asked = server.asked_at
    each = len(asked) / scale.customers
    busiest = max(sum(start <= time < start + 1 for time in asked) for start in asked)
    return [
        Figure("A9", "<= 2 requests to Stripe for a customer and burst", f"{each:.2f}", each <= 2),
        Figure("A9", "never more than 20 requests in a second", f"{busiest} in the busiest second", busiest <= 20),
    ]

"""Events that never came: fetched from Stripe's own list, from where the last reading ended."""

from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.memory import StripeInMemory
from billing.stripe import StripeApi
from errors import Unavailable
from storage.database import Database
from telemetry import Metrics
from tests.clock import FixedClock
from tests.flow.replay import gatehouse
from tests.flow.stripe_counted import event, subscription
from tests.stripe_server.catalogues import catalogue_of
from tests.stripe_server.history import load_histories
from tests.stripe_server.server import StripeServer, serving
from tests.stripe_server.world import World
from webhooks.backfill import Backfill
from webhooks.handlers import HANDLERS
from webhooks.inbox import Inbox

HISTORY = load_histories()[0]


async def test_events_that_never_arrived_are_fetched_and_end_in_the_same_state(
    database: Database, clock: FixedClock
) -> None:
    """A third of the history is delivered, the rest is lost; the worker's backfill brings it."""
    clock.at = datetime.fromtimestamp(HISTORY.steps[-1].created, UTC)
    catalogue = catalogue_of(HISTORY.catalogue, HISTORY.policy)
    async with serving(StripeServer()) as server:
        world = server.add(World(HISTORY, len(HISTORY.steps)))
        async with gatehouse(database, server, catalogue, clock) as house:
            await house.deliver_all(HISTORY.steps[::3])
            stripe = StripeApi("sk_test_gatehouse", base_address=server.url, page_size=3)
            inbox = Inbox(database, clock, HANDLERS, Metrics(), member_key="user_id", livemode=False)
            backfill = Backfill(database, stripe, inbox, clock)
            recent = [step for step in HISTORY.steps if clock.at - timedelta(days=30) <= at(step.created)]
            lost = [step for step in recent if step not in HISTORY.steps[::3]]
            assert len(lost) > 3
            assert await backfill.fill_if_due() == len(lost)
            assert await backfill.fill_if_due() is None, "it was read less than a minute ago"
            assert await backfill.fill_if_due(every_seconds=0) == 0
            await house.worker.run_until_idle()
            held = (await house.snapshot_of(HISTORY.member_id)).features_at(clock.now())
            assert sorted(held) == HISTORY.steps[-1].expected["entitlements"]
            await stripe.close()
        assert world.at_end


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


async def test_each_backfill_begins_a_little_before_the_last_ended_and_a_long_gap_asks_for_a_reconciliation(
    database: Database, clock: FixedClock
) -> None:
    asked: list[datetime] = []

    class Asked(StripeInMemory):
        def fetch_events(self, since: datetime) -> Any:
            asked.append(since)
            return super().fetch_events(since)

    inbox = Inbox(database, clock, HANDLERS, Metrics(), member_key="member_id")
    backfill = Backfill(database, Asked([]), inbox, clock)
    began = clock.at
    for wait in (timedelta(0), timedelta(hours=2), timedelta(days=40)):
        clock.at += wait
        assert await database.fetch("SELECT id FROM reconciliation") == []
        await backfill.fill_if_due(every_seconds=0)
    assert asked == [
        began - timedelta(days=30),
        began - timedelta(minutes=10),
        clock.at - timedelta(days=30),
    ]
    assert len(await database.fetch("SELECT id FROM reconciliation")) == 1


async def test_a_backfill_that_breaks_off_is_due_again_at_once(database: Database, clock: FixedClock) -> None:
    class Broken(StripeInMemory):
        async def fetch_events(self, since: datetime) -> AsyncGenerator[Mapping[str, Any]]:
            yield event("evt_1", subscription("active"), clock)
            raise Unavailable("Stripe cannot be reached.")

    inbox = Inbox(database, clock, HANDLERS, Metrics(), member_key="member_id")
    with pytest.raises(Unavailable):
        await Backfill(database, Broken([]), inbox, clock).fill_if_due()
    whole = StripeInMemory([event("evt_1", subscription("active"), clock)])
    assert await Backfill(database, whole, inbox, clock).fill_if_due() == 1

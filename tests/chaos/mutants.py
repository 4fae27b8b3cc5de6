"""Gatehouse without one of its guards, each real code at a port. The judge has to notice every one of them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import orjson
from sqlalchemy import text

from billing.objects import object_in, subscription_from
from billing.queue import Claimed
from billing.state import Subscription
from billing.sync import Fetched, Syncing, fetch_customer, save_customer
from tests.chaos.clock import LeapingClock
from tests.chaos.house import Variant
from tests.fakes.scripts import WRITE
from webhooks.worker import Sync

TOLD = (
    "SELECT body FROM stripe_event WHERE customer_id = :customer_id AND type LIKE 'customer.subscription.%' ORDER BY "
)
DIRTY = text("SELECT dirty FROM customer_sync WHERE customer_id = :customer_id")


def believing(order: str) -> Sync:
    """Takes a subscription for what the last event about it shows, in some order, and asks nobody."""

    async def sync(claimed: Claimed, syncing: Syncing) -> None:
        told: dict[str, Subscription] = {}
        async with syncing.database.transaction() as connection:
            rows = await connection.execute(text(TOLD + order), {"customer_id": claimed.customer_id})
            for row in rows:
                subject = object_in(object_in(orjson.loads(row.body), "data"), "object")
                if subscription := subscription_from(subject):
                    told[subscription.id] = subscription
        await save_customer(claimed, Fetched(tuple(told.values()), ()), syncing)

    return sync


async def takes_all_for_done(claimed: Claimed, syncing: Syncing) -> None:
    """Notes how dirty the customer is after it has fetched, not before."""
    fetched = await fetch_customer(claimed.customer_id, syncing)
    async with syncing.database.transaction() as connection:
        dirty = (await connection.execute(DIRTY, {"customer_id": claimed.customer_id})).scalar_one()
    await save_customer(replace(claimed, noted=dirty), fetched, syncing)


@dataclass(frozen=True, slots=True)
class Late:
    """A clock that is a month slow."""

    clock: LeapingClock

    def now(self) -> datetime:
        return self.clock.now() - timedelta(days=30)


MUTANTS: dict[str, Variant] = {
    "writes Redis without token and revision": Variant(script=WRITE),
    "believes the event that came last": Variant(sync=believing("received_at")),
    "believes the event that was created last": Variant(sync=believing("created_at")),
    "takes what came while it asked for done": Variant(sync=takes_all_for_done),
    "never fetches the events that were lost": Variant(backfills=False),
    "serves past the date of a grant": Variant(reader_clock=Late),
}

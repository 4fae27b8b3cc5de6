"""A Stripe in memory with one subscription, which counts how often it is asked; events and signals about it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from billing.catalogue import load_catalogue
from billing.memory import StripeInMemory
from billing.queue import mark_dirty
from billing.state import Subscription
from billing.sync import Syncing
from storage.database import Database
from tests.clock import FixedClock


def subscription(status: str) -> dict[str, Any]:
    price = {"id": "price_1", "lookup_key": "pro_monthly", "product": "prod_1"}
    item = {"id": "si_1", "price": price, "quantity": 1, "current_period_end": 2_000_000_000}
    return {
        "id": "sub_1",
        "object": "subscription",
        "customer": "cus_1",
        "status": status,
        "created": 1,
        "items": {"data": [item]},
        "metadata": {"member_id": "mem_1"},
    }


class Counting(StripeInMemory):
    """Counts the fetches; raises `fault` instead where there is one."""

    def __init__(self, status: str = "active") -> None:
        super().__init__([subscription(status)])
        self.fetches = 0
        self.fault: Exception | None = None

    async def fetch_subscriptions(self, customer_id: str) -> Sequence[Subscription]:
        self.fetches += 1
        if self.fault:
            raise self.fault
        return await super().fetch_subscriptions(customer_id)


def syncing_with(database: Database, stripe: StripeInMemory, clock: FixedClock, spacing: float = 0.0) -> Syncing:
    catalogue = load_catalogue(Path("catalogue.yaml"))
    return Syncing(database, stripe, catalogue, clock, "member_id", spacing_seconds=spacing)


def event(id: str, subject: dict[str, Any], clock: FixedClock) -> dict[str, Any]:
    return {
        "id": id,
        "object": "event",
        "type": "customer.subscription.updated",
        "created": int(clock.now().timestamp()),
        "livemode": False,
        "data": {"object": subject},
    }


async def signal(database: Database, times: int = 1) -> None:
    """That many signals, which workers see at one instant: in one commit."""
    async with database.transaction() as connection:
        for _ in range(times):
            await mark_dirty(connection, ["cus_1"])

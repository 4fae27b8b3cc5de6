"""Demo subscriptions: a Stripe in memory says that they exist, and the same sync as ever does the rest."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from billing.memory import StripeInMemory
from billing.model import Catalogue, Plan
from billing.sync import sync_customer
from storage.database import Database

MEMBER_KEY = "member_id"
PERIOD = timedelta(days=30)


async def seed_subscription(
    database: Database, catalogue: Catalogue, member_id: str, plan_key: str, *, lapsed: bool, now: datetime
) -> None:
    """Subscribes the member to the plan, by its first price on sale; `lapsed`: it was canceled a period ago.

    Idempotent. Raises LookupError when nothing on sale is called `plan_key`.
    """
    plan = catalogue.find_plan(plan_key)
    if plan is None or not plan.on_sale:
        raise LookupError(f"the catalogue sells no plan {plan_key}")
    customer_id = f"cus_demo_{member_id}"
    await sync_customer(
        customer_id,
        database=database,
        stripe=StripeInMemory([_subscription(customer_id, member_id, plan, lapsed, now)]),
        catalogue=catalogue,
        clock=_At(now),
        member_key=MEMBER_KEY,
    )


@dataclass(frozen=True, slots=True)
class _At:
    """The Clock of the one sync that seeding runs."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def _subscription(customer_id: str, member_id: str, plan: Plan, lapsed: bool, now: datetime) -> dict[str, Any]:
    """In Stripe's shape; two periods old, and renewed since unless lapsed."""
    began, ended = int((now - 2 * PERIOD).timestamp()), int((now - PERIOD).timestamp())
    price = next(price for price in plan.prices if price.on_sale)
    item = {
        "id": f"si_demo_{member_id}",
        "object": "subscription_item",
        "price": {"id": price.price_id or f"price_demo_{plan.key}", "lookup_key": price.lookup_key, "product": ""},
        "quantity": 1,
        "current_period_end": ended if lapsed else int((now + PERIOD).timestamp()),
    }
    return {
        "id": f"sub_demo_{member_id}",
        "object": "subscription",
        "customer": customer_id,
        "status": "canceled" if lapsed else "active",
        "created": began,
        "canceled_at": ended if lapsed else None,
        "ended_at": ended if lapsed else None,
        "items": {"object": "list", "data": [item]},
        "metadata": {MEMBER_KEY: member_id},
    }

"""Customers that are in order, and the ways in which what we hold of one can come to differ from Stripe."""

import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from billing.catalogue import load_catalogue
from billing.memory import StripeInMemory
from billing.reconcile import Reconciling, reconcile
from billing.reconciliations import Drift, claim_reconciliation, list_drifts, request_reconciliation
from billing.sync import Syncing
from gating.model import Grant, Snapshot, Source
from gating.postgres import PostgresSnapshots
from gating.publish import publish_pending
from gating.redis import RedisSnapshots
from storage.database import Database
from storage.redis import connect_redis
from telemetry import Metrics
from tests.clock import FixedClock
from webhooks.backfill import Backfill
from webhooks.handlers import HANDLERS
from webhooks.inbox import Inbox
from webhooks.worker import Worker

KEYS = ("pro_monthly", "enterprise_annual")


def objects_of(number: int) -> list[dict[str, Any]]:
    """A customer's subscription, and the event that told of it."""
    price = {"id": f"price_{number % 2}", "lookup_key": KEYS[number % 2], "product": "prod_1"}
    item = {"id": f"si_{number}", "price": price, "quantity": 1, "current_period_end": 2_000_000_000}
    subscription = {
        "id": f"sub_{number:04}",
        "object": "subscription",
        "customer": f"cus_{number:04}",
        "status": "active",
        "created": 1_771_000_000,
        "items": {"data": [item]},
        "metadata": {"member_id": f"mem_{number:04}"},
    }
    event = {
        "id": f"evt_{number:04}",
        "object": "event",
        "type": "customer.subscription.created",
        "created": 1_772_000_000,
        "livemode": False,
        "data": {"object": subscription},
    }
    return [subscription, event]


@dataclass(frozen=True)
class House:
    """Everybody synced, published and cached."""

    stripe: StripeInMemory
    work: Reconciling
    cache: RedisSnapshots
    worker: Worker

    @property
    def database(self) -> Database:
        return self.work.syncing.database

    async def run(self) -> list[Drift]:
        """One reconciliation, as far as it gets; what it reported."""
        found: list[Drift] = []
        async with self.database.transaction() as connection:
            asked = await request_reconciliation(connection, self.work.syncing.clock.now())
            id = await claim_reconciliation(connection, asked)
        assert id is not None
        await reconcile(id, self.work, found.append)
        assert (await list_drifts(self.database, [id], limit=10_000))[id] == found
        return found

    async def cached(self, number: int) -> Snapshot | None:
        return await self.cache.find(f"mem_{number:04}")

    async def right(self, number: int) -> Snapshot:
        return await PostgresSnapshots(self.database).get_snapshot(f"mem_{number:04}")

    async def execute(self, statement: str, number: int) -> None:
        names = {"sub": f"sub_{number:04}", "cus": f"cus_{number:04}", "mem": f"mem_{number:04}"}
        names |= {"owner": f"stripe:cus_{number:04}", "evt": f"evt_{number:04}"}
        used = {name: value for name, value in names.items() if f":{name}" in statement}
        async with self.database.transaction() as connection:
            await connection.execute(text(statement), used)

    async def put(self, snapshot: Snapshot) -> None:
        assert await self.cache.put(await self.cache.take_token(snapshot.member_id), snapshot)


@asynccontextmanager
async def kept_house(database: Database, redis_url: str, clock: FixedClock, customers: int) -> AsyncGenerator[House]:
    """`customers` of them, numbered from 0."""
    redis = connect_redis(redis_url, timeout_seconds=2)
    stripe = StripeInMemory([each for number in range(customers) for each in objects_of(number)])
    syncing = Syncing(database, stripe, load_catalogue(Path("catalogue.yaml")), clock, "member_id")
    inbox = Inbox(database, clock, HANDLERS, Metrics(), member_key="member_id")
    backfill, source, cache = Backfill(database, stripe, inbox, clock), PostgresSnapshots(database), None

    async def fill() -> Sequence[str]:
        return await backfill.fill(clock.now() - timedelta(days=30))

    cache = RedisSnapshots(redis, clock)
    house = House(stripe, Reconciling(syncing, stripe, source, cache, fill), cache, Worker(syncing))
    await fill()
    await house.worker.run_until_idle()
    await publish_pending(database, source, cache)
    yield house
    await redis.aclose()


Corrupt = Callable[[House, int], Any]


async def mirror_lost(house: House, number: int) -> None:
    await house.execute("DELETE FROM subscription WHERE id = :sub", number)


async def mirror_wrong(house: House, number: int) -> None:
    await house.execute(
        "UPDATE subscription SET content = jsonb_set(content, '{status}', '\"canceled\"') WHERE id = :sub", number
    )


async def all_of_it_wrong(house: House, number: int) -> None:
    """The mirror says that it ended, and nothing contradicts it."""
    await mirror_wrong(house, number)
    await house.execute("DELETE FROM entitlement_grant WHERE owner = :owner", number)
    await house.execute("DELETE FROM limit_grant WHERE owner = :owner", number)


async def mirror_invented(house: House, number: int) -> None:
    await house.execute(
        "INSERT INTO subscription SELECT id || 'x', customer_id, status, created_at,"
        " jsonb_set(content, '{id}', to_jsonb(id || 'x')) FROM subscription WHERE id = :sub",
        number,
    )


async def customer_lost(house: House, number: int) -> None:
    await house.execute("DELETE FROM subscription WHERE id = :sub", number)
    await house.execute("DELETE FROM customer_sync WHERE customer_id = :cus", number)


async def grant_lost(house: House, number: int) -> None:
    await house.execute("DELETE FROM entitlement_grant WHERE owner = :owner AND feature = 'archive'", number)


async def grant_invented(house: House, number: int) -> None:
    await house.execute(
        "INSERT INTO entitlement_grant (owner, member_id, feature, source, source_id)"
        " VALUES (:owner, :mem, 'everything', 'subscription', 'sub_x')",
        number,
    )


async def limit_wrong(house: House, number: int) -> None:
    await house.execute("UPDATE limit_grant SET value = value + 1 WHERE owner = :owner", number)


async def link_lost(house: House, number: int) -> None:
    await house.execute("UPDATE customer_sync SET member_id = NULL WHERE customer_id = :cus", number)


async def event_lost(house: House, number: int) -> None:
    await house.execute("DELETE FROM stripe_event WHERE id = :evt", number)


async def cache_wrong(house: House, number: int) -> None:
    right = await house.right(number)
    extra = Grant("everything", Source.MANUAL, "nobody")
    await house.put(Snapshot(right.member_id, right.revision, (*right.grants, extra), right.limits))


async def cache_from_the_future(house: House, number: int) -> None:
    right = await house.right(number)
    await house.put(Snapshot(right.member_id, right.revision + 1000, right.grants, right.limits))


async def changed_at_stripe_unheard(house: House, number: int) -> None:
    subscription = house.stripe.objects[f"sub_{number:04}"]
    house.stripe.objects[f"sub_{number:04}"] = {**subscription, "status": "canceled"}


CORRUPTIONS: dict[str, Corrupt] = {
    "mirror": mirror_lost,
    "mirror ": mirror_wrong,
    "mirror     ": all_of_it_wrong,
    "mirror  ": mirror_invented,
    "mirror   ": customer_lost,
    "mirror    ": changed_at_stripe_unheard,
    "grants": grant_lost,
    "grants ": grant_invented,
    "grants  ": limit_wrong,
    "link": link_lost,
    "event": event_lost,
    "cache": cache_wrong,
    "cache ": cache_from_the_future,
}
"""By the kind of drift that must be reported (spaces make them different)."""


def features_of(house: House, number: int) -> frozenset[str]:
    """What Stripe's own object gives, straight from the catalogue."""
    subscription = house.stripe.objects[f"sub_{number:04}"]
    key = subscription["items"]["data"][0]["price"]["lookup_key"]
    sold = house.work.syncing.catalogue.find_sold(price_id="", lookup_key=key, product_id="")
    assert sold is not None
    return sold.plan.features if subscription["status"] == "active" else frozenset()


@dataclass(frozen=True)
class Verdict:
    """Of one pass over customers of whom some were corrupted: numbers of those missed, accused wrongly, left wrong."""

    missed: frozenset[str]
    accused: frozenset[str]
    unmended: frozenset[str]
    again: int
    """What a second pass still found."""


async def corrupt_and_reconcile(house: House, chance: random.Random, customers: int, corrupted: int) -> Verdict:
    """Corrupts `corrupted` of `customers`, each in a way of its own, and has them all reconciled once.

    The cache last: a wrong entry that is left alone ends by itself, within the minute.
    """
    hit: set[str] = set()
    chosen = [(chance.choice(list(CORRUPTIONS.values())), each) for each in chance.sample(range(customers), corrupted)]
    for corrupt, number in sorted(chosen, key=lambda each: each[0] in (cache_wrong, cache_from_the_future)):
        await corrupt(house, number)
        hit |= {f"cus_{number:04}", f"mem_{number:04}", f"evt_{number:04}"}
    found = await house.run()
    named = {name for each in found for name in (each.customer_id, each.member_id, each.detail.split()[0]) if name}
    numbers, right = {name[-4:] for name in hit}, {name[-4:] for name in named if name in hit}
    accused = frozenset(name for name in named if name.startswith(("cus_", "mem_")) and name not in hit)
    await house.worker.run_until_idle()  # a missing event is a signal
    await publish_pending(house.database, house.work.source, house.cache)
    again = await house.run()
    unmended = [f"{number:04}" for number in range(customers) if not await _is_right(house, number)]
    return Verdict(frozenset(numbers - right), accused, frozenset(unmended), len(again))


async def _is_right(house: House, number: int) -> bool:
    right = await house.right(number)
    held = right.features_at(house.work.syncing.clock.now())
    return held == features_of(house, number) and await house.cached(number) in (None, right)

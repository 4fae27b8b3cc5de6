"""Reconciliation: every difference from Stripe is found in one pass, mended and named; where all is well, none is."""

import asyncio
import random
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from billing.catalogue import load_catalogue
from billing.memory import StripeInMemory
from billing.queue import mark_dirty
from billing.reconcile import Reconciling, reconcile
from billing.reconciliations import (
    Drift,
    claim_reconciliation,
    list_drifts,
    list_reconciliations,
    request_nightly,
    request_reconciliation,
)
from billing.state import Subscription
from billing.sync import Syncing
from errors import Unavailable
from gating.model import Grant, Snapshot, Source
from gating.postgres import PostgresSnapshots
from gating.publish import publish_pending
from gating.redis import RedisSnapshots
from storage.database import Database
from storage.redis import connect_redis
from telemetry import Metrics
from tests.clock import FixedClock
from tests.fault.processes import without_settings
from tests.parts import DatabaseUrls
from tests.stripe_server.history import load_histories
from tests.stripe_server.server import API_KEY, StripeServer, serving
from tests.stripe_server.world import World
from webhooks.backfill import Backfill
from webhooks.handlers import HANDLERS
from webhooks.inbox import Inbox
from webhooks.worker import Worker

CUSTOMERS = 40
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


@pytest.fixture
async def house(database: Database, redis_url: str, clock: FixedClock) -> AsyncIterator[House]:
    redis = connect_redis(redis_url, timeout_seconds=2)
    stripe = StripeInMemory([each for number in range(CUSTOMERS) for each in objects_of(number)])
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


async def test_where_all_is_well_nothing_differs(house: House) -> None:
    assert await house.run() == []
    [done] = await list_reconciliations(house.database, limit=5)
    assert (done.customers, done.members) == (CUSTOMERS, CUSTOMERS)
    assert done.finished_at is not None


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
    await house.put(Snapshot(right.member_id, right.revision + 1000))


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


@pytest.mark.parametrize(("kind", "corrupt"), CORRUPTIONS.items(), ids=lambda each: getattr(each, "__name__", None))
async def test_each_corruption_is_found_named_and_mended(kind: str, corrupt: Corrupt, house: House) -> None:
    await corrupt(house, 7)
    found = await house.run()
    assert kind.strip() in {drift.kind.value for drift in found}
    named = {name for drift in found for name in (drift.customer_id, drift.member_id) if name}
    assert named <= {"cus_0007", "mem_0007"}
    await house.worker.run_until_idle()  # a missing event is a signal
    await publish_pending(house.database, house.work.source, house.cache)
    assert await house.cached(7) in (None, await house.right(7))
    assert (await house.right(7)).features_at(house.work.syncing.clock.now()) == features_of(house, 7)
    assert await house.run() == []


def features_of(house: House, number: int) -> frozenset[str]:
    """What Stripe's own object gives, straight from the catalogue."""
    subscription = house.stripe.objects[f"sub_{number:04}"]
    key = subscription["items"]["data"][0]["price"]["lookup_key"]
    sold = house.work.syncing.catalogue.find_sold(price_id="", lookup_key=key, product_id="")
    assert sold is not None
    return sold.plan.features if subscription["status"] == "active" else frozenset()


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 40))], ids="seed {}".format
)
async def test_many_corruptions_at_once_are_all_mended_in_one_pass(seed: int, house: House) -> None:
    chance = random.Random(seed)
    hit: set[str] = set()
    for number in chance.sample(range(CUSTOMERS), 25):
        await chance.choice(list(CORRUPTIONS.values()))(house, number)
        hit |= {f"cus_{number:04}", f"mem_{number:04}", f"evt_{number:04}"}
    found = await house.run()
    named = {name for each in found for name in (each.customer_id, each.member_id, each.detail.split()[0]) if name}
    assert {name[-4:] for name in named if name in hit} == {name[-4:] for name in hit}
    assert {name for name in named if name.startswith(("cus_", "mem_"))} <= hit
    await house.worker.run_until_idle()
    await publish_pending(house.database, house.work.source, house.cache)
    assert await house.run() == []
    for number in range(CUSTOMERS):
        right = await house.right(number)
        assert right.features_at(house.work.syncing.clock.now()) == features_of(house, number)
        assert await house.cached(number) in (None, right)


async def test_a_customer_that_a_sync_is_due_for_is_no_drift(house: House) -> None:
    await changed_at_stripe_unheard(house, 3)
    async with house.database.transaction() as connection:
        await mark_dirty(connection, ["cus_0003"])
    assert await house.run() == []


async def test_a_list_that_breaks_off_changes_nothing_and_leaves_the_reconciliation_asked_for(house: House) -> None:
    class Broken(StripeInMemory):
        async def fetch_all_subscriptions(self) -> AsyncGenerator[Subscription]:
            async for each in super().fetch_all_subscriptions():
                yield each
                raise Unavailable("Stripe cannot be reached.")

    stripe: Any = Broken(house.stripe.objects.values())
    broken = House(
        house.stripe,
        Reconciling(house.work.syncing, stripe, house.work.source, house.work.cache, house.work.fill),
        house.cache,
        house.worker,
    )
    with pytest.raises(Unavailable):
        await broken.run()
    [waiting] = await list_reconciliations(house.database, limit=5)
    assert waiting.finished_at is None
    assert all([(await house.right(number)).revision == 1 for number in range(CUSTOMERS)])


async def test_one_is_asked_for_each_night_and_never_two_at_once(database: Database, clock: FixedClock) -> None:
    for hours, asked in ((0, 1), (23, 1), (2, 1)):
        clock.advance(timedelta(hours=hours))
        async with database.transaction() as connection:
            await request_nightly(connection, clock.now())
        assert len(await list_reconciliations(database, limit=9)) == asked
    async with database.transaction() as connection:
        await connection.execute(text("UPDATE reconciliation SET finished_at = now()"))
        await request_nightly(connection, clock.now())
        id = await request_reconciliation(connection, clock.now())
        assert await claim_reconciliation(connection) == id
        assert await claim_reconciliation(connection) is None
    assert len(await list_reconciliations(database, limit=9)) == 2


async def gatehouse(*arguments: str, environ: dict[str, str]) -> tuple[int, str]:
    """Exit code and output; Stripe runs in this process, so nobody may block it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=without_settings() | environ,
    )
    out, err = await process.communicate()
    assert b"Traceback" not in err, err.decode()
    return process.returncode or 0, (out + err).decode()


async def test_the_commands_reconcile_and_replay(
    database: Database, database_urls: DatabaseUrls, redis_url: str
) -> None:
    history = load_histories()[0]
    async with serving(StripeServer()) as server:
        server.add(World(history, len(history.steps)))
        environ = {
            "GATEHOUSE_DATABASE_URL": database_urls.app,
            "GATEHOUSE_REDIS_URL": redis_url,
            "GATEHOUSE_STRIPE_API_KEY": API_KEY,
            "GATEHOUSE_STRIPE_API_BASE": server.url,
            "GATEHOUSE_STRIPE_MEMBER_METADATA_KEY": "user_id",
        }
        code, told = await gatehouse("reconcile", environ=environ)
        assert code == 1
        assert f"mirror   {history.customer_id}" in told
        code, told = await gatehouse("reconcile", environ=environ)
        assert (code, "Nothing differs." in told) == (0, True)
    step = history.steps[-1]
    inbox = Inbox(database, FixedClock(datetime.fromtimestamp(step.created, UTC)), HANDLERS, Metrics(), member_key="u")
    await inbox.accept(orjson.dumps(step.event))
    code, told = await gatehouse("events", "list", environ=environ)
    assert (code, told.count(step.id)) == (0, 1)
    code, told = await gatehouse("events", "show", step.id, environ=environ)
    assert f'"id": "{step.id}"' in told
    before = await database.fetch("SELECT dirty FROM customer_sync")
    code, told = await gatehouse("events", "replay", step.id, "evt_none", environ=environ)
    assert (code, told.count("a worker syncs its customer"), told.count("evt_none: neither")) == (1, 1, 1)
    after = await database.fetch("SELECT dirty FROM customer_sync")
    assert after[0].dirty == before[0].dirty + 1
    assert await gatehouse("events", "dead", environ=environ) == (0, "There are no dead letters.\n")
    async with database.transaction() as connection:
        await connection.execute(text("UPDATE customer_sync SET dead_at = now(), reason = 'KeyError in x.py:1'"))
    code, told = await gatehouse("events", "dead", environ=environ)
    assert (code, "KeyError in x.py:1" in told) == (1, True)
    code, told = await gatehouse("events", "replay", history.customer_id, environ=environ)
    assert (code, "due again" in told) == (0, True)
    assert (await gatehouse("events", "show", environ=environ))[0] == 1

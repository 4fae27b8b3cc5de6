"""Reconciliation: every difference from Stripe is found in one pass, mended and named; where all is well, none is."""

import asyncio
import random
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from billing.memory import StripeInMemory
from billing.queue import mark_dirty
from billing.reconcile import Reconciling
from billing.reconciliations import (
    claim_reconciliation,
    list_reconciliations,
    request_nightly,
    request_reconciliation,
)
from billing.state import Subscription
from errors import Unavailable
from gating.model import Snapshot
from gating.publish import publish_pending
from storage.database import Database
from telemetry import Metrics
from tests.clock import FixedClock
from tests.fault.processes import without_settings
from tests.flow.drift import (
    CORRUPTIONS,
    Corrupt,
    House,
    Verdict,
    cache_wrong,
    changed_at_stripe_unheard,
    corrupt_and_reconcile,
    features_of,
    kept_house,
)
from tests.parts import DatabaseUrls
from tests.stripe_server.history import load_histories
from tests.stripe_server.server import API_KEY, StripeServer, serving
from tests.stripe_server.world import World
from webhooks.handlers import HANDLERS
from webhooks.inbox import Inbox

CUSTOMERS = 40


@pytest.fixture
async def house(database: Database, redis_url: str, clock: FixedClock) -> AsyncIterator[House]:
    async with kept_house(database, redis_url, clock, CUSTOMERS) as house:
        yield house


async def test_where_all_is_well_nothing_differs(house: House) -> None:
    assert await house.run() == []
    [done] = await list_reconciliations(house.database, limit=5)
    assert (done.customers, done.members) == (CUSTOMERS, CUSTOMERS)
    assert done.finished_at is not None


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


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 40))], ids="seed {}".format
)
async def test_many_corruptions_at_once_are_all_mended_in_one_pass(seed: int, house: House) -> None:
    verdict = await corrupt_and_reconcile(house, random.Random(seed), CUSTOMERS, 25)
    assert verdict == Verdict(frozenset(), frozenset(), frozenset(), 0)


async def test_a_moment_without_the_cache_does_not_undo_the_pass(house: House) -> None:
    class Stammering:
        """The real one, but for every third question."""

        asked = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(house.cache, name)

        async def find(self, member_id: str) -> Snapshot | None:
            self.asked += 1
            if self.asked % 3 == 0:
                raise Unavailable("The cache does not answer.")
            return await house.cache.find(member_id)

    await cache_wrong(house, 7)
    stammering: Any = Stammering()
    found = await replace(house, work=replace(house.work, cache=stammering)).run()
    assert [drift.member_id for drift in found] == ["mem_0007"]
    assert stammering.asked > CUSTOMERS


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

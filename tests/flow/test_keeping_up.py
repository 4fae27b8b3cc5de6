"""Keeping up with Stripe: bursts, the request budget, newcomers, stale answers, what fails for ever."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from billing.budget import REQUESTS_PER_SECOND, SharedBudget
from billing.dead_letters import count_dead_letters, list_dead_letters, revive
from billing.events import EventState, find_event, list_events
from billing.memory import StripeInMemory
from billing.queue import MOST_FAULTS, NEWCOMER_SECONDS, count_waiting
from billing.state import Kind, Node
from billing.stripe import StripeApi
from billing.sync import sync_customer
from billing.unlinked import MOST_ATTEMPTS, keep_unlinked
from errors import Unavailable
from gating.postgres import PostgresSnapshots
from storage.database import Database, connect
from telemetry import Metrics
from tests.clock import FixedClock
from tests.flow.stripe_counted import Counting, event, signal, subscription, syncing_with
from tests.parts import DatabaseUrls
from tests.stripe_server.server import StripeServer, serving
from webhooks.handlers import HANDLERS
from webhooks.inbox import Inbox
from webhooks.worker import Worker


async def execute(database: Database, statement: str) -> None:
    async with database.transaction() as connection:
        await connection.execute(text(statement))


MAKE_DUE = "UPDATE customer_sync SET retry_at = now() WHERE retry_at IS NOT NULL"


@pytest.mark.parametrize(("spacing", "fetches"), [(60.0, 2), (0.0, 12)], ids=["real", "without the spacing"])
async def test_a_burst_of_signals_costs_two_fetches(
    spacing: float, fetches: int, database: Database, clock: FixedClock
) -> None:
    stripe = Counting()
    worker = Worker(syncing_with(database, stripe, clock, spacing))
    for _ in range(12):
        await signal(database)
        await worker.run_until_idle()
    await execute(database, MAKE_DUE)
    await worker.run_until_idle()
    assert (stripe.fetches, await count_waiting(database)) == (fetches, 0)


async def test_what_came_during_the_spacing_is_taken_up_right_after_it(database: Database, clock: FixedClock) -> None:
    """Though the poll is far off, and so is what looks for newcomers."""
    stripe, stop = Counting(), asyncio.Event()
    worker = Worker(syncing_with(database, stripe, clock, spacing=2.0), poll_seconds=60)
    await signal(database)
    working = asyncio.create_task(worker.run(stop))
    async with asyncio.timeout(20):
        while stripe.fetches < 1 or await count_waiting(database):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)
        stripe.objects["sub_1"] = subscription("canceled")
        await signal(database, times=5)
        while await count_waiting(database):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)
    stop.set()
    await working
    assert stripe.fetches == 2


async def test_a_newcomer_is_synced_once_its_member_is_named_and_not_before(
    database: Database, clock: FixedClock
) -> None:
    """So what came before costs no fetch, and no pause after it; and a customer that is known waits for nothing."""
    stripe = Counting()
    inbox = Inbox(database, clock, HANDLERS, Metrics(), member_key="member_id", newcomer_seconds=60)
    worker = Worker(syncing_with(database, stripe, clock))
    nameless: dict[str, Any] = subscription("incomplete") | {"metadata": {}}
    for id, subject, fetches in (
        ("evt_1", nameless, 0),
        ("evt_2", subscription("active"), 1),
        ("evt_3", nameless | {"status": "active"}, 2),
    ):
        await inbox.accept(orjson.dumps(event(id, subject, clock)))
        await worker.run_until_idle()
        assert stripe.fetches == fetches


async def test_a_newcomer_whom_nobody_names_is_synced_all_the_same(database: Database, clock: FixedClock) -> None:
    """After its wait, though the poll is far off; what comes meanwhile does not prolong it."""
    stripe, stop = Counting(), asyncio.Event()
    worker = Worker(syncing_with(database, stripe, clock), poll_seconds=60)
    working = asyncio.create_task(worker.run(stop))
    inbox = Inbox(database, clock, HANDLERS, Metrics(), member_key="member_id", newcomer_seconds=NEWCOMER_SECONDS)
    nameless: dict[str, Any] = subscription("incomplete") | {"metadata": {}}
    async with asyncio.timeout(20):
        for number in range(3):
            await inbox.accept(orjson.dumps(event(f"evt_{number}", nameless, clock)))
        assert stripe.fetches == 0
        while await count_waiting(database):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)
    stop.set()
    await working
    assert stripe.fetches == 1


@pytest.mark.alone
async def test_all_processes_together_stay_below_the_rate(database_urls: DatabaseUrls) -> None:
    handles = [connect(database_urls.app) for _ in range(2)]
    loop = asyncio.get_running_loop()
    taken: list[float] = []

    async def take(budget: SharedBudget) -> None:
        for _ in range(5):
            await budget.take()
            taken.append(loop.time())

    budgets = [SharedBudget(handle) for handle in handles for _ in range(4)]
    await asyncio.gather(*map(take, budgets))
    for handle in handles:
        await handle.close()
    assert len(taken) == 40
    fullest = max(sum(start <= at < start + 1 for at in taken) for start in taken)
    assert 10 <= fullest <= REQUESTS_PER_SECOND


async def test_too_many_requests_stop_everybody_for_as_long_as_stripe_says(database: Database) -> None:
    asked: list[str] = []

    async def refuse(request: Request) -> Response:
        asked.append(request.url.path)
        return JSONResponse({"error": {"type": "rate_limit"}}, status_code=429, headers={"Retry-After": "30"})

    class Refusing(StripeServer):
        def app(self) -> Starlette:
            return Starlette(routes=[Route("/{path:path}", refuse)])

    async with serving(Refusing()) as server:
        stripe = StripeApi("sk_test_x", base_address=server.url, budget=SharedBudget(database))
        with pytest.raises(Unavailable, match="429"):
            await stripe.fetch_subscriptions("cus_1")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await stripe.fetch_dispute("du_1")
        await stripe.close()
    [row] = await database.fetch("SELECT next_at - now() AS pause FROM stripe_budget")
    assert timedelta(seconds=25) < row.pause <= timedelta(seconds=32)
    assert len(asked) == 1


async def test_an_answer_older_than_its_event_is_asked_for_again_twice(database: Database, clock: FixedClock) -> None:
    stripe = Counting("active")
    syncing = syncing_with(database, stripe, clock)
    inbox = Inbox(database, clock, HANDLERS, Metrics(), member_key="member_id")
    await inbox.accept(orjson.dumps(event("evt_1", subscription("canceled"), clock)))
    worker = Worker(syncing)
    for fetches, pause in ((1, 5), (2, 55), (3, None)):
        await worker.run_until_idle()
        [row] = await database.fetch("SELECT recheck_at - now() AS pause FROM customer_sync")
        assert stripe.fetches == fetches
        assert (row.pause and round(row.pause.total_seconds())) == pause
        await execute(database, "UPDATE customer_sync SET recheck_at = now()" if pause else "SELECT 1")


async def test_a_recheck_finds_what_the_first_answer_missed(database: Database, clock: FixedClock) -> None:
    stripe = Counting("active")
    inbox = Inbox(database, clock, HANDLERS, Metrics(), member_key="member_id")
    await inbox.accept(orjson.dumps(event("evt_1", subscription("canceled"), clock)))
    worker = Worker(syncing_with(database, stripe, clock))
    await worker.run_until_idle()
    assert (await PostgresSnapshots(database).get_snapshot("mem_1")).grants
    stripe.objects["sub_1"] = subscription("canceled")
    await execute(database, "UPDATE customer_sync SET recheck_at = now()")
    await worker.run_until_idle()
    assert not (await PostgresSnapshots(database).get_snapshot("mem_1")).grants
    [row] = await database.fetch("SELECT recheck_at, rechecks FROM customer_sync")
    assert (row.recheck_at, row.rechecks) == (None, 0)


async def fail_often(worker: Worker, database: Database, times: int) -> None:
    """Kept quiet: drawing a traceback with all that is in sight takes seconds."""
    for _ in range(times):
        await execute(database, MAKE_DUE)
        with capture_logs():
            await worker.run_until_idle()


async def test_faults_of_ours_end_as_a_dead_letter_that_a_signal_or_a_replay_takes_up(
    database: Database, clock: FixedClock
) -> None:
    stripe = Counting()
    stripe.fault = KeyError("sk_live_secret and what Stripe sent")
    worker = Worker(syncing_with(database, stripe, clock))
    inbox = Inbox(database, clock, HANDLERS, Metrics(), member_key="member_id")
    await inbox.accept(orjson.dumps(event("evt_1", subscription("active"), clock)))
    assert [each.state for each in await list_events(database, limit=5)] == [EventState.WAITING]
    await fail_often(worker, database, MOST_FAULTS + 3)
    assert stripe.fetches == MOST_FAULTS
    [letter] = await list_dead_letters(database, limit=5)
    assert (letter.id, letter.kind, letter.attempts) == ("cus_1", "customer", MOST_FAULTS)
    assert letter.reason.startswith("KeyError in stripe_counted.py:")
    assert (await count_waiting(database), await count_dead_letters(database)) == (0, 1)
    assert [each.state for each in await list_events(database, limit=5)] == [EventState.DEAD]

    # The short way in revives as well as the long one.
    session = {"id": "cs_1", "object": "checkout.session", "customer": "cus_1", "status": "open"}
    await inbox.accept(orjson.dumps({**event("evt_2", session, clock), "type": "checkout.session.expired"}))
    await fail_often(worker, database, MOST_FAULTS)
    assert stripe.fetches == 2 * MOST_FAULTS
    stripe.fault = None
    async with database.transaction() as connection:
        assert await revive(connection, "cus_1")
        assert not await revive(connection, "cus_1")
    await worker.run_until_idle()
    assert await count_dead_letters(database) == 0
    assert (await PostgresSnapshots(database).get_snapshot("mem_1")).grants
    found = await find_event(database, "evt_1")
    assert found is not None
    assert found.state is EventState.DONE


async def test_a_stripe_that_does_not_answer_makes_no_dead_letter(database: Database, clock: FixedClock) -> None:
    stripe = Counting()
    stripe.fault = Unavailable("Stripe cannot be reached.")
    await signal(database)
    await fail_often(Worker(syncing_with(database, stripe, clock)), database, MOST_FAULTS + 3)
    assert stripe.fetches >= MOST_FAULTS + 3
    assert (await count_waiting(database), await count_dead_letters(database)) == (1, 0)


async def test_a_dispute_that_leads_nowhere_becomes_a_dead_letter_and_is_still_tried(
    database: Database, clock: FixedClock
) -> None:
    async with database.transaction() as connection:
        await keep_unlinked(connection, [Node(Kind.DISPUTE, "du_1")])
    worker = Worker(syncing_with(database, StripeInMemory([]), clock))
    for _ in range(MOST_ATTEMPTS):
        assert await count_dead_letters(database) == 0
        await worker.run_until_idle()
        await execute(database, "UPDATE stripe_unlinked SET retry_at = now()")
    [letter] = await list_dead_letters(database, limit=5)
    assert (letter.id, letter.kind, letter.attempts) == ("du_1", "dispute", MOST_ATTEMPTS)
    async with database.transaction() as connection:
        assert await revive(connection, "du_1")
    assert await count_dead_letters(database) == 0


@pytest.mark.parametrize(("invoice", "held"), [("paid", True), ("void", False), ("draft", False)])
async def test_who_has_paid_need_not_wait_for_the_event_of_a_pause(
    invoice: str, held: bool, database: Database, clock: FixedClock
) -> None:
    stripe, made = Counting(), int(clock.now().timestamp())
    value = subscription("active")
    value["items"]["data"][0]["current_period_start"] = made
    stripe.objects["sub_1"] = value | {"pause_collection": {"behavior": "void"}, "latest_invoice": "in_1"}
    stripe.objects["in_1"] = {"id": "in_1", "object": "invoice", "status": invoice, "created": made}
    await signal(database)
    await Worker(syncing_with(database, stripe, clock)).run_until_idle()
    snapshot = await PostgresSnapshots(database).get_snapshot("mem_1")
    assert bool(snapshot.features_at(clock.now())) is held
    clock.at = datetime.fromtimestamp(2_000_000_000, UTC)  # the end of the period
    assert not snapshot.features_at(clock.now())


async def test_a_replayed_event_is_read_anew(database: Database, clock: FixedClock) -> None:
    """What today's code takes from it is recorded, though the event was stored by code that took nothing."""
    stripe = StripeInMemory([{**subscription("active"), "metadata": {}}])
    inbox = Inbox(database, clock, HANDLERS, Metrics(), member_key="member_id")
    body = orjson.dumps(event("evt_1", subscription("active"), clock))
    await inbox.accept(body.replace(b"updated", b"created"))
    await execute(database, "DELETE FROM stripe_unread")
    worker = Worker(syncing_with(database, stripe, clock))
    await worker.run_until_idle()
    assert not (await PostgresSnapshots(database).get_snapshot("mem_1")).grants
    assert not await inbox.accept(body.replace(b"updated", b"created"))
    await worker.run_until_idle()
    assert not (await PostgresSnapshots(database).get_snapshot("mem_1")).grants
    await inbox.replay(body.replace(b"updated", b"created"))
    await worker.run_until_idle()
    assert (await PostgresSnapshots(database).get_snapshot("mem_1")).grants


async def test_the_spacing_never_holds_back_who_asks_for_a_sync(database: Database, clock: FixedClock) -> None:
    stripe = Counting()
    syncing = syncing_with(database, stripe, clock, spacing=60)
    await signal(database)
    await Worker(syncing).run_until_idle()
    stripe.objects["sub_1"] = subscription("canceled")
    await sync_customer(
        "cus_1", database=database, stripe=stripe, catalogue=syncing.catalogue, clock=clock, member_key="member_id"
    )
    assert stripe.fetches == 2
    assert not (await PostgresSnapshots(database).get_snapshot("mem_1")).grants

"""Each guard of the sync earns its place: without it, a race that the real one survives ends wrong.

The mutants are built from the same parts, in another order or without one; nothing is patched.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from billing.events import Arrival, StripeEvent, record_event
from billing.facts import facts_of
from billing.memory import StripeInMemory
from billing.mirror import save_subscriptions
from billing.objects import object_in, subscription_from
from billing.queue import Claimed, Fenced, claim_customer, mark_dirty
from billing.state import Kind, Node, Subscription
from billing.sync import Fetched, Syncing, fetch_customer, save_customer, sync_claimed
from errors import Unavailable
from gating.postgres import PostgresSnapshots
from storage.database import Database
from tests.clock import FixedClock
from tests.flow.stripe_counted import signal, subscription, syncing_with
from webhooks.worker import Worker

ACTIVE, CANCELED = "active", "canceled"


class SlowStripe(StripeInMemory):
    """Answers with what was true when it was asked; the answers on their way are held until `let_go`."""

    def __init__(self, status: str) -> None:
        super().__init__([subscription(status)])
        self.asked = asyncio.Event()
        self.let_go = asyncio.Event()

    async def fetch_subscriptions(self, customer_id: str) -> Sequence[Subscription]:
        answer = await super().fetch_subscriptions(customer_id)
        self.asked.set()
        await self.let_go.wait()
        return answer

    def becomes(self, status: str) -> None:
        self.objects["sub_1"] = subscription(status)


async def holds_pro(database: Database) -> bool:
    snapshot = await PostgresSnapshots(database).get_snapshot("mem_1")
    return "content_premium" in {grant.feature for grant in snapshot.grants}


async def note_after_the_fetch(claimed: Claimed, syncing: Syncing) -> None:
    """Mutant: how dirty it is is read when the fetch is back."""
    fetched = await fetch_customer(claimed.customer_id, syncing)
    [row] = await syncing.database.fetch("SELECT dirty FROM customer_sync")
    await save_customer(replace(claimed, noted=row.dirty), fetched, syncing)


async def clean_whatever_came(claimed: Claimed, syncing: Syncing) -> None:
    """Mutant: the saving transaction sets clean to dirty as it then is."""
    await sync_claimed(claimed, syncing)
    async with syncing.database.transaction() as connection:
        await connection.execute(text("UPDATE customer_sync SET clean = dirty"))


Sync = Callable[[Claimed, Syncing], Awaitable[None]]


@pytest.mark.parametrize(
    ("sync", "lost"),
    [(sync_claimed, False), (note_after_the_fetch, True), (clean_whatever_came, True)],
    ids=["real", "noted after the fetch", "clean := dirty"],
)
async def test_a_signal_that_comes_during_the_fetch_is_not_lost(
    sync: Sync, lost: bool, database: Database, clock: FixedClock
) -> None:
    stripe = SlowStripe(ACTIVE)
    worker = Worker(syncing_with(database, stripe, clock), sync=sync)
    await signal(database)
    working = asyncio.create_task(worker.run_until_idle())
    await stripe.asked.wait()
    stripe.becomes(CANCELED)
    await signal(database)
    stripe.let_go.set()
    await working
    assert await holds_pro(database) is lost


async def without_the_fence(claimed: Claimed, fetched: Fetched, syncing: Syncing) -> None:
    """Mutant: whoever comes saves, on the token that is now in force."""
    [row] = await syncing.database.fetch("SELECT token, dirty FROM customer_sync")
    await save_customer(replace(claimed, token=row.token, noted=row.dirty), fetched, syncing)


@pytest.mark.parametrize("fenced", [True, False], ids=["real", "no fencing token"])
async def test_a_worker_that_lost_its_lease_saves_nothing(fenced: bool, database: Database, clock: FixedClock) -> None:
    stripe = StripeInMemory([subscription(ACTIVE)])
    syncing = syncing_with(database, stripe, clock)
    await signal(database)
    async with database.transaction() as connection:
        slow = await claim_customer(connection, "cus_1", lease_seconds=0)
    assert slow is not None
    old = await fetch_customer("cus_1", syncing)
    stripe.objects["sub_1"] = {**subscription(ACTIVE), "items": {"data": []}}
    await signal(database)
    await Worker(syncing).run_until_idle()
    assert not await holds_pro(database)
    if fenced:
        with pytest.raises(Fenced):
            await save_customer(slow, old, syncing)
    else:
        await without_the_fence(slow, old, syncing)
    assert await holds_pro(database) is not fenced


async def patch_from_payload(event: Mapping[str, Any], syncing: Syncing) -> None:
    """Mutant: what the event says is taken for what is."""
    said = subscription_from(object_in(object_in(event, "data"), "object"))
    assert said is not None
    async with syncing.database.transaction() as connection:
        await mark_dirty(connection, ["cus_1"])
        claimed = await claim_customer(connection, "cus_1")
    assert claimed is not None
    await save_customer(claimed, Fetched((said,), ()), syncing)


async def fetch_on_signal(event: Mapping[str, Any], syncing: Syncing) -> None:
    """The real way: the event is kept and the customer marked; a worker does the rest."""
    at = datetime.fromtimestamp(event["created"], UTC)
    stored = StripeEvent(event["id"], event["type"], at, at, False, "sub_1", "cus_1")
    arrival = Arrival(stored, "{}", facts_of(event, "member_id"), frozenset({Node(Kind.CUSTOMER, "cus_1")}))
    async with syncing.database.transaction() as connection:
        await record_event(connection, arrival)
    await Worker(syncing).run_until_idle()


@pytest.mark.parametrize(
    ("react", "wrong"), [(fetch_on_signal, False), (patch_from_payload, True)], ids=["real", "patched from the payload"]
)
async def test_an_old_event_that_comes_late_changes_nothing(
    react: Callable[[Mapping[str, Any], Syncing], Awaitable[None]], wrong: bool, database: Database, clock: FixedClock
) -> None:
    stripe = StripeInMemory([subscription("unpaid")])
    syncing = syncing_with(database, stripe, clock)
    for number, status in enumerate(["unpaid", ACTIVE]):
        data = {"object": subscription(status)}
        type = "customer.subscription.updated"
        await react({"id": f"evt_{number}", "type": type, "created": number, "data": data}, syncing)
    assert await holds_pro(database) is wrong


async def test_what_has_ended_stays_ended(database: Database, clock: FixedClock) -> None:
    ended, revived = (subscription_from(subscription(status)) for status in (CANCELED, ACTIVE))
    assert ended is not None
    assert revived is not None
    async with database.transaction() as connection:
        await save_subscriptions(connection, "cus_1", [ended], clock.now())
        [kept] = await save_subscriptions(connection, "cus_1", [revived], clock.now())
        [absent] = await save_subscriptions(connection, "cus_1", [], clock.now())
    assert kept.status == absent.status == CANCELED


async def test_every_change_is_logged_and_the_log_cannot_be_rewritten(database: Database, clock: FixedClock) -> None:
    stripe = StripeInMemory([subscription(ACTIVE)])
    syncing = syncing_with(database, stripe, clock)
    for status in (ACTIVE, ACTIVE, "past_due"):
        stripe.objects["sub_1"] = subscription(status)
        await signal(database)
        await Worker(syncing).run_until_idle()
    rows = await database.fetch("SELECT before, after FROM subscription_log ORDER BY number")
    steps = [(row.before and row.before["status"], row.after["status"]) for row in rows]
    assert steps == [(None, ACTIVE), (ACTIVE, "past_due")]
    for statement in ("UPDATE subscription_log SET after = NULL", "DELETE FROM subscription_log"):
        with pytest.raises(Exception, match="append-only"):
            async with database.transaction() as connection:
                await connection.execute(text(statement))


async def test_a_failing_stripe_puts_the_customer_off_and_loses_nothing(database: Database, clock: FixedClock) -> None:
    class Failing(StripeInMemory):
        async def fetch_subscriptions(self, customer_id: str) -> Sequence[Subscription]:
            raise Unavailable("Stripe cannot be reached.")

    await signal(database)
    await Worker(syncing_with(database, Failing([]), clock)).run_until_idle()
    [row] = await database.fetch("SELECT dirty > clean AS due, attempts, lease_until FROM customer_sync")
    assert (row.due, row.attempts, row.lease_until) == (True, 1, None)
    async with database.transaction() as connection:
        await connection.execute(text("UPDATE customer_sync SET retry_at = now()"))
    stripe = StripeInMemory([subscription(ACTIVE)])
    await Worker(syncing_with(database, stripe, clock)).run_until_idle()
    assert await holds_pro(database)


async def test_relinking_moves_what_was_bought(database: Database, clock: FixedClock) -> None:
    syncing = syncing_with(database, StripeInMemory([subscription(ACTIVE)]), clock)
    for number, member_id in enumerate(["mem_1", "mem_2", None], start=2):
        metadata = {"member_id": member_id} if member_id else {}
        customer = {"id": "cus_1", "object": "customer", "created": 1, "metadata": metadata}
        data = {"object": customer, "previous_attributes": {"metadata": {"member_id": "before"}}}
        await fetch_on_signal(
            {"id": f"evt_{number}", "type": "customer.updated", "created": number, "data": data}, syncing
        )
        held = {id: bool((await PostgresSnapshots(database).get_snapshot(id)).grants) for id in ("mem_1", "mem_2")}
        assert held == {"mem_1": member_id == "mem_1", "mem_2": member_id == "mem_2"}


async def test_a_slow_fetch_keeps_its_lease(database: Database, clock: FixedClock) -> None:
    stripe = SlowStripe(ACTIVE)
    syncing = replace(syncing_with(database, stripe, clock), lease_seconds=0.3)
    await signal(database)
    working = asyncio.create_task(Worker(syncing).run_until_idle())
    await stripe.asked.wait()
    await asyncio.sleep(0.6)
    async with database.transaction() as connection:
        assert await claim_customer(connection, "cus_1") is None
    stripe.let_go.set()
    await working
    assert await holds_pro(database)


PERIOD_END, NEXT_PERIOD_END = 2_000_000_000, 2_002_000_000


@pytest.mark.parametrize(("period_end", "until"), [(PERIOD_END, PERIOD_END), (NEXT_PERIOD_END, None)])
async def test_a_pause_seen_to_begin_in_a_period_lasts_until_its_end_before_its_event_arrives(
    database: Database, clock: FixedClock, period_end: int, until: int | None
) -> None:
    """Seen in the next period it may be older, and nobody is let in on a guess."""
    stripe = StripeInMemory([subscription(ACTIVE)])
    syncing = syncing_with(database, stripe, clock)
    await signal(database)
    await Worker(syncing).run_until_idle()
    paused: dict[str, Any] = subscription(ACTIVE) | {"pause_collection": {"behavior": "void", "resumes_at": None}}
    paused["items"]["data"][0]["current_period_end"] = period_end
    stripe.objects["sub_1"] = paused
    await signal(database)
    await Worker(syncing).run_until_idle()
    ends = {grant.ends_at for grant in (await PostgresSnapshots(database).get_snapshot("mem_1")).grants}
    assert ends == {datetime.fromtimestamp(until or 1, UTC)}

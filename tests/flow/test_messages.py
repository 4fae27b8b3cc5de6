"""Messages are owed once: in any order of events, by any number of workers; after an outage the last one only."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from billing.catalogue import load_catalogue
from billing.memory import StripeInMemory
from billing.messages import list_messages, record_messages, show_messages
from billing.sync import Syncing
from billing.trials import DAYS, PLAN
from gating.postgres import PostgresSnapshots
from storage.database import Database
from storage.rows import Row
from telemetry import Metrics
from tests.clock import FixedClock
from webhooks.handlers import HANDLERS
from webhooks.inbox import Inbox
from webhooks.worker import Worker

CATALOGUE = load_catalogue(Path("catalogue.yaml"))
DAY = timedelta(days=1)


def subscription(status: str, **more: Any) -> dict[str, Any]:
    price = {"id": "price_1", "lookup_key": "pro_monthly", "product": "prod_1"}
    item = {"id": "si_1", "price": price, "quantity": 1, "current_period_end": 2_000_000_000}
    whole = {"id": "sub_1", "object": "subscription", "customer": "cus_1", "status": status, "created": 1}
    return {**whole, "items": {"data": [item]}, "metadata": {"member_id": "mem_1"}, **more}


class Life:
    """One customer: what Stripe says, what events tell, and what is shown."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database, self.clock = database, clock
        self.stripe = StripeInMemory([])
        self.worker = Worker(Syncing(database, self.stripe, CATALOGUE, clock, "member_id"))
        self.inbox = Inbox(database, clock, HANDLERS, Metrics(), member_key="member_id")
        self.shown: list[Row] = []
        self.number = 0

    async def becomes(self, state: Mapping[str, Any], type: str = "customer.subscription.updated") -> None:
        self.stripe.objects["sub_1"] = state
        await self.hear(type, state)

    async def hear(self, type: str, subject: Mapping[str, Any]) -> None:
        self.number += 1
        event = {"id": f"evt_{self.number}", "object": "event", "type": type, "livemode": False}
        created = int(self.clock.now().timestamp())
        await self.inbox.accept(orjson.dumps({**event, "created": created, "data": {"object": subject}}))
        await self.worker.run_until_idle()

    async def invoice(self, type: str, **more: Any) -> None:
        parent = {"subscription_details": {"subscription": "sub_1"}}
        await self.hear(type, {"id": "in_1", "object": "invoice", "customer": "cus_1", "parent": parent, **more})

    async def tick(self) -> Sequence[str]:
        """What a worker's turn shows, by kind."""
        before = len(self.shown)
        await record_messages(self.database, CATALOGUE, self.clock.now())
        await show_messages(self.database, self.shown.append)
        return [row.kind for row in self.shown[before:]]

    async def features(self) -> frozenset[str]:
        return (await PostgresSnapshots(self.database).get_snapshot("mem_1")).features_at(self.clock.now())


@pytest.fixture
def life(database: Database, clock: FixedClock) -> Life:
    return Life(database, clock)


async def test_a_failed_payment_is_told_day_by_day_while_access_narrows_with_no_event(life: Life) -> None:
    await life.becomes(subscription("past_due"))
    await life.invoice("invoice.payment_failed", billing_reason="subscription_cycle")
    told: list[tuple[Sequence[str], bool, bool]] = []
    for _day in range(9):
        told.append((await life.tick(), "downloads" in await life.features(), "archive" in await life.features()))
        assert await life.tick() == [], "nothing twice"
        life.clock.advance(DAY)
    assert told == [
        (["banner"], True, True),
        (["email_1"], True, True),
        ([], True, True),
        (["email_2"], True, True),
        ([], True, True),
        (["final_warning"], False, True),
        ([], False, True),
        (["downgrade"], False, False),
        ([], False, False),
    ]


async def test_recovery_is_told_to_whom_the_failure_was_and_ends_everything(life: Life) -> None:
    await life.becomes(subscription("past_due"))
    await life.invoice("invoice.payment_failed", billing_reason="subscription_cycle")
    assert await life.tick() == ["banner"]
    life.clock.advance(2 * DAY)
    await life.becomes(subscription("active"))
    await life.invoice("invoice.paid")
    assert await life.tick() == ["recovered"]
    assert "downloads" in await life.features()
    life.clock.advance(10 * DAY)
    await life.invoice("invoice.payment_failed", billing_reason="subscription_cycle")
    assert await life.tick() == [], "a late failure of an invoice that is paid opens nothing"


async def test_after_an_outage_only_the_last_step_is_told_and_the_others_are_kept_as_skipped(life: Life) -> None:
    await life.becomes(subscription("past_due"))
    await life.invoice("invoice.payment_failed", billing_reason="subscription_cycle")
    life.clock.advance(4 * DAY)
    assert await life.tick() == ["email_2"]
    states = {row.kind: row.state for row in await list_messages(life.database, "mem_1")}
    assert states == {"banner": "skipped", "email_1": "skipped", "email_2": "shown"}


async def test_a_recovery_during_an_outage_is_told_to_nobody(life: Life) -> None:
    await life.becomes(subscription("past_due"))
    await life.invoice("invoice.payment_failed", billing_reason="subscription_cycle")
    life.clock.advance(2 * DAY)
    await life.invoice("invoice.paid")
    assert await life.tick() == []


async def test_a_first_payment_that_fails_is_no_dunning_but_one_to_confirm_is_reminded(life: Life) -> None:
    await life.becomes(subscription("incomplete"))
    await life.invoice("invoice.payment_failed", billing_reason="subscription_create")
    await life.invoice("invoice.payment_action_required", billing_reason="subscription_create")
    await life.invoice("invoice.payment_action_required", billing_reason="subscription_create")
    assert await life.tick() == ["confirm_payment"]
    assert await life.tick() == []


async def test_a_trial_is_told_of_three_days_before_its_end_and_once_it_has_expired(life: Life) -> None:
    ends_at = int((life.clock.now() + 14 * DAY).timestamp())
    await life.becomes(subscription("trialing", trial_end=ends_at))
    for _day in range(11):
        assert await life.tick() == []
        life.clock.advance(DAY)
    assert await life.tick() == ["trial_ending"]
    life.clock.advance(3 * DAY)
    await life.becomes(subscription("canceled", trial_end=ends_at, ended_at=ends_at), "customer.subscription.deleted")
    assert await life.tick() == ["trial_expired"]
    assert await life.tick() == []


async def test_a_trial_cancelled_early_did_not_expire(life: Life) -> None:
    ends_at, now = int((life.clock.now() + 14 * DAY).timestamp()), int(life.clock.now().timestamp())
    await life.becomes(subscription("canceled", trial_end=ends_at, ended_at=now), "customer.subscription.deleted")
    life.clock.advance(20 * DAY)
    assert await life.tick() == []


async def test_a_dispute_alerts_the_team_once(life: Life) -> None:
    await life.becomes(subscription("active"))
    dispute = {
        "id": "du_1",
        "object": "dispute",
        "status": "needs_response",
        "created": 1_772_000_000,
        "charge": "ch_1",
    }
    life.stripe.objects |= {"du_1": dispute, "ch_1": {"id": "ch_1", "object": "charge", "customer": "cus_1"}}
    await life.hear("charge.dispute.created", dispute)
    await life.hear("charge.succeeded", life.stripe.objects["ch_1"])
    assert [await life.tick(), await life.tick()] == [["dispute_opened"], []]


async def test_several_workers_at_once_show_each_message_once(life: Life) -> None:
    await life.becomes(subscription("past_due"))
    await life.invoice("invoice.payment_failed", billing_reason="subscription_cycle")
    await asyncio.gather(*(life.tick() for _ in range(5)))
    assert [(row.member_id, row.kind, row.cause) for row in life.shown] == [
        ("mem_1", "banner", f"in_1:{int(life.clock.now().timestamp())}")
    ]
    assert life.clock.now() == datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_nothing_is_told_of_a_customer_with_events_that_nobody_has_read_yet(life: Life) -> None:
    """One of them may say that all is paid."""
    await life.becomes(subscription("past_due"))
    await life.invoice("invoice.payment_failed", billing_reason="subscription_cycle")
    parent = {"subscription_details": {"subscription": "sub_1"}}
    paid = {"id": "in_1", "object": "invoice", "customer": "cus_1", "parent": parent}
    event = {"id": "evt_paid", "object": "event", "type": "invoice.paid", "livemode": False}
    created = int(life.clock.now().timestamp())
    await life.inbox.accept(orjson.dumps({**event, "created": created, "data": {"object": paid}}))
    assert await life.tick() == []
    await life.worker.run_until_idle()
    assert await life.tick() == []


def with_card(expires: datetime, id: str = "pm_1") -> dict[str, Any]:
    card = {"exp_month": expires.month, "exp_year": expires.year}
    return {"default_payment_method": {"id": id, "object": "payment_method", "type": "card", "card": card}}


async def test_a_card_is_told_of_thirty_days_before_its_month_is_over_and_once(life: Life) -> None:
    last = datetime(2026, 5, 10, tzinfo=UTC)  # good until the end of May
    await life.becomes(subscription("active", **with_card(last)))
    life.clock.at = datetime(2026, 6, 1, tzinfo=UTC) - 30 * DAY - timedelta(seconds=1)
    assert await life.tick() == []
    life.clock.advance(timedelta(seconds=1))
    assert await life.tick() == ["card_expiring"]
    life.clock.advance(20 * DAY)
    await life.hear("customer.source.expiring", {"id": "card_1", "object": "card", "customer": "cus_1"})
    assert await life.tick() == []


async def test_a_card_that_was_replaced_takes_the_message_back(life: Life) -> None:
    await life.becomes(subscription("active", **with_card(datetime(2026, 3, 1, tzinfo=UTC))))
    life.clock.advance(DAY)
    await record_messages(life.database, CATALOGUE, life.clock.now())
    owed = {row.kind: row.state for row in await list_messages(life.database, "mem_1")}
    assert owed == {"card_expiring": "owed"}
    method = with_card(datetime(2030, 3, 1, tzinfo=UTC))
    await life.becomes(subscription("active", **method), "customer.subscription.updated")
    await life.hear("payment_method.automatically_updated", method["default_payment_method"] | {"customer": "cus_1"})
    assert await life.tick() == []
    assert [row.state for row in await list_messages(life.database, "mem_1")] == ["skipped"]


async def test_a_card_of_a_subscription_that_is_over_expires_in_silence(life: Life) -> None:
    await life.becomes(subscription("canceled", **with_card(datetime(2026, 3, 1, tzinfo=UTC))))
    assert await life.tick() == []


async def test_a_reverse_trial_is_told_of_before_its_end_and_when_it_is_over(life: Life) -> None:
    now = int(life.clock.now().timestamp())
    trial = subscription("active", created=now, metadata={"member_id": "mem_1", PLAN: "pro", DAYS: "14"})
    trial["items"]["data"][0]["price"] = {"id": "price_0", "lookup_key": "free_monthly", "product": "prod_0"}
    await life.becomes(trial)
    told: list[Sequence[str]] = []
    for _day in range(17):
        told.append(await life.tick())
        life.clock.advance(DAY)
    assert told == [[]] * 11 + [["trial_ending"]] + [[]] * 2 + [["trial_expired"]] + [[]] * 2

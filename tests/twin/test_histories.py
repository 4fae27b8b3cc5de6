"""The recorded histories through the twin: its signature, its deliveries, and its state as what a sync asks for."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from billing.mirror import subscription_in
from storage.database import Database
from tests.clock import FixedClock
from tests.flow.replay import SECRET, Gatehouse, at, gatehouse, post
from tests.stripe_server.catalogues import catalogue_of
from tests.stripe_server.history import History, load_histories
from tests.stripe_server.made_histories import made_histories
from twin.hooks.chaos import Chaos
from twin.replaying import replay
from twin.server import Options, Running, serving

HOOK = "http://gatehouse.test/webhooks/stripe"
EVERY = pytest.mark.parametrize("history", [*load_histories(), *made_histories()], ids=lambda history: history.name)


@asynccontextmanager
async def played(
    history: History, database: Database, clock: FixedClock, chaos: Chaos | None = None
) -> AsyncGenerator[tuple[Running, Gatehouse]]:
    """A twin whose events go to our endpoint, and our side of it."""
    options = Options(port=0, webhooks={HOOK: SECRET.decode()}, sends=False, chaos=chaos)
    async with serving(options) as running:
        catalogue = catalogue_of(history.catalogue, history.policy)
        async with gatehouse(database, running, catalogue, clock) as ours:
            yield running, ours


async def deliver(running: Running, ours: Gatehouse) -> int:
    """Makes what is due, signed as of now; how many there were."""
    due = running.twin.take_deliveries()
    for delivery in due:
        request = running.twin.webhook(delivery, ours.clock.now().timestamp())
        assert request is not None
        status = await post(ours.app, request.body, request.headers["stripe-signature"].encode())
        running.twin.record(delivery, status)
        assert status == 200
    return len(due)


async def held(ours: Gatehouse, history: History) -> dict[str, Any]:
    rows = await ours.database.fetch("SELECT content FROM subscription")
    snapshot = await ours.snapshot_of(history.member_id)
    found = (subscription_in(row.content) for row in rows)
    return {
        "statuses": {each.id: each.status for each in found},
        "features": sorted(snapshot.features_at(ours.clock.now())),
        "limits": snapshot.limits_at(ours.clock.now()),
    }


def wanted(expected: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "statuses": {id: each["status"] for id, each in expected["subscriptions"].items()},
        "features": sorted(expected["entitlements"]),
        "limits": expected["limits"],
    }


@EVERY
async def test_after_every_event_what_is_expected_is_true(
    history: History, database: Database, clock: FixedClock
) -> None:
    async with played(history, database, clock) as (running, ours):
        for position, step in enumerate(history.steps, start=1):
            clock.at = at(step.created)
            replay(running.twin, step.event)
            assert await deliver(running, ours) == 1
            await ours.worker.run_until_idle()
            assert await held(ours, history) == wanted(step.expected), f"after {position} {step.id}"


@EVERY
async def test_duplicated_and_out_of_order_it_ends_the_same(
    history: History, database: Database, clock: FixedClock
) -> None:
    chaos = Chaos(duplicate=0.3, reorder=0.6, reorder_seconds=30)
    async with played(history, database, clock, chaos) as (running, ours):
        for step in history.steps:
            clock.at = at(step.created)
            replay(running.twin, step.event)
        running.web.advance(60)
        assert await deliver(running, ours) >= len(history.steps)
        await ours.worker.run_until_idle()
        assert await held(ours, history) == wanted(history.steps[-1].expected)


async def test_what_the_twin_delivers_is_what_was_recorded(database: Database, clock: FixedClock) -> None:
    [history, *_] = load_histories()
    async with played(history, database, clock) as (running, _):
        replay(running.twin, history.steps[0].event)
        [delivery] = running.twin.take_deliveries()
        request = running.twin.webhook(delivery, 0)
        assert request is not None
        body = orjson.loads(request.body)
        assert {name: body[name] for name in ("id", "type", "data")} == {
            name: history.steps[0].event[name] for name in ("id", "type", "data")
        }

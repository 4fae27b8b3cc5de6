"""Recorded histories through the real endpoint, in order: what must be true after every single event, is."""

from collections.abc import Mapping
from typing import Any

import pytest

from billing.mirror import subscription_in
from billing.state import Subscription
from storage.database import Database
from tests.clock import FixedClock
from tests.flow.replay import Gatehouse, at, gatehouse
from tests.stripe_server.catalogues import catalogue_of
from tests.stripe_server.history import History, load_histories
from tests.stripe_server.made_histories import made_histories
from tests.stripe_server.server import StripeServer, serving
from tests.stripe_server.world import World


@pytest.mark.parametrize("policy", ["default", "strict"])
@pytest.mark.parametrize("history", [*load_histories(), *made_histories()], ids=lambda history: history.name)
async def test_in_order_everything_expected_is_true_after_every_event(
    history: History, policy: str, database: Database, clock: FixedClock
) -> None:
    async with serving(StripeServer(largest_page=1)) as server:
        world = server.add(World(history))
        catalogue = catalogue_of(history.catalogue, history.policy, policy)
        async with gatehouse(database, server, catalogue, clock) as ours:
            for position, step in enumerate(history.steps, start=1):
                world.position, clock.at = position, at(step.created)
                await ours.deliver(step)
                await ours.worker.run_until_idle()
                assert await seen(ours, history) == wanted(step.expected, policy), f"after {position} {step.id}"


def wanted(expected: Mapping[str, Any], policy: str) -> dict[str, Any]:
    features = expected["entitlements" if policy == "default" else "entitlements_strict"]
    return {"subscriptions": expected["subscriptions"], "features": sorted(features), "limits": expected["limits"]}


async def seen(ours: Gatehouse, history: History) -> dict[str, Any]:
    rows = await ours.database.fetch("SELECT content FROM subscription")
    snapshot = await ours.snapshot_of(history.member_id)
    return {
        "subscriptions": {each.id: shown(each) for each in (subscription_in(row.content) for row in rows)},
        "features": sorted(snapshot.features_at(ours.clock.now())),
        "limits": snapshot.limits_at(ours.clock.now()),
    }


def shown(subscription: Subscription) -> dict[str, Any]:
    end = subscription.current_period_end
    return {
        "status": subscription.status,
        "cancel_at_period_end": subscription.cancel_at_period_end,
        "pause_collection": subscription.pause_behavior,
        "current_period_end": end and int(end.timestamp()),
    }

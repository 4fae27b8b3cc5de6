"""Gatehouse follows random lives on the twin through chaos: at rest, what it holds is what the twin's log demands.

The judge is `twin.truth`, which knows nothing of Gatehouse. What each life does is drawn by its seed.
"""

from collections.abc import Mapping
from datetime import timedelta
from random import Random

import pytest

from billing.catalogue import parse_catalogue
from billing.mirror import subscription_in
from storage.database import Database
from tests.clock import FixedClock
from tests.flow.replay import SECRET, Gatehouse, gatehouse, post
from tests.twin.life import Life
from tests.twin.lives import Shop
from twin.core.settings import Account
from twin.hooks.chaos import Chaos
from twin.server import Options, Running, serving
from twin.truth import granted, state_at

HOOK = "http://gatehouse.test/webhooks/stripe"
GRANTING = ("trialing", "active")
CATALOGUE = """
features: {basic: Basic, pro: Pro, team: Team}
plans:
  basic: {name: Basic, rank: 0, features: [basic], prices: [{lookup_key: basic, interval: month, amounts: {usd: 900}}]}
  pro: {name: Pro, rank: 1, features: [pro], prices: [{lookup_key: pro, interval: month, amounts: {usd: 2900}}]}
  team: {name: Team, rank: 2, features: [team], prices: [{lookup_key: team, interval: month, amounts: {usd: 9900}}]}
access:
  states: {trialing: full, active: full, past_due: none, unpaid: none, paused: none, incomplete: none,
    incomplete_expired: none, canceled: none}
  pause_collection: {keep_as_draft: keep, mark_uncollectible: keep, void: keep}
  refund: keep
  dispute: {open: keep, open_statuses: [needs_response, under_review], lost: keep}
"""
CHAOS = Chaos(duplicate=0.2, reorder=0.4, reorder_seconds=900, delay_seconds=5)


async def deliver(running: Running, ours: Gatehouse, dice: Random) -> None:
    """What is due; one in ten times our side is away, and the twin has to come again."""
    for delivery in running.twin.take_deliveries():
        request = running.twin.webhook(delivery, ours.clock.now().timestamp())
        assert request is not None
        away = dice.random() < 0.1
        status = 503 if away else await post(ours.app, request.body, request.headers["stripe-signature"].encode())
        assert away or status == 200
        running.twin.record(delivery, status)


async def settle(running: Running, ours: Gatehouse, clock: FixedClock, dice: Random) -> None:
    """Lets everything arrive that is on its way."""
    while running.twin.post.waiting:
        clock.advance(timedelta(hours=1))
        running.web.catch_up()
        await deliver(running, ours, dice)
    await ours.worker.run_until_idle()


async def check(running: Running, ours: Gatehouse, lives: Mapping[str, Life]) -> None:
    state = state_at(running.twin.log, running.twin.now)
    rows = await ours.database.fetch("SELECT content FROM subscription")
    mirror = {each.id: each.status for each in (subscription_in(row.content) for row in rows)}
    true = {id: each["status"] for id, each in state.items() if each["object"] == "subscription"}
    assert mirror == true
    assert len(set(true.values())) > 2, "the lives are too quiet to show anything"
    for member, life in lives.items():
        wanted = granted(state, life.customer, life.shop.features, GRANTING)
        held = (await ours.snapshot_of(member)).features_at(ours.clock.now())
        assert set(held) == wanted, f"{member}: {life.customer}"


@pytest.mark.parametrize("seed", range(3))
async def test_at_rest_it_holds_what_is_true(seed: int, database: Database, clock: FixedClock) -> None:
    await follow(seed, 8, 25, database, clock)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 1010))
async def test_many_lives(seed: int, database: Database, clock: FixedClock) -> None:
    await follow(seed, 100, 25, database, clock)


async def follow(seed: int, people: int, rounds: int, database: Database, clock: FixedClock) -> None:
    dice = Random(seed)
    options = Options(
        port=0,
        seed=str(seed),
        webhooks={HOOK: SECRET.decode()},
        sends=False,
        chaos=CHAOS,
        clock=lambda: clock.now().timestamp(),
        account=Account(after_retries=dice.choice(["cancel", "unpaid", "past_due"]), retry_after_days=(1, 3, 5)),
    )
    async with serving(options) as running:
        shop = Shop(twin=running.twin)
        lives = {f"user_{n}": Life(seed * 1000 + n, shop, metadata={"user_id": f"user_{n}"}) for n in range(people)}
        catalogue = parse_catalogue("lives.yaml", CATALOGUE)
        async with gatehouse(database, running, catalogue, clock, page_size=100) as ours:
            for _ in range(rounds):
                for life in lives.values():
                    life.act()
                clock.advance(timedelta(days=dice.choice([0.01, 0.5, 3, 10])))
                running.web.catch_up()
                await deliver(running, ours, dice)
                if dice.random() < 0.5:
                    await ours.worker.run_until_idle()
            await settle(running, ours, clock, dice)
            await check(running, ours, lives)

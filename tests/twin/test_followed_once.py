"""What people buy once, and trials that end in the free plan, followed through chaos; judged by the twin's own log."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from storage.database import Database
from tests.clock import FixedClock
from tests.flow.living import Shop, living
from twin.core.errors import ApiError
from twin.hooks.chaos import Chaos
from twin.truth import state_at
from twin.truth_of_once import bought_once, on_top

CHAOS = Chaos(duplicate=0.3, reorder=0.5, reorder_seconds=900, delay_seconds=5)
CARDS = ("pm_card_visa", "pm_card_createDispute", "pm_card_chargeCustomerFail")
PRO = {"content_premium", "downloads", "analytics", "archive"}
PROJECTS = {"free": 3, "pro": 50, "pack": 10}


def one(dice: Random, shop: Shop, kind: str, customer: str) -> str:
    found = [each["id"] for each in shop.twin.objects(kind) if each["customer"] == customer]
    return dice.choice(found) if found else "none"


def buy(dice: Random, shop: Shop, customer: str) -> None:
    invoice = shop.call("POST /v1/invoices", customer=customer)["id"]
    item: dict[str, Any] = {"pricing": {"price": shop.price("project_pack_once")}, "quantity": dice.randint(1, 3)}
    shop.call("POST /v1/invoiceitems", customer=customer, invoice=invoice, **item)
    shop.call(f"POST /v1/invoices/{invoice}/finalize")
    shop.call(f"POST /v1/invoices/{invoice}/pay")


def refund(dice: Random, shop: Shop, customer: str) -> None:
    shop.call("POST /v1/refunds", charge=one(dice, shop, "charge", customer))


def answer(dice: Random, shop: Shop, customer: str) -> None:
    disputes = [each["id"] for each in shop.twin.objects("dispute")]
    text = dice.choice(["winning_evidence", "losing_evidence"])
    id = dice.choice(disputes) if disputes else "none"
    shop.call(f"POST /v1/disputes/{id}", evidence={"uncategorized_text": text}, submit=True)


def extend(dice: Random, shop: Shop, customer: str) -> None:
    until = int(shop.clock.now().timestamp()) + dice.randint(1, 30) * 86_400
    id = one(dice, shop, "subscription", customer)
    shop.call(f"POST /v1/subscriptions/{id}", metadata={"gatehouse_trial_until": str(until)})


def leave(dice: Random, shop: Shop, customer: str) -> None:
    shop.call(f"DELETE /v1/subscriptions/{one(dice, shop, 'subscription', customer)}")


def pay_otherwise(dice: Random, shop: Shop, customer: str) -> None:
    shop.use(customer, dice.choice(CARDS))


ACTS = (buy, buy, refund, answer, extend, leave, pay_otherwise)


async def act(dice: Random, shop: Shop, member: str, customer: str) -> None:
    """What is not allowed is refused, and nothing has happened. Nobody tries twice, though nothing was heard yet."""
    begun = any(each["customer"] == customer for each in shop.twin.objects("subscription"))
    try:
        if not begun and dice.random() < 0.3:
            await shop.begin(member, customer, "pro_monthly")
        else:
            dice.choice(ACTS)(dice, shop, customer)
    except ApiError as fault:
        if fault.status not in (400, 402, 404):
            raise


@pytest.mark.parametrize("seed", range(3))
async def test_at_rest_everybody_holds_what_was_bought_and_what_is_tried(
    seed: int, database: Database, redis_url: str, clock: FixedClock
) -> None:
    dice = Random(seed)
    async with living(database, redis_url, clock, chaos=CHAOS) as shop:
        people = {f"user_{n}": shop.customer(f"user_{n}", CARDS[n % 2]) for n in range(6)}
        for _ in range(20):
            for member, customer in people.items():
                await act(dice, shop, member, customer)
            shop.passes(timedelta(days=dice.choice([0.01, 0.5, 4])))
            await shop.deliver()
            if dice.random() < 0.4:
                await shop.work()
        while shop.twin.post.waiting:
            shop.passes(timedelta(hours=1))
            await shop.deliver()
        await shop.work()
        await check(shop, people)


async def check(shop: Shop, people: dict[str, str]) -> None:
    """Nobody at rest is suspended by a dispute that is still open, for then everything is."""
    state, now = state_at(shop.twin.log, shop.twin.now), shop.clock.now()
    seen: set[tuple[bool, bool]] = set()
    for member, customer in people.items():
        packs = sum(each.quantity for each in bought_once(state, customer))
        tries = on_top(state, customer, now.timestamp()) == {"pro"}
        subscribed = any(
            each["object"] == "subscription" and each["customer"] == customer and each["status"] == "active"
            for each in state.values()
        )
        base = PROJECTS["pro"] if tries else PROJECTS["free"] if subscribed else 0
        suspended = is_disputed(state, customer)
        wanted = PROJECTS["free"] if suspended else max(PROJECTS["free"], base + packs * PROJECTS["pack"])
        held = await shop.store.snapshot_of(member, fresh=True)
        assert held.limits_at(now)["projects"] == wanted, (member, packs, tries, subscribed, suspended)
        assert held.features_at(now) == (PRO if tries and not suspended else frozenset()), member
        seen.add((packs > 0, tries))
    assert len(seen) > 1, "the lives are too quiet to show anything"


def is_disputed(state: Any, customer: str) -> bool:
    charges = {each["id"] for each in state.values() if each["object"] == "charge" and each["customer"] == customer}
    disputes = (each for each in state.values() if each["object"] == "dispute" and each["charge"] in charges)
    return any(each["status"] in ("needs_response", "under_review") for each in disputes)

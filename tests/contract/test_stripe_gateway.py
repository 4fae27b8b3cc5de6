"""One suite for both Stripes: the one in memory, and the real client against an HTTP server in Stripe's shape."""

from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

import orjson
import pytest

from billing.memory import StripeInMemory
from billing.ports import StripeGateway, StripeLists
from billing.state import Kind, Link, Node, PauseFact, PauseStep
from billing.stripe import StripeApi
from errors import Unavailable
from tests.stripe_server.history import History, Step, load_histories
from tests.stripe_server.made_histories import several
from tests.stripe_server.server import API_KEY, StripeServer, serving
from tests.stripe_server.world import World

SEVERAL = several()
DISPUTED = next(history for history in load_histories() if history.name.startswith("09"))

PAUSED = next(history for history in load_histories() if history.name.startswith("07"))
PAUSED_ID = next(id for step in PAUSED.steps if (id := step.event["data"]["object"]["id"]).startswith("sub_"))


def previous_of(step: Step) -> Collection[str]:
    """What the event says has changed."""
    return step.event["data"].get("previous_attributes") or ()


class Stripe(StripeGateway, StripeLists, Protocol):
    """Both ports."""


@asynccontextmanager
async def in_memory(history: History) -> AsyncGenerator[Stripe]:
    events = [step.event for step in history.steps]
    yield StripeInMemory([*World(history, len(history.steps)).objects().values(), *events])


@asynccontextmanager
async def over_http(history: History) -> AsyncGenerator[Stripe]:
    async with serving(StripeServer(largest_page=1, inline_items=1)) as server:
        server.add(World(history, len(history.steps)))
        stripe = StripeApi(API_KEY, base_address=server.url, page_size=2)
        yield stripe
        await stripe.close()


Stripes = Callable[[History], AbstractAsyncContextManager[Stripe]]
each_stripe = pytest.mark.parametrize("stripe_of", [in_memory, over_http], ids=["memory", "http"])


@each_stripe
async def test_every_subscription_of_the_customer_comes_with_all_its_items(stripe_of: Stripes) -> None:
    async with stripe_of(SEVERAL) as stripe:
        found = {subscription.id: subscription for subscription in await stripe.fetch_subscriptions("cus_1")}
    assert {id: each.status for id, each in found.items()} == {
        "sub_1": "canceled",
        "sub_2": "active",
        "sub_3": "incomplete_expired",
    }
    assert [(item.id, item.quantity) for item in found["sub_2"].items] == [("si_a", 1), ("si_b", 3), ("si_c", 1)]


@each_stripe
async def test_a_customer_or_dispute_unknown_to_stripe_is_absent(stripe_of: Stripes) -> None:
    async with stripe_of(DISPUTED) as stripe:
        assert await stripe.fetch_subscriptions("cus_unknown") == []
        assert await stripe.fetch_dispute("du_unknown") is None
        for kind in Kind:
            assert await stripe.fetch_links(Node(kind, "none_such")) == []


@each_stripe
async def test_a_dispute_leads_to_its_customer_and_subscription(stripe_of: Stripes) -> None:
    [lost] = [
        step.event["data"]["object"] for step in DISPUTED.steps if step.event["data"]["object"].get("status") == "lost"
    ]
    async with stripe_of(DISPUTED) as stripe:
        dispute = await stripe.fetch_dispute(lost["id"])
        assert dispute is not None
        assert (dispute.status, dispute.charge_id) == ("lost", lost["charge"])
        way, reached = {Node(Kind.DISPUTE, dispute.id)}, set[Node]()
        while way:
            links: list[Link] = [link for node in way for link in await stripe.fetch_links(node)]
            reached |= way
            way = {link.parent for link in links} - reached
    assert Node(Kind.CUSTOMER, DISPUTED.customer_id) in reached
    assert [node.kind for node in reached].count(Kind.SUBSCRIPTION) == 1


@each_stripe
@pytest.mark.parametrize(
    ("until", "step", "place"),
    [("pause_collection", PauseStep.PAUSED, 1), ("invoice.voided", PauseStep.VOIDED, 0), ("all of it", None, 0)],
)
async def test_the_latest_invoice_dates_a_pause(
    stripe_of: Stripes, until: str, step: PauseStep | None, place: int
) -> None:
    """One that began in the period that was paid for, one that began before, and none."""
    known = [n for n, each in enumerate(PAUSED.steps, start=1) if until in (each.event["type"], *previous_of(each))]
    early = replace(PAUSED, steps=PAUSED.steps[: known[0] if known else None])
    subscription = World(early, len(early.steps)).objects()[PAUSED_ID]
    item = subscription["items"]["data"][0]
    period = [datetime.fromtimestamp(item[f"current_period_{end}"], UTC) for end in ("start", "end")]
    now = datetime.fromtimestamp(early.steps[-1].created, UTC)
    async with stripe_of(early) as stripe:
        assert await stripe.fetch_pause("sub_unknown", now) is None
        found = await stripe.fetch_pause(PAUSED_ID, now)
    assert found == (PauseFact(PAUSED_ID, step, now, period[place]) if step else None)


@each_stripe
async def test_every_subscription_of_the_account_is_listed_with_all_its_items(stripe_of: Stripes) -> None:
    async with stripe_of(SEVERAL) as stripe:
        found = {subscription.id: subscription async for subscription in stripe.fetch_all_subscriptions()}
        assert sorted(found) == ["sub_1", "sub_2", "sub_3"]
        assert [found["sub_2"]] == [each for each in await stripe.fetch_subscriptions("cus_1") if each.id == "sub_2"]
    assert len(found["sub_2"].items) == 3


@each_stripe
async def test_events_come_from_an_instant_on_the_latest_first_and_as_they_were_sent(stripe_of: Stripes) -> None:
    sent = {step.id: step.event for step in SEVERAL.steps}
    since = sorted(step.created for step in SEVERAL.steps)[2]
    async with stripe_of(SEVERAL) as stripe:
        found = [event async for event in stripe.fetch_events(datetime.fromtimestamp(since, UTC))]
    assert {event["id"] for event in found} == {id for id, event in sent.items() if event["created"] >= since}
    assert [event["created"] for event in found] == sorted((event["created"] for event in found), reverse=True)
    assert all(orjson.loads(orjson.dumps(event)) == sent[event["id"]] for event in found)


@pytest.mark.parametrize("status", [400, 401, 429, 500, 501])
async def test_a_refusal_by_stripe_is_unavailable_and_never_quotes_the_key(status: int) -> None:
    async with serving(StripeServer()) as server:
        server.failing_with = status
        stripe = StripeApi(API_KEY, base_address=server.url)
        with pytest.raises(Unavailable, match=f"status {status}") as raised:
            await stripe.fetch_subscriptions("cus_1")
        await stripe.close()
    assert API_KEY not in str(raised.value)


async def test_a_stripe_that_cannot_be_reached_is_unavailable() -> None:
    stripe = StripeApi(API_KEY, base_address="http://127.0.0.1:9")
    with pytest.raises(Unavailable):
        await stripe.fetch_dispute("du_1")
    await stripe.close()

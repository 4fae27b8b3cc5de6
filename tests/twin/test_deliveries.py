"""Webhooks: signed as stripe-python verifies them, retried, and every kind of chaos."""

from itertools import pairwise
from typing import Any

import orjson
import pytest
import stripe

from tests.twin.lives import DAY, Shop
from twin.hooks.chaos import Chaos
from twin.hooks.deliveries import Delivery

URL = "https://example.test/hook"


def hooked(chaos: Chaos | None = None) -> tuple[Shop, str]:
    """A shop whose every event goes to one endpoint, and that endpoint's secret."""
    shop = Shop(chaos=chaos)
    made = shop.twin.call("POST /v1/webhook_endpoints", url=URL, enabled_events=["*"])
    return shop, made["secret"]


def drained(shop: Shop, days: float = 4) -> list[Delivery]:
    """All that is delivered within the days, every one of them taken."""
    found: list[Delivery] = []
    for _ in range(int(days * 24)):
        for delivery in shop.twin.take_deliveries():
            shop.twin.record(delivery, 200)
            found.append(delivery)
        shop.twin.advance(3600)
    return found


def test_the_sdk_takes_the_signature() -> None:
    shop, secret = hooked()
    shop.customer()
    [first, *_] = shop.twin.take_deliveries()
    at = shop.twin.now
    request = shop.twin.webhook(first, at)
    assert request is not None
    assert request.url == URL
    signature = request.headers["stripe-signature"]
    signature_of: Any = stripe.WebhookSignature
    verify = signature_of.verify_header
    assert verify(request.body.decode(), signature, secret, tolerance=None)
    for body, key in ((request.body + b" ", secret), (request.body, "whsec_other")):
        with pytest.raises(stripe.SignatureVerificationError):
            verify(body.decode(), signature, key, tolerance=None)
    assert orjson.loads(request.body)["type"] == "customer.created"


def test_in_quiet_each_event_comes_once_and_in_order() -> None:
    shop, _ = hooked()
    shop.subscribe(shop.customer())
    known = [event["id"] for event in shop.twin.events()][-12:]
    came = [each.event for each in drained(shop, 1)]
    assert [id for id in came if id in known] == known
    assert len(set(came)) == len(came)
    assert {event["pending_webhooks"] for event in shop.twin.events() if event["id"] in came} == {0}


def test_what_is_not_taken_comes_again_for_three_days() -> None:
    shop, _ = hooked()
    shop.customer(None)
    [event] = [event for event in shop.twin.events() if event["type"] == "customer.created"]
    begun, tries = shop.twin.now, list[float]()
    for _ in range(4 * 24 * 60):
        for delivery in shop.twin.take_deliveries():
            tries.append(shop.twin.now - begun)
            shop.twin.record(delivery, 500 if len(tries) % 2 else None)
        shop.twin.advance(60)
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert len(tries) > 8
    assert gaps == sorted(gaps)
    assert 2 * DAY < tries[-1] <= 3 * DAY
    assert shop.twin.call(f"GET /v1/events/{event['id']}")["pending_webhooks"] == 1
    missed = shop.twin.call("GET /v1/events", delivery_success=False, type="customer.created")["data"]
    assert [each["id"] for each in missed] == [event["id"]]


def test_only_what_an_endpoint_asks_for_reaches_it() -> None:
    shop = Shop()
    shop.twin.call("POST /v1/webhook_endpoints", url=URL, enabled_events=["invoice.paid"])
    shop.subscribe(shop.customer())
    types = {shop.twin.call(f"GET /v1/events/{each.event}")["type"] for each in drained(shop, 1)}
    assert types == {"invoice.paid"}


def test_chaos_duplicates_drops_and_reorders() -> None:
    shop, _ = hooked(Chaos(duplicate=0.5, drop=0.2, reorder=0.5, reorder_seconds=600))
    for _ in range(5):
        shop.subscribe(shop.customer())
    every = [event["id"] for event in shop.twin.events()]
    came = [each.event for each in drained(shop, 1)]
    made = [id for id in every if id in came]
    assert len(set(came)) < len(every[-70:])
    assert len(came) > len(set(came))
    assert list(dict.fromkeys(came)) != made


def test_a_burst_comes_in_one_second() -> None:
    shop, _ = hooked(Chaos(burst_seconds=600))
    shop.subscribe(shop.customer())
    assert shop.twin.take_deliveries() == []
    shop.twin.advance(600)
    burst = shop.twin.take_deliveries()
    assert len(burst) > 10
    assert len({each.at for each in burst}) == 1

"""Deliveries: at least once, in no promised order, retried for three days. https://docs.stripe.com/webhooks

Stripe does not publish its intervals; these grow as its documentation says they do.
"""

import hmac
from collections import deque
from dataclasses import dataclass, field
from heapq import heappop, heappush

import orjson

from twin.core.settings import DAY, HOUR
from twin.core.store import Object, shown
from twin.core.world import World
from twin.hooks.chaos import Chaos

RETRY_AFTER = (10, 60, 300, 1800, 2 * HOUR, 5 * HOUR, 10 * HOUR)
LATER = 12 * HOUR
GIVE_UP_AFTER = 3 * DAY
TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True, slots=True, order=True)
class Delivery:
    """One attempt, due at `at` of the twin's own time. `made` is when the event was made."""

    at: float
    number: int
    event: str
    endpoint: str
    attempt: int
    made: float


@dataclass(frozen=True, slots=True)
class Request:
    """What is POSTed."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Post:
    """The deliveries that wait, and what became of those that were made."""

    chaos: Chaos
    waiting: list[Delivery] = field(default_factory=list[Delivery])
    done: deque[tuple[Delivery, int | None]] = field(
        default_factory=lambda: deque[tuple[Delivery, int | None]](maxlen=10_000)
    )
    numbered: int = 0

    def plan(self, world: World) -> None:
        """Addresses the events that were made since the last time."""
        made, world.made = world.made, []
        endpoints = [each for each in world.store.of_kind("webhook_endpoint") if each["status"] == "enabled"]
        for event in made:
            taking = [each for each in endpoints if wants(each, event["type"])]
            if taking:
                world.store.replace(event | {"pending_webhooks": len(taking)})
            for endpoint in taking:
                if world.ids.uniform("drop") >= self.chaos.drop:
                    self._address(world, event, endpoint)

    def _address(self, world: World, event: Object, endpoint: Object) -> None:
        copies = 2 if world.ids.uniform("duplicate") < self.chaos.duplicate else 1
        for _ in range(copies):
            at = world.now + self.chaos.delay_seconds
            if world.ids.uniform("reorder") < self.chaos.reorder:
                at += world.ids.uniform("reorder_by") * self.chaos.reorder_seconds
            if self.chaos.burst_seconds:
                at = (at // self.chaos.burst_seconds + 1) * self.chaos.burst_seconds
            self._wait(at, event["id"], endpoint["id"], 1, world.now)

    def _wait(self, at: float, event: str, endpoint: str, attempt: int, made: float) -> None:
        self.numbered += 1
        heappush(self.waiting, Delivery(at, self.numbered, event, endpoint, attempt, made))

    def take(self, world: World) -> list[Delivery]:
        """Those that are due, in order; each is to be recorded."""
        due: list[Delivery] = []
        while self.waiting and self.waiting[0].at <= world.now:
            due.append(heappop(self.waiting))
        return due

    def record(self, world: World, delivery: Delivery, status: int | None) -> None:
        """What the endpoint answered; None for nothing in time. Anything but 2xx is tried again for three days."""
        self.done.append((delivery, status))
        if status is not None and 200 <= status < 300:
            event = world.store.objects.get(delivery.event)
            if event and event["pending_webhooks"]:
                world.store.replace(event | {"pending_webhooks": event["pending_webhooks"] - 1})
            return
        wait = RETRY_AFTER[delivery.attempt - 1] if delivery.attempt <= len(RETRY_AFTER) else LATER
        if world.now + wait <= delivery.made + GIVE_UP_AFTER:
            self._wait(world.now + wait, delivery.event, delivery.endpoint, delivery.attempt + 1, delivery.made)


def wants(endpoint: Object, type: str) -> bool:
    return "*" in endpoint["enabled_events"] or type in endpoint["enabled_events"]


def request_for(world: World, delivery: Delivery, at: float) -> Request | None:
    """The request of a delivery, signed as of `at`, the sender's clock; None when event or endpoint are gone."""
    event, endpoint = world.store.objects.get(delivery.event), world.store.objects.get(delivery.endpoint)
    if event is None or endpoint is None or endpoint["status"] != "enabled":
        return None
    body = orjson.dumps(shown(event))
    signature = signed(body, endpoint["_secret"], int(at))
    headers = {"content-type": "application/json; charset=utf-8", "stripe-signature": signature}
    return Request(endpoint["url"], headers | {"user-agent": "Stripe/1.0 (twin)"}, body)


def signed(body: bytes, secret: str, at: int) -> str:
    """https://docs.stripe.com/webhooks#verify-manually"""
    digest = hmac.digest(secret.encode(), str(at).encode() + b"." + body, "sha256").hex()
    return f"t={at},v1={digest}"

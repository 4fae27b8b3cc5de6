"""A Stripe made of objects in memory, in Stripe's own shape: for the demo, and wherever no Stripe is configured."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from billing.bought import is_given_back, payment_of, purchase_from
from billing.facts import links_of, pause_shown_by
from billing.objects import dispute_from, id_in, object_in, objects_in, subscription_from, time_in
from billing.state import Dispute, Kind, Link, Node, PauseFact, Purchase, Subscription


class StripeInMemory:
    """Implements `billing.ports.StripeGateway` and `StripeLists` over `objects`, which may be changed at any time."""

    def __init__(self, objects: Iterable[Mapping[str, Any]]) -> None:
        self.objects = {str(value["id"]): value for value in objects}

    async def fetch_subscriptions(self, customer_id: str) -> Sequence[Subscription]:
        found = [
            subscription_from(value) for value in self._all("subscription") if id_in(value, "customer") == customer_id
        ]
        return [subscription for subscription in found if subscription]

    async def fetch_dispute(self, dispute_id: str) -> Dispute | None:
        return dispute_from(self.objects.get(dispute_id, {}))

    async def fetch_purchase(self, purchase_id: str) -> Purchase | None:
        value = self.objects.get(purchase_id, {})
        lines = objects_in(value, "lines") or objects_in(value, "line_items")
        return purchase_from(value, lines, payment_of(value))

    async def fetch_refunded_charges(self, customer_id: str) -> frozenset[str]:
        own = [each for each in self._all("charge") if id_in(each, "customer") == customer_id]
        return frozenset(str(each["id"]) for each in own if is_given_back(each))

    async def fetch_pause(self, subscription_id: str, now: datetime) -> PauseFact | None:
        value = self.objects.get(subscription_id, {})
        return pause_shown_by(value, self.objects.get(id_in(value, "latest_invoice") or ""), now)

    async def fetch_links(self, node: Node) -> Sequence[Link]:
        holders = [value for value in self._all(node.kind) if value["id"] == node.id]
        if node.kind is Kind.PAYMENT_INTENT:
            payments = self._all("invoice_payment")
            holders += [each for each in payments if id_in(object_in(each, "payment"), "payment_intent") == node.id]
        return [link for value in holders for link in links_of(value)]

    async def fetch_events(self, since: datetime) -> AsyncGenerator[Mapping[str, Any]]:
        dated = [(at, event) for event in self._all("event") if (at := time_in(event, "created")) and at >= since]
        for _, event in sorted(dated, key=lambda each: each[0], reverse=True):
            yield event

    async def fetch_all_subscriptions(self) -> AsyncGenerator[Subscription]:
        for value in self._all("subscription"):
            if subscription := subscription_from(value):
                yield subscription

    def _all(self, kind: str) -> list[Mapping[str, Any]]:
        return [value for value in self.objects.values() if value.get("object") == kind]

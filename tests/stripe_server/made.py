"""Histories of our own making, of kinds that the recorded ones lack; what must be true follows from the objects.

`Making` writes one event after another in Stripe's shape, with the fields that matter, and says what is expected.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.stripe_server.history import History, Step, load_histories

PRICES = load_histories()[0].catalogue["prices"]
DAY = 86_400
START = 1_767_625_200
MONTH = 30 * DAY

Object = dict[str, Any]


@dataclass
class Making:
    """A history in the making, of customer `cus_1` and member `user_1`."""

    name: str
    now: int = START
    steps: list[Step] = field(default_factory=list[Step])
    subscriptions: dict[str, Object] = field(default_factory=dict[str, Object])
    features: frozenset[str] = frozenset()
    strict: frozenset[str] | None = None
    limits: Mapping[str, int] = field(default_factory=dict[str, int])

    def happen(self, type: str, subject: Object, previous: Object | None = None) -> None:
        """One event; the object is as it is now, later changes do not reach it."""
        data: Object = {"object": deepcopy(subject)}
        if previous is not None:
            data["previous_attributes"] = previous
        event = {
            "id": f"evt_{len(self.steps) + 1:04}",
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": self.now,
            "livemode": False,
            "type": type,
            "data": data,
        }
        if subject["object"] == "subscription":
            self.subscriptions[subject["id"]] = subject
        self.steps.append(Step(event, self._expected()))

    def _expected(self) -> Mapping[str, Any]:
        strict = self.features if self.strict is None else self.strict
        return {
            "subscriptions": {id: _shown(each) for id, each in self.subscriptions.items()},
            "entitlements": sorted(self.features),
            "entitlements_strict": sorted(strict),
            "limits": dict(self.limits),
        }

    def finished(self) -> History:
        model = load_histories()[0]
        return History(self.name, "cus_1", "user_1", model.catalogue, model.policy, tuple(self.steps))


def _shown(subscription: Object) -> Object:
    return {
        "status": subscription["status"],
        "cancel_at_period_end": subscription["cancel_at_period_end"],
        "pause_collection": subscription["pause_collection"] and subscription["pause_collection"]["behavior"],
        "current_period_end": max(item["current_period_end"] for item in subscription["items"]["data"]),
    }


def customer(member_id: str | None = "user_1") -> Object:
    metadata = {"user_id": member_id} if member_id else {}
    return {"id": "cus_1", "object": "customer", "created": START, "livemode": False, "metadata": metadata}


def item(id: str, lookup_key: str, period_end: int, quantity: int = 1) -> Object:
    price_id, price = next((id, price) for id, price in PRICES.items() if price["lookup_key"] == lookup_key)
    shown = {"id": price_id, "object": "price", "lookup_key": lookup_key, "product": price["product"]}
    ends = {"current_period_start": period_end - MONTH, "current_period_end": period_end}
    return {"id": id, "object": "subscription_item", "price": shown, "quantity": quantity, **ends}


def subscription(id: str, status: str, items: Sequence[Object], created: int, **more: Any) -> Object:
    return {
        "id": id,
        "object": "subscription",
        "customer": "cus_1",
        "status": status,
        "created": created,
        "livemode": False,
        "metadata": {},
        "cancel_at_period_end": False,
        "cancel_at": None,
        "canceled_at": None,
        "ended_at": None,
        "trial_end": None,
        "pause_collection": None,
        "items": {"object": "list", "data": list(items), "has_more": False},
        **more,
    }

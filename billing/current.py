"""A subscription as Stripe has it this moment, with what a change of it depends on. Pure: read from Stripe's JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from billing.model import Catalogue, Interval, Sold
from billing.objects import MaybeObject, id_in, object_in, objects_among, objects_in, subscription_from, text_in
from billing.state import ENDED, Subscription, SubscriptionItem
from billing.transitions import Standing


@dataclass(frozen=True, slots=True)
class Current:
    """`currency` in lower case. `intervals` by item id, where they are ours. `schedule` is Stripe's, None without one.

    `pending_invoice_id` is set while a change waits for that invoice's payment.
    """

    subscription: Subscription
    currency: str
    intervals: Mapping[str, Interval]
    schedule: Mapping[str, Any] | None = None
    pending_invoice_id: str | None = None
    discounts: tuple[str, ...] = ()
    payment_method_id: str | None = None

    @property
    def schedule_id(self) -> str | None:
        return text_in(self.schedule, "id")

    @property
    def scheduled_at(self) -> datetime | None:
        """When a phase begins that is still to come; a schedule in its last phase changes nothing any more."""
        now = object_in(self.schedule, "current_phase").get("start_date")
        starts = [phase.get("start_date") for phase in self.phases]
        later = [at for at in starts if isinstance(at, int) and isinstance(now, int) and at > now]
        return datetime.fromtimestamp(min(later), UTC) if later else None

    @property
    def phases(self) -> list[Mapping[str, Any]]:
        return objects_among((self.schedule or {}).get("phases"))

    @property
    def standing(self) -> Standing:
        subscription = self.subscription
        return Standing(
            subscription.status,
            ending=subscription.ending_at is not None,
            paused=subscription.pause_behavior is not None,
            scheduled=self.scheduled_at is not None,
            pending=self.pending_invoice_id is not None,
        )

    def sold(self, catalogue: Catalogue) -> list[tuple[SubscriptionItem, Sold]]:
        """Its items that the catalogue knows."""
        found = [
            (item, catalogue.find_sold(price_id=item.price_id, lookup_key=item.lookup_key, product_id=item.product_id))
            for item in self.subscription.items
        ]
        return [(item, sold) for item, sold in found if sold is not None]


def current_from(value: MaybeObject) -> Current | None:
    """What Stripe answers for a subscription, its schedule expanded. None when it is no subscription."""
    subscription = subscription_from(value)
    if subscription is None or value is None:
        return None
    schedule = object_in(value, "schedule")
    intervals = {str(item.get("id")): _interval(item) for item in objects_in(value, "items")}
    return Current(
        subscription,
        text_in(value, "currency") or "usd",
        {id: interval for id, interval in intervals.items() if interval},
        schedule if text_in(schedule, "status") in ("active", "not_started") else None,
        id_in(value, "latest_invoice") if object_in(value, "pending_update") else None,
        tuple(id for id in map(_id, value.get("discounts") or ()) if id),
        id_in(value, "default_payment_method"),
    )


def main_of(values: Iterable[MaybeObject]) -> Current | None:
    """Of a member's subscriptions: one that has not ended before one that has, then the latest."""
    return max((found for value in values if (found := current_from(value))), key=_order, default=None)


def _order(current: Current) -> tuple[object, ...]:
    subscription = current.subscription
    return (subscription.status not in ENDED, subscription.created_at, subscription.id)


def _id(value: str | MaybeObject) -> str | None:
    return value if isinstance(value, str) else text_in(value, "id")


def _interval(item: Mapping[str, Any]) -> Interval | None:
    """Where it is one that the catalogue can say; every three months is not."""
    recurring = object_in(object_in(item, "price"), "recurring")
    word, count = text_in(recurring, "interval"), recurring.get("interval_count", 1)
    return Interval(word) if word in (Interval.MONTH, Interval.YEAR) and count == 1 else None

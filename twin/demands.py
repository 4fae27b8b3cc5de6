"""What a shop's rules demand of the twin's true state: read off its log alone, line by line.

Made to judge others by: it knows nothing but the log and the rules, and asks nobody. Moments are the twin's own time.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from twin.core.settings import DAY
from twin.core.store import Object, inside

OPEN_DISPUTES = ("needs_response", "under_review")
CLOSED_INVOICES = ("paid", "void", "uncollectible")


@dataclass(frozen=True, slots=True)
class Rules:
    """`features` and `limits` (for each one bought) go by the lookup key of a price.

    In `grace`, a subscription gives until `ends_after_days` from the first failed payment of its oldest open invoice,
    and what is among `writing` until `writing_ends_after_days`. Paused by one of `until_period_end`, it gives until
    the period ends that ran when it was paused. With nobody to charge, a trial gives until its end where that is to
    be one of `trial_ends_it`. An open dispute suspends the customer, a lost one its subscription.
    """

    features: Mapping[str, Collection[str]]
    limits: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    granting: Collection[str] = ("trialing", "active")
    grace: Collection[str] = ("past_due",)
    ends_after_days: int = 7
    writing_ends_after_days: int = 5
    writing: Collection[str] = ()
    until_period_end: Collection[str] = ("void",)
    trial_ends_it: Collection[str] = ("cancel", "pause")


@dataclass(frozen=True, slots=True)
class Demand:
    """A feature to be held, or (`amount`) a limit to be raised, for a subscription, before `until` (None: ever)."""

    name: str
    subscription: str
    until: int | None
    amount: int | None = None


Demands = frozenset[Demand]
NOTHING: Demands = frozenset()
Suspended = frozenset[str]
"""Ids of subscriptions that give nothing."""
NONE: Suspended = frozenset()
ALL: Suspended = frozenset({"*"})


def left_of(demands: Demands, suspended: Suspended) -> Demands:
    return NOTHING if suspended == ALL else frozenset(each for each in demands if each.subscription not in suspended)


def held_at(demands: Iterable[Demand], moment: float) -> frozenset[str]:
    """The features demanded when the clock shows `moment`."""
    return frozenset(
        each.name for each in demands if each.amount is None and (each.until is None or moment < each.until)
    )


@dataclass(slots=True)
class Book:
    """What the log has said of one customer so far."""

    payer: str | None = None
    """The payment method that the customer is charged by where a subscription names none."""
    subscriptions: dict[str, Object] = field(default_factory=dict[str, Object])
    paused_until: dict[str, int] = field(default_factory=dict[str, int])
    failed: dict[str, int] = field(default_factory=dict[str, int])
    """By invoice, when its payment first failed; not for the first invoice of a subscription."""
    invoices: dict[str, Object] = field(default_factory=dict[str, Object])
    closed: set[str] = field(default_factory=set[str])
    paid_by: dict[str, str] = field(default_factory=dict[str, str])
    """Invoices by payment intent."""
    disputes: dict[str, Object] = field(default_factory=dict[str, Object])

    def note(self, version: Object) -> None:
        id: str = version["id"]
        match version["object"]:
            case "subscription":
                self._note_pause(id, version)
                self.subscriptions[id] = version
            case "customer":
                self.payer = inside(version, "invoice_settings", "default_payment_method")
            case "invoice":
                self.invoices[id] = version
                if version["status"] in CLOSED_INVOICES:
                    self.closed.add(id)
            case "invoice_payment":
                self.paid_by[version["payment"].get("payment_intent") or ""] = version["invoice"]
            case "dispute":
                self.disputes[id] = version
            case _:  # an event that a payment failed
                invoice = version["data"]["object"]
                if invoice["billing_reason"] != "subscription_create":
                    self.failed.setdefault(invoice["id"], version["created"])

    def _note_pause(self, id: str, version: Object) -> None:
        before = inside(self.subscriptions.get(id), "pause_collection")
        if version["pause_collection"] is None:
            self.paused_until.pop(id, None)
        elif before is None:
            self.paused_until[id] = period_end(version)

    def demands(self, rules: Rules) -> Demands:
        """By the subscriptions alone."""
        found: set[Demand] = set()
        for version in self.subscriptions.values():
            if version["status"] in (*rules.granting, *rules.grace):
                found |= self._given(version, rules)
        return frozenset(found)

    def suspended(self) -> Suspended:
        """What disputes take away."""
        if any(each["status"] in OPEN_DISPUTES for each in self.disputes.values()):
            return ALL
        lost = (self._disputed(each) for each in self.disputes.values() if each["status"] == "lost")
        return frozenset(id for id in lost if id)

    def _disputed(self, dispute: Object) -> str | None:
        invoice = self.invoices.get(self.paid_by.get(dispute["payment_intent"] or "", ""))
        return subscription_of(invoice) if invoice else None

    def _given(self, version: Object, rules: Rules) -> set[Demand]:
        id: str = version["id"]
        ends = [ending_at(version), self._trial_ending(version, rules)]
        if inside(version, "pause_collection", "behavior") in rules.until_period_end:
            ends.append(self.paused_until[id])
        writing_ends = list(ends)
        if version["status"] in rules.grace and (since := self._failing_since(id)) is not None:
            ends.append(since + rules.ends_after_days * DAY)
            writing_ends.append(since + rules.writing_ends_after_days * DAY)
        until, writing_until = earliest(ends), earliest([*ends, *writing_ends])
        found: set[Demand] = set()
        for item in version["items"]["data"]:
            key: str = item["price"]["lookup_key"] or ""
            for name in rules.features.get(key, ()):
                found.add(Demand(name, id, writing_until if name in rules.writing else until))
            for name, each in rules.limits.get(key, {}).items():
                found.add(Demand(name, id, until, each * (item.get("quantity") or 0)))
        return found

    def _trial_ending(self, version: Object, rules: Rules) -> int | None:
        end = inside(version, "trial_settings", "end_behavior", "missing_payment_method")
        ends_it = version["status"] == "trialing" and end in rules.trial_ends_it
        return version["trial_end"] if ends_it and not (version["default_payment_method"] or self.payer) else None

    def _failing_since(self, subscription: str) -> int | None:
        owed = self.failed.keys() - self.closed
        return min((self.failed[each] for each in owed if self._is_of(each, subscription)), default=None)

    def _is_of(self, invoice: str, subscription: str) -> bool:
        return subscription_of(self.invoices[invoice]) == subscription


def subscription_of(invoice: Object) -> str | None:
    return inside(invoice, "parent", "subscription_details", "subscription")


def period_end(subscription: Object) -> int:
    return max(item["current_period_end"] for item in subscription["items"]["data"])


def ending_at(subscription: Object) -> int | None:
    """When a cancellation that was asked for takes effect."""
    return subscription["cancel_at"] or (period_end(subscription) if subscription["cancel_at_period_end"] else None)


def earliest(moments: Iterable[int | None]) -> int | None:
    return min((each for each in moments if each is not None), default=None)

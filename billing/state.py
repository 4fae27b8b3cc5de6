"""What we know of a Stripe customer, as values: subscriptions and disputes as fetched, facts as events prove them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

ENDED = frozenset({"canceled", "incomplete_expired"})
"""Statuses that no subscription id ever leaves."""


@dataclass(frozen=True, slots=True)
class SubscriptionItem:
    """`quantity` is None where usage is metered."""

    id: str
    price_id: str
    lookup_key: str | None
    product_id: str
    quantity: int | None
    current_period_end: datetime | None


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """What a subscription is charged to: its kind (`card`, `sepa_debit`), and of cards when they expire. No card data.

    `expires_at` is the first instant at which a card is not valid any more.
    """

    id: str
    kind: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """Stripe's subscription, as far as access depends on it. `status` is Stripe's; items are in id order.

    `pause_behavior` is set while collection is paused, which leaves the status as it is. `ends_with_trial`: nothing
    can be charged at its trial's end, which will then cancel or pause it. `country` is of the customer's address, ISO
    3166-1 alpha-2.
    """

    id: str
    customer_id: str
    status: str
    created_at: datetime
    items: tuple[SubscriptionItem, ...]
    cancel_at_period_end: bool = False
    cancel_at: datetime | None = None
    canceled_at: datetime | None = None
    ended_at: datetime | None = None
    trial_end: datetime | None = None
    pause_behavior: str | None = None
    metadata: Mapping[str, str] | None = None
    payment_method: PaymentMethod | None = None
    ends_with_trial: bool = False
    country: str | None = None

    @property
    def current_period_end(self) -> datetime | None:
        """The latest of the items' period ends; they differ where intervals are mixed."""
        return max((item.current_period_end for item in self.items if item.current_period_end), default=None)

    @property
    def ending_at(self) -> datetime | None:
        """When a cancellation already asked for takes effect; None when it renews."""
        return self.cancel_at or (self.current_period_end if self.cancel_at_period_end else None)


@dataclass(frozen=True, slots=True)
class PurchasedItem:
    """What one line of a purchase was for."""

    price_id: str
    lookup_key: str | None
    product_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Purchase:
    """What was paid for once: by an invoice or a Checkout Session, whose id this is. `refunded`: all of it.

    `charge_id` and `payment_intent_id` are what it was paid by, None where nothing was to be paid.
    """

    id: str
    customer_id: str
    bought_at: datetime
    items: tuple[PurchasedItem, ...]
    payment_intent_id: str | None = None
    charge_id: str | None = None
    refunded: bool = False


@dataclass(frozen=True, slots=True)
class Dispute:
    """A chargeback. `subscription_id` is where the disputed charge came from, None when from none or not known."""

    id: str
    status: str
    created_at: datetime
    charge_id: str | None
    payment_intent_id: str | None
    subscription_id: str | None = None


class Kind(StrEnum):
    """Stripe objects on the way from a dispute to its customer and subscription, and others that lead to a customer.

    A purchase has the id of the invoice or Checkout Session that it was made by.
    """

    CUSTOMER = "customer"
    SUBSCRIPTION = "subscription"
    INVOICE = "invoice"
    PAYMENT_INTENT = "payment_intent"
    CHARGE = "charge"
    DISPUTE = "dispute"
    PAYMENT_METHOD = "payment_method"
    PURCHASE = "purchase"


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """One Stripe object, named."""

    kind: Kind
    id: str


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """`child` came from `parent`. Such a link never changes, so the set of links known only grows."""

    child: Node
    parent: Node


class PauseStep(StrEnum):
    PAUSED = "paused"
    RESUMED = "resumed"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True, order=True)
class PauseFact:
    """What one event proves about a pause of collection, or an invoice where no event has come.

    `period_end`: of PAUSED, the end of the period in force then; of VOIDED, the start of the period that was voided;
    of RESUMED, None.
    """

    subscription_id: str
    step: PauseStep
    occurred_at: datetime
    period_end: datetime | None


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """An act that linked `customer_id` to `member_id` (None: that took the link away).

    `claimed_at` is when the link was made, `seen_at` when the object that shows it was written; a later event that
    merely still carries the link has an old `claimed_at`.
    """

    customer_id: str
    claimed_at: datetime
    seen_at: datetime
    source: str
    member_id: str | None

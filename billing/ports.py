"""What billing asks of Stripe, and of whoever keeps the number of requests to it within bounds."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from billing.state import Dispute, Link, Node, PauseFact, Purchase, Subscription
from errors import Unavailable

Json = Mapping[str, Any]


class Refused(Unavailable):
    """Stripe understood the request and refuses it.

    `stripe_code` is Stripe's word for why, `decline_code` the bank's; empty if there is none. `said` is its sentence.
    """

    def __init__(self, message: str, stripe_code: str, status: int, decline_code: str = "") -> None:
        super().__init__(f"Stripe refuses ({stripe_code or status}): {message}")
        self.said = message
        self.stripe_code = stripe_code
        self.status = status
        self.decline_code = decline_code


class Ask(Protocol):
    """One request to Stripe, as `get`, `/v1/products/x`: its answer, None for what is not there.

    Raises Refused when Stripe understands and refuses, errors.Unavailable when it does not answer as it should.
    """

    async def __call__(
        self, method: str, path: str, parameters: Json | None = None, *, idempotency_key: str | None = None
    ) -> Json | None: ...


class StripeGateway(Protocol):
    """Reads only. Each raises errors.Unavailable when Stripe does not answer, or not as it should."""

    async def fetch_subscriptions(self, customer_id: str) -> Sequence[Subscription]:
        """All of the customer's subscriptions, of every status, from every page; none for a customer unknown there."""
        ...

    async def fetch_dispute(self, dispute_id: str) -> Dispute | None:
        """None when Stripe has no such dispute."""
        ...

    async def fetch_purchase(self, purchase_id: str) -> Purchase | None:
        """What a paid invoice or Checkout Session sold once, refunds left aside; None when it is not there, or no such.

        What it says never changes again.
        """
        ...

    async def fetch_refunded_charges(self, customer_id: str) -> frozenset[str]:
        """Ids of the customer's charges of which all was given back."""
        ...

    async def fetch_pause(self, subscription_id: str, now: datetime) -> PauseFact | None:
        """What the latest invoice of a paused subscription proves of the pause that stands `now`; None if nothing."""
        ...

    async def fetch_links(self, node: Node) -> Sequence[Link]:
        """What Stripe says `node` came from, one step up; empty for what it does not know."""
        ...


class StripeLists(Protocol):
    """The whole account, page by page. Raises errors.Unavailable as above, also half-way."""

    def fetch_events(self, since: datetime) -> AsyncGenerator[Mapping[str, Any]]:
        """Every event created at `since` or later that Stripe still has (30 days), as JSON, the latest first."""
        ...

    def fetch_all_subscriptions(self) -> AsyncGenerator[Subscription]:
        """Every subscription of the account, of every status."""
        ...


class Replay(Protocol):
    async def __call__(self, body: bytes) -> None:
        """Reads a stored event anew: what it proves, and whose customers are to be synced. Raises BadInput."""
        ...


class Budget(Protocol):
    """How many requests a second may go to Stripe, from all processes together."""

    async def take(self) -> None:
        """Returns when one more request may be sent, at once or after waiting. Raises errors.Unavailable."""
        ...

    async def cool_down(self, seconds: float) -> None:
        """Stripe has said that it was too much: nobody sends anything for so long."""
        ...

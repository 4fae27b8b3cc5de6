"""What billing asks of Stripe."""

from collections.abc import Sequence
from typing import Protocol

from billing.state import Dispute, Link, Node, Subscription


class StripeGateway(Protocol):
    """Reads only. Each raises errors.Unavailable when Stripe does not answer, or not as it should."""

    async def fetch_subscriptions(self, customer_id: str) -> Sequence[Subscription]:
        """All of the customer's subscriptions, of every status, from every page; none for a customer unknown there."""
        ...

    async def fetch_dispute(self, dispute_id: str) -> Dispute | None:
        """None when Stripe has no such dispute."""
        ...

    async def fetch_links(self, node: Node) -> Sequence[Link]:
        """What Stripe says `node` came from, one step up; empty for what it does not know."""
        ...

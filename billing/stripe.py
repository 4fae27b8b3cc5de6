"""Stripe over its own client: the only module that asks Stripe for anything."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx
import orjson
import stripe
from stripe.params import (
    ChargeListParams,
    EventListParams,
    InvoicePaymentListParams,
    SubscriptionItemListParams,
    SubscriptionListParams,
)

from billing.bought import is_given_back, payment_of, purchase_from
from billing.facts import links_of, pause_shown_by
from billing.objects import PAYERS, dispute_from, is_object, object_in, subscription_from, text_in
from billing.ports import Budget, Refused
from billing.state import Dispute, Kind, Link, Node, PauseFact, Purchase, Subscription
from errors import Unavailable

Json = Mapping[str, Any]

PAGE_SIZE = 100
WITH_PAYERS = tuple(".".join(("data", *way, name)) for way, name in PAYERS)
TIMEOUT_SECONDS = 10.0
TOO_MANY = 429


class StripeApi:
    """Implements `billing.ports.StripeGateway` and `StripeLists`.

    Each request waits at most `timeout_seconds` and is tried once: the queue behind a sync does the retrying. Each
    page is a request, and none is sent before `budget` allows it.
    """

    def __init__(
        self,
        api_key: str,
        *,
        base_address: str | None = None,
        page_size: int = PAGE_SIZE,
        budget: Budget | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """`base_address` stands in for api.stripe.com where given; no `budget` is no bound, for tests."""
        self._page_size = page_size
        self._http = _Http(budget, timeout_seconds)
        self._client = stripe.StripeClient(
            api_key,
            http_client=self._http,
            base_addresses={"api": base_address} if base_address else None,
            max_network_retries=0,
        )

    async def fetch_subscriptions(self, customer_id: str) -> Sequence[Subscription]:
        query: SubscriptionListParams = {"customer": customer_id, **self._subscriptions()}
        found: list[Subscription | None] = []
        async with _unavailable(), _absent_is_nothing(), _unknown_is_nothing():
            first = await self._client.v1.subscriptions.list_async(query)
            async for subscription in first.auto_paging_iter():
                found.append(await self._whole(subscription.to_dict()))  # noqa: PERF401 - it waits
        return [subscription for subscription in found if subscription]

    async def fetch_all_subscriptions(self) -> AsyncGenerator[Subscription]:
        query = self._subscriptions()
        async with _unavailable():
            first = await self._client.v1.subscriptions.list_async(query)
            async for value in first.auto_paging_iter():
                if subscription := await self._whole(value.to_dict()):
                    yield subscription

    def _subscriptions(self) -> SubscriptionListParams:
        return {"status": "all", "limit": self._page_size, "expand": list(WITH_PAYERS)}

    async def fetch_events(self, since: datetime) -> AsyncGenerator[Mapping[str, Any]]:
        query: EventListParams = {"created": {"gte": int(since.timestamp())}, "limit": self._page_size}
        async with _unavailable():
            first = await self._client.v1.events.list_async(query)
            async for event in first.auto_paging_iter():
                yield event.to_dict(for_json=True)

    async def _whole(self, value: Mapping[str, Any]) -> Subscription | None:
        """With all its items, of which Stripe shows only the first."""
        more = object_in(value, "items").get("has_more")
        return subscription_from(value, await self._items(str(value["id"])) if more else None)

    async def _items(self, subscription_id: str) -> list[Mapping[str, Any]]:
        query: SubscriptionItemListParams = {"subscription": subscription_id, "limit": self._page_size}
        first = await self._client.v1.subscription_items.list_async(query)
        return [item.to_dict() async for item in first.auto_paging_iter()]

    async def fetch_dispute(self, dispute_id: str) -> Dispute | None:
        async with _unavailable(), _absent_is_nothing():
            return dispute_from((await self._client.v1.disputes.retrieve_async(dispute_id)).to_dict())
        return None

    async def fetch_purchase(self, purchase_id: str) -> Purchase | None:
        async with _unavailable(), _absent_is_nothing():
            value, lines = await (self._session if purchase_id.startswith("cs_") else self._invoice)(purchase_id)
            return purchase_from(value, lines, payment_of(value))
        return None

    async def _invoice(self, id: str) -> tuple[Json, list[Json]]:
        v1, prices = self._client.v1, "data.pricing.price_details.price"
        value = await v1.invoices.retrieve_async(id, {"expand": ["payments.data.payment.payment_intent"]})
        lines = await v1.invoices.line_items.list_async(id, {"limit": self._page_size, "expand": [prices]})
        return value.to_dict(), [line.to_dict() async for line in lines.auto_paging_iter()]

    async def _session(self, id: str) -> tuple[Json, list[Json]]:
        sessions = self._client.v1.checkout.sessions
        value = await sessions.retrieve_async(id, {"expand": ["payment_intent"]})
        lines = await sessions.line_items.list_async(id, {"limit": self._page_size})
        return value.to_dict(), [line.to_dict() async for line in lines.auto_paging_iter()]

    async def fetch_refunded_charges(self, customer_id: str) -> frozenset[str]:
        query: ChargeListParams = {"customer": customer_id, "limit": self._page_size}
        async with _unavailable(), _absent_is_nothing(), _unknown_is_nothing():
            first = await self._client.v1.charges.list_async(query)
            return frozenset([each.id async for each in first.auto_paging_iter() if is_given_back(each.to_dict())])
        return frozenset()

    async def fetch_pause(self, subscription_id: str, now: datetime) -> PauseFact | None:
        async with _unavailable(), _absent_is_nothing():
            retrieved = await self._client.v1.subscriptions.retrieve_async(
                subscription_id, {"expand": ["latest_invoice"]}
            )
            value = retrieved.to_dict()
            return pause_shown_by(value, value.get("latest_invoice"), now)
        return None

    async def fetch_links(self, node: Node) -> Sequence[Link]:
        async with _unavailable(), _absent_is_nothing():
            return [link for value in await self._holders(node) for link in links_of(value)]
        return []

    async def _holders(self, node: Node) -> list[Mapping[str, Any]]:
        """The objects that say what `node` came from."""
        v1 = self._client.v1
        match node.kind:
            case Kind.DISPUTE:
                return [(await v1.disputes.retrieve_async(node.id)).to_dict()]
            case Kind.CHARGE:
                return [(await v1.charges.retrieve_async(node.id)).to_dict()]
            case Kind.PAYMENT_INTENT:
                intent = await v1.payment_intents.retrieve_async(node.id)
                query: InvoicePaymentListParams = {
                    "payment": {"type": "payment_intent", "payment_intent": node.id},
                    "limit": self._page_size,
                }
                payments = await v1.invoice_payments.list_async(query)
                return [intent.to_dict(), *[payment.to_dict() async for payment in payments.auto_paging_iter()]]
            case Kind.INVOICE:
                return [(await v1.invoices.retrieve_async(node.id)).to_dict()]
            case Kind.SUBSCRIPTION:
                return [(await v1.subscriptions.retrieve_async(node.id)).to_dict()]
            case Kind.CUSTOMER | Kind.PAYMENT_METHOD | Kind.PURCHASE:
                return []

    async def ask(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Mapping[str, Any] | None:
        """One request, such as `get /v1/products/x`, by Stripe's own parameters; None for what is not there.

        Raises Refused when Stripe understands and refuses, Unavailable when it does not answer as it should.
        """
        given = dict(parameters or {}) | ({"idempotency_key": idempotency_key} if idempotency_key else {})
        client: Any = self._client  # this method is not wholly typed
        async with _unavailable(), _refusals(), _absent_is_nothing():
            answer = await client.raw_request_async(method, path, **given)
            return dict(orjson.loads(answer.body))
        return None

    async def close(self) -> None:
        """Closes the connections to Stripe."""
        await self._http.close_async()


class _Http(stripe.HTTPXClient):
    """Asks the budget before each request, and tells it when Stripe says that it was too much."""

    def __init__(self, budget: Budget | None, timeout_seconds: float) -> None:
        plain: Any = super()  # not wholly typed
        plain.__init__(timeout=timeout_seconds)
        self._budget = budget
        # Its own way of sending a body is one that httpx warns about.
        self._connections = httpx.AsyncClient(timeout=timeout_seconds)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        if self._budget:
            await self._budget.take()
        answer = await self._connections.request(method, url, headers=dict(headers), content=post_data)
        if answer.status_code == TOO_MANY and self._budget:
            await self._budget.cool_down(_retry_after(answer.headers))
        return answer.content, answer.status_code, answer.headers

    async def close_async(self) -> None:
        await self._connections.aclose()


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds; at least one, at most a minute, whatever Stripe says."""
    said = headers.get("retry-after") or ""
    return min(60.0, max(1.0, float(said))) if said.isdecimal() else 1.0


@asynccontextmanager
async def _unavailable() -> AsyncGenerator[None]:
    """Whatever keeps Stripe from answering becomes Unavailable; the message never quotes the key or an object."""
    try:
        yield
    except stripe.StripeError as fault:
        kind = type(fault).__name__
        raise Unavailable(f"Stripe does not answer as it should ({kind}, status {fault.http_status}).") from fault
    except (httpx.HTTPError, OSError, TimeoutError) as fault:
        raise Unavailable(f"Stripe cannot be reached ({type(fault).__name__}).") from fault


@asynccontextmanager
async def _refusals() -> AsyncGenerator[None]:
    """What Stripe refuses with a reason for the caller: a card declined, a parameter wrong, a key used otherwise."""
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError, stripe.IdempotencyError) as fault:
        message = fault.user_message or str(fault)
        raise Refused(message, fault.code or "", fault.http_status or 400, _decline_code(fault)) from fault


def _decline_code(fault: stripe.StripeError) -> str:
    return text_in(object_in(fault.json_body if is_object(fault.json_body) else None, "error"), "decline_code") or ""


@asynccontextmanager
async def _unknown_is_nothing() -> AsyncGenerator[None]:
    """For lists of a customer's: one who is unknown or deleted has nothing, which Stripe says by 400 instead of 404."""
    try:
        yield
    except stripe.InvalidRequestError as fault:
        if fault.code != "resource_missing":
            raise


@asynccontextmanager
async def _absent_is_nothing() -> AsyncGenerator[None]:
    """A 404 for what was asked is an answer, not a fault."""
    try:
        yield
    except stripe.InvalidRequestError as fault:
        if fault.http_status != 404:
            raise

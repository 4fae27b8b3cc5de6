"""Gatehouse's Stripe side put together for tests: the real endpoint, worker and gateway over the test server."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import orjson
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message

from billing.model import Catalogue
from billing.stripe import StripeApi
from billing.sync import Syncing
from errors import GatehouseError
from gating.model import Snapshot
from gating.postgres import PostgresSnapshots
from storage.database import Database, connect
from telemetry import Metrics
from tests.clock import FixedClock
from tests.stripe_server.history import Step
from tests.stripe_server.server import API_KEY
from web.problems import on_gatehouse_error
from webhooks.backfill import Backfill
from webhooks.endpoint import webhook_route
from webhooks.handlers import HANDLERS
from webhooks.inbox import Inbox
from webhooks.signature import signed_header
from webhooks.worker import Worker

SECRET = b"whsec_of_the_tests"
MEMBER_KEY = "user_id"


class Served(Protocol):
    """A Stripe that answers at an address: the test server, or the twin."""

    @property
    def url(self) -> str: ...


@dataclass(frozen=True)
class Gatehouse:
    """One web process and one worker, in this process."""

    app: Starlette
    worker: Worker
    syncing: Syncing
    clock: FixedClock
    metrics: Metrics
    backfill: Backfill

    @property
    def database(self) -> Database:
        return self.syncing.database

    async def deliver(self, step: Step) -> None:
        """As Stripe does: signed now, and answered with 200."""
        body = orjson.dumps(step.event)
        status = await post(self.app, body, signed_header(body, [SECRET], self.clock.now()))
        assert status == 200, f"{step.id}: {status}"

    async def deliver_all(self, steps: Iterable[Step], at_once: int = 20) -> None:
        """In this order, but `at_once` on their way at the same time."""
        every = list(steps)
        for start in range(0, len(every), at_once):
            await asyncio.gather(*map(self.deliver, every[start : start + at_once]))

    async def snapshot_of(self, member_id: str) -> Snapshot:
        return await PostgresSnapshots(self.database).get_snapshot(member_id)


@asynccontextmanager
async def gatehouse(
    database: Database, server: Served, catalogue: Catalogue, clock: FixedClock, *, page_size: int = 1
) -> AsyncGenerator[Gatehouse]:
    # A machine busy with other tests must not put work off: what is shown here is not how long anything takes.
    patient = connect(database.dsn)
    stripe = StripeApi(API_KEY, base_address=server.url, page_size=page_size)
    whole = StripeApi(API_KEY, base_address=server.url)
    syncing = Syncing(patient, stripe, catalogue, clock, MEMBER_KEY)
    metrics = Metrics()
    inbox = Inbox(patient, clock, HANDLERS, metrics, member_key=MEMBER_KEY, livemode=False)
    app = Starlette(
        routes=[webhook_route(inbox, clock, [SECRET])], exception_handlers={GatehouseError: on_gatehouse_error}
    )
    try:
        backfill = Backfill(patient, whole, inbox, clock)
        yield Gatehouse(app, Worker(syncing), syncing, clock, metrics, backfill)
    finally:
        await stripe.close()
        await whole.close()
        await patient.close()


async def post(app: ASGIApp, body: bytes, signature: bytes) -> int:
    """The status of one delivery, straight through ASGI: an HTTP client would take longer than all that it calls."""
    headers = [(b"stripe-signature", signature), (b"content-type", b"application/json")]
    path = {"path": "/webhooks/stripe", "raw_path": b"/webhooks/stripe", "query_string": b"", "root_path": ""}
    scope = {"type": "http", "method": "POST", "http_version": "1.1", "scheme": "http", "headers": headers, **path}
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


ROWS = {
    "subscription": "SELECT * FROM subscription WHERE customer_id = ANY(:ids) ORDER BY id",
    "dispute": "SELECT * FROM dispute WHERE customer_id = ANY(:ids) ORDER BY id",
    "linked": "SELECT customer_id, member_id FROM customer_sync WHERE customer_id = ANY(:ids)",
    "grants": "SELECT * FROM entitlement_grant WHERE owner = ANY(:owners) ORDER BY feature, source, source_id, ends_at",
    "limits": "SELECT * FROM limit_grant WHERE owner = ANY(:owners) ORDER BY name, value, source, source_id, ends_at",
}


async def final_rows(database: Database, customer_id: str, suffix: str = "") -> bytes:
    """Everything we hold of a customer that must not depend on how its events came, without the ids' suffix."""
    names = {"ids": [customer_id], "owners": [f"stripe:{customer_id}"]}
    async with database.transaction() as connection:
        results = {table: await connection.execute(text(query), names) for table, query in ROWS.items()}
        rows = {table: [dict(row) for row in result.mappings()] for table, result in results.items()}
    written = orjson.dumps(rows, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)
    return written.replace(suffix.encode(), b"") if suffix else written

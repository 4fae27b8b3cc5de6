"""The webhook endpoint: signed events are stored once; whatever else comes is refused alike, and nothing is a 500."""

import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from asgi import Reply
from billing.events import list_events
from errors import GatehouseError
from storage.database import Database, connect
from telemetry import Metrics
from tests.clock import FixedClock
from web.problems import on_gatehouse_error
from web.requests import RequestLog
from web.routes import direct_routes
from webhooks.endpoint import LARGEST_BODY, REFUSED, webhook_route
from webhooks.handlers import HANDLERS
from webhooks.inbox import Inbox
from webhooks.signature import signed_header

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRETS = (b"whsec_new", b"whsec_old")


def event(**changes: Any) -> dict[str, Any]:
    subject = {"id": "sub_1", "object": "subscription", "customer": "cus_1", "status": "active"}
    whole = {"id": "evt_1", "object": "event", "created": 1, "livemode": False, "type": "customer.subscription.updated"}
    return {**whole, "data": {"object": subject}, **changes}


@asynccontextmanager
async def endpoint(
    database: Database, secrets: tuple[bytes, ...] = SECRETS, metrics: Metrics | None = None
) -> AsyncGenerator[httpx.AsyncClient]:
    clock = FixedClock(NOW)
    inbox = Inbox(database, clock, HANDLERS, metrics or Metrics(), member_key="member_id", livemode=False)
    app = Starlette(
        routes=[webhook_route(inbox, clock, secrets)], exception_handlers={GatehouseError: on_gatehouse_error}
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gatehouse") as client:
        yield client


async def send(client: httpx.AsyncClient, body: bytes, header: bytes | None = None) -> httpx.Response:
    signed = signed_header(body, SECRETS[:1], NOW) if header is None else header
    return await client.post("/webhooks/stripe", content=body, headers=[(b"stripe-signature", signed)])


async def stored(database: Database) -> list[str]:
    return [each.id for each in await list_events(database, limit=1000)]


async def dirty(database: Database) -> dict[str, int]:
    rows = await database.fetch("SELECT customer_id, dirty FROM customer_sync")
    return {row.customer_id: row.dirty for row in rows}


async def test_a_signed_event_is_stored_and_its_customer_marked_once_however_often_it_comes(database: Database) -> None:
    metrics = Metrics()
    async with endpoint(database, metrics=metrics) as client:
        for _again in range(3):
            assert (await send(client, orjson.dumps(event()))).status_code == 200
    assert await stored(database) == ["evt_1"]
    assert await dirty(database) == {"cus_1": 1}
    assert metrics.registry.get_sample_value("gatehouse_inbox_events_total", {"outcome": "duplicate"}) == 2


async def test_the_body_is_kept_byte_for_byte(database: Database) -> None:
    body = b' {"unknown": "\\u0000",' + orjson.dumps(event())[1:]
    async with endpoint(database) as client:
        assert (await send(client, body)).status_code == 200
    [row] = await database.fetch("SELECT body FROM stripe_event")
    assert row.body.encode() == body


async def test_an_event_of_a_type_that_nobody_hears_is_stored_and_counted(database: Database) -> None:
    metrics = Metrics()
    async with endpoint(database, metrics=metrics) as client:
        assert (await send(client, orjson.dumps(event(type="radar.early_fraud_warning.created")))).status_code == 200
    assert await stored(database) == ["evt_1"]
    assert await dirty(database) == {}
    named = {"type": "radar.early_fraud_warning.created"}
    assert metrics.registry.get_sample_value("gatehouse_unknown_events_total", named) == 1


async def test_either_secret_signs_while_they_are_rolled_over(database: Database) -> None:
    body = orjson.dumps(event())
    async with endpoint(database) as client:
        for secrets in ((b"whsec_old",), (b"whsec_other", b"whsec_new")):
            assert (await send(client, body, signed_header(body, secrets, NOW))).status_code == 200


BODY = orjson.dumps(event())
SIGNED = signed_header(BODY, SECRETS, NOW)
REFUSED_HEADERS = {
    "none": b"",
    "unsigned": b"t=1772366400",
    "another secret": signed_header(BODY, [b"whsec_stolen"], NOW),
    "no secret at all": signed_header(BODY, [b""], NOW),
    "another body": signed_header(BODY + b" ", SECRETS, NOW),
    "too old": signed_header(BODY, SECRETS, NOW - timedelta(seconds=301)),
    "from the future": signed_header(BODY, SECRETS, NOW + timedelta(seconds=301)),
    "a year ahead": signed_header(BODY, SECRETS, NOW + timedelta(days=365)),
    "two times": SIGNED + b",t=1",
    "an old scheme": SIGNED.replace(b"v1=", b"v0="),
    "not ASCII": b"t=1772366400,v1=\xff\xfe",
    "no number": SIGNED.replace(b"t=1", b"t=x"),
    "a huge number": b"t=" + b"9" * 4000 + b",v1=00",
    "too long": b"v1=00," * 2000 + SIGNED,
}


@pytest.mark.parametrize("header", REFUSED_HEADERS.values(), ids=REFUSED_HEADERS.keys())
async def test_what_is_not_signed_by_us_and_now_is_refused(header: bytes, database: Database) -> None:
    async with endpoint(database) as client:
        response = await send(client, BODY, header)
    assert refusal(response)
    assert await stored(database) == []


async def test_within_the_tolerance_clocks_may_differ_either_way(database: Database) -> None:
    async with endpoint(database) as client:
        for seconds in (-300, 300):
            header = signed_header(BODY, SECRETS, NOW + timedelta(seconds=seconds))
            assert (await send(client, BODY, header)).status_code == 200


REFUSED_BODIES = {
    "empty": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "not UTF-8": b'{"id": "\xff"}',
    "too deep": b"[" * 5000 + b"]" * 5000,
    "too large": b'{"a": "' + b"x" * LARGEST_BODY + b'"}',
    "no event": orjson.dumps({"id": "evt_1"}),
    "a thin event": orjson.dumps(event(object="v2.core.event")),
    "another's id": orjson.dumps(event(id="cus_1")),
    "an id that breaks out": orjson.dumps(event(id="evt_1\x00")),
    "the other mode": orjson.dumps(event(livemode=True)),
    "no mode": orjson.dumps(event(livemode=None)),
    "no object": orjson.dumps(event(data={})),
    "no time": orjson.dumps(event(created="now")),
    "a time past all": orjson.dumps(event(created=10**18)),
    "no type": orjson.dumps(event(type="x" * 10_000)),
}


@pytest.mark.parametrize("body", REFUSED_BODIES.values(), ids=REFUSED_BODIES.keys())
async def test_what_is_signed_but_no_event_of_ours_is_refused(body: bytes, database: Database) -> None:
    async with endpoint(database) as client:
        response = await send(client, body)
    assert refusal(response)
    assert await stored(database) == []


def refusal(response: httpx.Response) -> bool:
    """Every refusal is the same answer."""
    problem = b'{"type":"about:blank","title":"%s","status":400,"code":"BAD_INPUT","request_id":""}' % REFUSED.encode()
    return (response.status_code, response.content) == (400, problem)


async def test_without_a_secret_there_is_no_endpoint(database: Database) -> None:
    async with endpoint(database, secrets=()) as client:
        assert (await send(client, BODY)).status_code == 404
    async with endpoint(database, secrets=(b"",)) as client:
        assert (await send(client, BODY, signed_header(BODY, [b""], NOW))).status_code == 404


@pytest.mark.parametrize("secrets", [(), (b"",), SECRETS])
async def test_without_one_nothing_is_answered_as_a_whole_either(
    secrets: tuple[bytes, ...], database: Database
) -> None:
    clock = FixedClock(NOW)
    inbox = Inbox(database, clock, HANDLERS, Metrics(), member_key="member_id", livemode=False)
    direct = direct_routes([webhook_route(inbox, clock, secrets)])
    assert list(direct) == (["/webhooks/stripe"] if secrets == SECRETS else [])
    if not direct:
        return
    whole = RequestLog(Starlette(), Metrics(), frozenset(), direct=direct)
    asked = {"type": "http", "path": "/webhooks/stripe", "method": "POST"}

    async def deliver(body: bytes, signed: bytes) -> Reply:
        headers = [(b"stripe-signature", signed)]
        return await whole.answer({**asked, "headers": headers}, body)

    assert (await deliver(BODY, signed_header(BODY, SECRETS[:1], NOW))).status == 200
    assert (await deliver(b"{}", b"t=1,v1=00")).status == 400
    assert (await deliver(b"{}", signed_header(b"{}", SECRETS[:1], NOW))).status == 400
    assert len(await stored(database)) == 1


async def test_without_a_database_stripe_is_asked_to_send_it_again() -> None:
    nowhere = connect("postgresql://nobody@127.0.0.1:9/none")
    async with endpoint(nowhere) as client:
        assert (await send(client, BODY)).status_code == 503
    await nowhere.close()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
KEYS = ("object", "created", "livemode", "type", "data")
FIELDS = [
    "id",
    "object",
    "customer",
    "status",
    "charge",
    "payment_intent",
    "payment",
    "invoice",
    "parent",
    "lines",
    "items",
    "metadata",
    "pause_collection",
    "client_reference_id",
    "created",
    "billing_reason",
    "period_end",
    "latest_charge",
]
KINDS = [
    "subscription",
    "customer",
    "invoice",
    "invoice_payment",
    "charge",
    "payment_intent",
    "dispute",
    "checkout.session",
]
numbers = itertools.count(1)

ours = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ours
@given(
    changes=st.dictionaries(st.sampled_from(KEYS), JSON),
    fields=st.dictionaries(st.sampled_from(FIELDS), JSON),
    pattern=st.sampled_from(HANDLERS.patterns),
    kind=st.sampled_from(KINDS),
    previous=JSON,
)
async def test_whatever_is_signed_is_stored_or_refused(
    database: Database, changes: dict[str, Any], fields: dict[str, Any], pattern: str, kind: str, previous: Any
) -> None:
    subject = {"id": "x_1", "object": kind, "customer": "cus_1", "status": "active", **fields}
    data = {"object": subject, "previous_attributes": previous}
    whole = event(id=f"evt_{next(numbers)}", type=pattern.replace("*", "x"), data=data)
    async with endpoint(database) as client:
        response = await send(client, orjson.dumps({**whole, **changes}))
    assert response.status_code == 200 or refusal(response)


@ours
@given(body=st.binary(max_size=200), header=st.binary(max_size=200))
async def test_whatever_is_not_signed_is_refused(database: Database, body: bytes, header: bytes) -> None:
    async with endpoint(database) as client:
        assert refusal(await send(client, body, header.translate(None, b"\r\n")))

"""graphql-sse, distinct connections, on the whole application: what is streamed, to whom, and how a stream ends."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from asgi import Message
from identity.model import Kind, Principal
from tests.flow.edge import ENTERPRISE, FREE, OPERATOR, PRO, Edge
from web.stream import StreamEndpoint

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATHS = ["/graphql/stream", "/spa/graphql/stream"]
ACCEPT = {"accept": "text/event-stream"}
FOLLOW = "subscription { contentPublished { id } }"
HELD = "subscription { entitlementsChanged { usageAnalytics { daily { day } } } }"
KEEP = 'mutation { bookmarkContent(input: {contentId: "art_1"}) { __typename } }'
SECONDS = 5


@dataclass(frozen=True)
class Stream:
    """`lines` are those of the answer."""

    response: httpx.Response
    lines: AsyncIterator[str]

    async def next(self, within: float = SECONDS) -> tuple[str, Any]:
        """The next event's name and what its data says; signs of life are passed over."""
        name, data = "", ""
        async with asyncio.timeout(within):
            async for line in self.lines:
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data:"):
                    data = line.removeprefix("data:").strip()
                elif not line and name:
                    return name, json.loads(data) if data else None
        return "", None

    async def rest(self) -> list[tuple[str, Any]]:
        """Every event until the server ends the answer."""
        events: list[tuple[str, Any]] = []
        while (event := await self.next()) != ("", None):
            events.append(event)
        return events


@asynccontextmanager
async def streamed(
    edge: Edge,
    query: str,
    caller: Principal | None = None,
    path: str = "/graphql/stream",
    method: str = "POST",
    ttl: timedelta = timedelta(minutes=5),
    **parameters: Any,
) -> AsyncGenerator[Stream]:
    headers = {**ACCEPT, **({"authorization": f"Bearer {edge.token(caller, ttl)}"} if caller else {})}
    asked = {"query": query, **parameters}
    body: dict[str, Any] = {"json": asked} if method == "POST" else {"params": asked}
    async with edge.client.stream(method, path, headers=headers, **body) as response:
        yield Stream(response, response.aiter_lines())


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", PATHS)
async def test_a_query_is_one_event_and_the_end(edge: Edge, path: str, method: str) -> None:
    async with streamed(edge, "{ me { id } }", PRO, path, method) as stream:
        assert stream.response.status_code == 200
        headers = stream.response.headers
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["x-accel-buffering"] == "no"
        assert headers["cache-control"] == "no-store, no-transform"
        assert await stream.rest() == [("next", {"data": {"me": {"id": "mem_pro"}}}), ("complete", None)]


async def test_the_contract_follows_the_token_and_the_path(edge: Edge) -> None:
    members = "{ members(first: 1) { edges { cursor } } }"
    async with streamed(edge, members, OPERATOR) as stream:
        assert "errors" not in (await stream.next())[1]
    for caller, path in ((OPERATOR, "/spa/graphql/stream"), (PRO, "/graphql/stream"), (None, "/graphql/stream")):
        async with streamed(edge, members, caller, path) as stream:
            [(_, answer), end] = await stream.rest()
            assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
            assert "data" not in answer
            assert end == ("complete", None)


@pytest.mark.parametrize("path", ["/graphql", "/spa/graphql"])
async def test_nothing_is_streamed_on_the_plain_addresses(edge: Edge, path: str) -> None:
    """A client that takes events for everything gets JSON there."""
    accept = {"accept": "application/graphql-response+json, text/event-stream"}
    answer = await edge.client.post(path, json={"query": "{ __typename }"}, headers=accept)
    assert answer.headers["content-type"].startswith("application/graphql-response+json")
    assert answer.json() == {"data": {"__typename": "Query"}}


REFUSED: list[tuple[str, dict[str, Any], int]] = [
    ("POST", {"json": {"query": "{ me { id } }"}, "headers": {"accept": "application/json"}}, 406),
    ("POST", {"json": {"query": "{ me { id } }"}, "headers": {**ACCEPT, "authorization": "Bearer nonsense"}}, 401),
    ("POST", {"json": {}, "headers": ACCEPT}, 400),
    ("POST", {"content": b"{", "headers": {**ACCEPT, "content-type": "application/json"}}, 400),
    ("POST", {"content": b"{}", "headers": {**ACCEPT, "content-type": "text/plain"}}, 415),
    ("GET", {"params": {"query": KEEP}, "headers": ACCEPT}, 405),
    ("GET", {"params": {"query": "{ __typename }"}, "headers": {**ACCEPT, "sec-fetch-site": "cross-site"}}, 403),
    ("PUT", {"headers": ACCEPT}, 405),
    ("HEAD", {"params": {"query": "{ __typename }"}, "headers": ACCEPT}, 405),
]


@pytest.mark.parametrize(("method", "asked", "status"), REFUSED)
async def test_what_is_no_stream_of_ours_is_refused_before_one_begins(
    edge: Edge, method: str, asked: dict[str, Any], status: int
) -> None:
    answer = await edge.client.request(method, "/graphql/stream", **asked)
    assert answer.status_code == status
    assert not answer.headers["content-type"].startswith("text/event-stream")


async def test_who_lacks_the_feature_gets_the_denial_and_the_end(edge: Edge) -> None:
    for caller in (FREE, PRO, None):
        async with streamed(edge, FOLLOW, caller) as stream:
            [(_, answer), end] = await stream.rest()
            assert answer["errors"][0]["extensions"] == {"code": "ENTITLEMENT_REQUIRED", "feature": "live_updates"}
            assert end == ("complete", None)


async def test_a_stream_opened_as_pro_stops_seeing_premium_within_two_seconds(edge: Edge) -> None:
    caller = Principal(Kind.MEMBER, "mem_stream_downgraded")
    await edge.grant(caller, "pro")
    async with streamed(edge, HELD, caller, "/spa/graphql/stream", "GET") as stream:
        name, opened = await stream.next()
        assert (name, opened) == ("next", {"data": {"entitlementsChanged": {"usageAnalytics": {"daily": []}}}})
        await edge.grant(caller, None)
        name, closed = await stream.next(within=2)
        assert closed["data"] == {"entitlementsChanged": {"usageAnalytics": None}}
        assert closed["errors"][0]["extensions"] == {"code": "ENTITLEMENT_REQUIRED", "feature": "analytics"}
        await edge.grant(caller, "pro")
        assert (await stream.next(within=2))[1] == opened


async def test_a_stream_ends_with_its_token(edge: Edge) -> None:
    async with streamed(edge, FOLLOW, ENTERPRISE, ttl=timedelta(seconds=1)) as stream:
        edge.clock.at += timedelta(seconds=1)
        [(_, answer), end] = await stream.rest()
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert end == ("complete", None)


async def test_a_token_taken_back_gets_no_event_more(edge: Edge) -> None:
    caller = Principal(Kind.MEMBER, "mem_stream_revoked", token_id="jti_stream")
    await edge.grant(caller, "pro")
    async with streamed(edge, HELD, caller) as stream:
        assert "errors" not in (await stream.next())[1]
        edge.revocations.revoke("jti_stream")
        await edge.grant(caller, "enterprise")
        [(_, answer), end] = await stream.rest()
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert end == ("complete", None)


async def test_a_quiet_stream_gives_signs_of_life_and_ends_when_the_client_leaves(edge: Edge) -> None:
    """Spoken to as a server would, for to leave at a known moment."""
    endpoint = replace(StreamEndpoint(edge.surface, spa_only=False), keep_alive_seconds=0.02)
    sent: list[Message] = []
    leave, lively = asyncio.Event(), asyncio.Event()

    async def receive() -> Message:
        if not sent:
            return {"type": "http.request", "body": json.dumps({"query": FOLLOW}).encode()}
        await leave.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if [each.get("body") for each in sent].count(b":\n\n") == 3:
            lively.set()

    headers = [(b"authorization", f"Bearer {edge.token(ENTERPRISE)}".encode()), (b"content-type", b"application/json")]
    serving = asyncio.create_task(endpoint({"method": "POST", "headers": headers, "notes": {}}, receive, send))
    async with asyncio.timeout(SECONDS):
        await lively.wait()
        leave.set()
        await serving
    assert {each.get("body") for each in sent[1:]} == {b":\n\n"}

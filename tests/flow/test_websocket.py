"""graphql-transport-ws on the whole application: who may connect, what an operation sees, how a connection ends."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from content.publish import publish_content
from identity.model import Kind, Principal
from tests.flow.edge import ENTERPRISE, FREE, OPERATOR, PRO, Edge

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROTOCOL = "graphql-transport-ws"
PATHS = ["/graphql", "/spa/graphql"]
FOLLOW = "subscription { contentPublished { id } }"
HOLDS = "{ me { entitlements { feature } } }"
SECONDS = 5


@dataclass(frozen=True)
class Socket:
    connection: ClientConnection

    async def send(self, message: Any) -> None:
        await self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def receive(self, within: float = SECONDS) -> dict[str, Any]:
        async with asyncio.timeout(within):
            return json.loads(await self.connection.recv())

    async def subscribe(self, query: str, id: str = "1", **more: Any) -> None:
        await self.send({"type": "subscribe", "id": id, "payload": {"query": query, **more}})

    async def run(self, query: str, **more: Any) -> Any:
        """The one answer of a query."""
        await self.subscribe(query, "run", **more)
        answer = await self.receive()
        if answer["type"] == "next":
            assert await self.receive() == {"type": "complete", "id": "run"}
        return answer["payload"]

    async def closed(self) -> int:
        """The code with which the server closes, whatever it sends before."""
        async with asyncio.timeout(SECONDS):
            with suppress(ConnectionClosed):  # which the iteration raises for every code but 1000 and 1001
                async for _ in self.connection:
                    pass
        assert self.connection.close_code is not None
        return self.connection.close_code


@asynccontextmanager
async def opened(
    edge: Edge, path: str = "/graphql", protocol: str = PROTOCOL, origin: str | None = None
) -> AsyncGenerator[Socket]:
    url = f"ws://127.0.0.1:{edge.port}{path}"
    wanted = Origin(origin) if origin else None
    async with connect(url, subprotocols=[Subprotocol(protocol)], origin=wanted) as connection:
        yield Socket(connection)


@asynccontextmanager
async def acknowledged(
    edge: Edge, caller: Principal | None = None, path: str = "/graphql", ttl: timedelta = timedelta(minutes=5)
) -> AsyncGenerator[Socket]:
    payload = {"authorization": f"Bearer {edge.token(caller, ttl)}"} if caller else None
    async with opened(edge, path) as sock:
        await sock.send({"type": "connection_init", "payload": payload})
        assert await sock.receive() == {"type": "connection_ack"}
        yield sock


@pytest.mark.parametrize("path", PATHS)
async def test_a_query_over_a_socket(edge: Edge, path: str) -> None:
    async with acknowledged(edge, PRO, path) as sock:
        query = "query A($t: String!) { me { id } __type(name: $t) { name } }"
        answer = await sock.run(query, variables={"t": "Query"}, operationName="A")
        assert answer == {"data": {"me": {"id": "mem_pro"}, "__type": {"name": "Query"}}}


async def test_the_contract_follows_the_token_and_the_path(edge: Edge) -> None:
    members = "{ members(first: 1) { edges { cursor } } }"
    async with acknowledged(edge, OPERATOR) as sock:
        assert "errors" not in await sock.run(members)
    for caller, path in ((OPERATOR, "/spa/graphql"), (PRO, "/graphql"), (None, "/graphql")):
        async with acknowledged(edge, caller, path) as sock:
            [error] = await sock.run(members)
            assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize("authorization", ["Bearer nonsense", "", "Basic x", 7, False, ["Bearer x"]])
async def test_a_bad_token_is_not_let_in(edge: Edge, authorization: Any) -> None:
    async with opened(edge) as sock:
        await sock.send({"type": "connection_init", "payload": {"authorization": authorization}})
        assert await sock.closed() == 4403


async def test_the_handshake_s_own_header_counts_where_the_payload_says_nothing(edge: Edge) -> None:
    headers = {"authorization": f"Bearer {edge.token(PRO)}"}
    url = f"ws://127.0.0.1:{edge.port}/graphql"
    async with connect(url, subprotocols=[Subprotocol(PROTOCOL)], additional_headers=headers) as connection:
        sock = Socket(connection)
        await sock.send({"type": "connection_init"})
        await sock.receive()
        assert await sock.run("{ me { id } }") == {"data": {"me": {"id": "mem_pro"}}}


async def test_a_page_of_another_origin_is_refused(edge: Edge) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with opened(edge, origin="https://evil.example"):
            pass
    assert caught.value.response.status_code == 403
    async with opened(edge, origin=f"http://127.0.0.1:{edge.port}"):
        pass


async def test_the_legacy_protocol_is_not_spoken(edge: Edge) -> None:
    async with opened(edge, protocol="graphql-ws") as sock:
        assert sock.connection.subprotocol is None
        assert await sock.closed() == 4406


NO_MESSAGES: list[tuple[list[Any], int]] = [
    (["{"], 4400),
    ([b"\x00\x01"], 4400),
    (["[]"], 4400),
    (["null"], 4400),
    (["7"], 4400),
    (["[" * 10_000], 4400),
    ([{"type": 7}], 4400),
    ([{"type": "nothing"}], 4400),
    ([{}], 4400),
    ([{"type": "connection_init", "payload": []}], 4400),
    ([{"type": "subscribe", "id": "1", "payload": {"query": "{ me { id } }"}}], 4401),
    ([{"type": "connection_init"}, {"type": "connection_init"}], 4429),
    ([{"type": "connection_init"}, {"type": "subscribe"}], 4400),
    ([{"type": "connection_init"}, {"type": "subscribe", "id": [], "payload": {"query": "{a}"}}], 4400),
    ([{"type": "connection_init"}, {"type": "subscribe", "id": "1", "payload": "{a}"}], 4400),
    ([{"type": "connection_init"}, {"type": "subscribe", "id": "x" * 201, "payload": {"query": "{a}"}}], 4400),
    ([{"type": "connection_init"}, {"type": "complete", "id": {}}], 4400),
    (["x" * 300_000], 1009),
]


@pytest.mark.parametrize(("messages", "code"), NO_MESSAGES, ids=lambda value: str(value)[:60])
async def test_what_is_no_message_closes_the_connection(edge: Edge, messages: list[Any], code: int) -> None:
    async with opened(edge) as sock:
        for message in messages:
            await sock.send(message)
        assert await sock.closed() == code
    assert (await edge.client.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    "payload",
    [
        {"query": "{ " + "x" * 1000},
        {"query": "{ nothing }"},
        {"query": 7},
        {"query": None},
        {"query": "{ __typename }", "variables": []},
        {"query": "query A { __typename } query B { __typename }"},
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_wrong_operation_is_its_own_error_and_the_connection_lives(edge: Edge, payload: dict[str, Any]) -> None:
    async with acknowledged(edge) as sock:
        await sock.send({"type": "subscribe", "id": "7", "payload": payload})
        answer = await sock.receive()
        assert (answer["type"], answer["id"]) == ("error", "7")
        assert answer["payload"][0]["extensions"]["code"]
        assert await sock.run("{ __typename }") == {"data": {"__typename": "Query"}}


async def test_an_id_in_use_closes_the_connection(edge: Edge) -> None:
    async with acknowledged(edge, ENTERPRISE) as sock:
        await sock.subscribe(FOLLOW)
        await sock.subscribe(FOLLOW)
        assert await sock.closed() == 4409


async def test_operations_at_once_are_bounded(edge: Edge) -> None:
    async with acknowledged(edge, ENTERPRISE) as sock:
        for number in range(51):
            await sock.subscribe(FOLLOW, str(number))
        refused = await sock.receive()
        assert (refused["type"], refused["id"]) == ("error", "50")


async def test_a_member_whose_plan_lacks_it_cannot_subscribe(edge: Edge) -> None:
    for caller in (FREE, PRO, None):
        async with acknowledged(edge, caller) as sock:
            await sock.subscribe(FOLLOW)
            refused = await sock.receive()
            assert refused["type"] == "error"
            assert refused["payload"][0]["extensions"] == {"code": "ENTITLEMENT_REQUIRED", "feature": "live_updates"}


async def test_events_come_until_the_member_is_downgraded(edge: Edge) -> None:
    caller = Principal(Kind.MEMBER, "mem_downgraded")
    await edge.grant(caller, "enterprise")
    async with acknowledged(edge, caller) as sock:
        await sock.subscribe(FOLLOW)
        drafts = await drafts_of(edge)
        while True:  # an announcement before the subscription stands is not for it
            drafted = drafts.pop()
            await publish_content(edge.database, drafted, edge.clock.now())
            with suppress(TimeoutError):
                event = await sock.receive(within=1)
                break
        assert event == {"type": "next", "id": "1", "payload": {"data": {"contentPublished": {"id": drafted}}}}
        await edge.grant(caller, "pro")
        await lost(edge, caller, "live_updates")
        await publish_content(edge.database, drafts.pop(), edge.clock.now())
        ending = await sock.receive()
        assert (ending["type"], ending["id"]) == ("next", "1")
        assert ending["payload"]["data"] is None
        assert ending["payload"]["errors"][0]["extensions"]["code"] == "ENTITLEMENT_REQUIRED"
        assert await sock.receive() == {"type": "complete", "id": "1"}


async def test_a_token_taken_back_gets_no_event_and_no_answer_more(edge: Edge) -> None:
    caller = Principal(Kind.MEMBER, "mem_revoked", token_id="jti_revoked")
    await edge.grant(caller, "enterprise")
    async with acknowledged(edge, caller) as sock:
        await sock.subscribe(FOLLOW)
        assert "data" in await sock.run(HOLDS)
        edge.revocations.revoke("jti_revoked")
        [refused] = await sock.run(HOLDS)
        assert refused["extensions"]["code"] == "UNAUTHENTICATED"
        drafts = await drafts_of(edge)
        ending = None
        while ending is None:  # an announcement before the subscription stands is not for it
            await publish_content(edge.database, drafts.pop(), edge.clock.now())
            with suppress(TimeoutError):
                ending = await sock.receive(within=1)
        assert (ending["type"], ending["id"]) == ("error", "1")
        assert ending["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    async with opened(edge) as sock:
        await sock.send({"type": "connection_init", "payload": {"authorization": f"Bearer {edge.token(caller)}"}})
        assert await sock.closed() == 4403


async def test_each_operation_sees_what_the_member_holds_then(edge: Edge) -> None:
    caller = Principal(Kind.MEMBER, "mem_upgraded")
    await edge.grant(caller, None)
    async with acknowledged(edge, caller) as sock:
        before = await sock.run(HOLDS)
        await edge.grant(caller, "pro")
        async with asyncio.timeout(SECONDS):
            while (after := await sock.run(HOLDS)) == before:  # noqa: ASYNC110 - another process would have no event
                await asyncio.sleep(0.05)
    assert {"feature": "content_premium"} in after["data"]["me"]["entitlements"]
    assert {"feature": "content_premium"} not in before["data"]["me"]["entitlements"]


async def test_the_connection_ends_with_its_token(edge: Edge) -> None:
    async with acknowledged(edge, ENTERPRISE, ttl=timedelta(seconds=1)) as sock:
        await sock.subscribe(FOLLOW)
        assert await sock.closed() == 4401


async def test_a_client_that_goes_away_leaves_nothing_behind(edge: Edge) -> None:
    before = len(asyncio.all_tasks())
    for _ in range(5):
        async with acknowledged(edge, ENTERPRISE) as sock:
            await sock.subscribe(FOLLOW)
    async with asyncio.timeout(SECONDS):
        while len(asyncio.all_tasks()) > before:  # noqa: ASYNC110 - nobody tells when a task is gone
            await asyncio.sleep(0.05)


async def lost(edge: Edge, caller: Principal, feature: str) -> None:
    """Returns when the server knows that the member no longer holds the feature."""
    async with asyncio.timeout(SECONDS):
        while feature in (await edge.ask(HOLDS, caller)).text:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.05)


async def drafts_of(edge: Edge) -> list[str]:
    query = "SELECT id FROM content WHERE published_at IS NULL ORDER BY id"
    return [row.id for row in await edge.database.fetch(query)]

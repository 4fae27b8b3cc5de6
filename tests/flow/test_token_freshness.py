"""Tokens that say what is no longer so: refused where it matters, exchanged where it does not, within two seconds."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest

from clock import SystemClock
from content.model import Kind as Content
from content.seed import entry_id
from gating.record import record_grants
from identity.model import Kind, Principal
from tests.flow.edge import OPERATOR, Edge
from tests.flow.node_gate import node_gate

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHIN = timedelta(seconds=2)
ASK = "{ me { plan { key } } }"
DOWNLOAD = """mutation ($id: ID!) {
  requestDownload(input: {downloadId: $id, idempotencyKey: "k"}) { download { title } userErrors { code } } }"""


async def exchange(edge: Edge, token: str) -> str:
    answer = await edge.client.post("/token", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.json()["token"]


async def fresh_token(edge: Edge, caller: Principal, plan: str | None) -> str:
    await edge.grant(caller, plan)
    return await exchange(edge, edge.token(caller))


async def ask(edge: Edge, token: str, query: str = ASK, **variables: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}", "accept": "application/graphql-response+json"}
    return await edge.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


async def test_an_exchanged_token_says_what_is_held_and_lives_no_longer(edge: Edge) -> None:
    caller = Principal(Kind.MEMBER, "mem_exchanged", frozenset(), "jti_exchanged")
    await edge.grant(caller, "pro")
    plain = edge.token(caller, timedelta(minutes=3))
    claims = claims_of(await exchange(edge, plain))
    own = claims.pop("gatehouse")
    assert claims == {key: value for key, value in claims_of(plain).items() if key != "gatehouse"}
    assert (own["kind"], own["tier"], own["revision"]) == ("member", "pro", 1)
    assert own["features"] == ["analytics", "archive", "content_premium", "downloads"]
    assert "held_until" not in own


@pytest.mark.parametrize(("caller", "status", "code"), [(None, 401, "UNAUTHENTICATED"), (OPERATOR, 403, "FORBIDDEN")])
async def test_only_members_tokens_are_exchanged(edge: Edge, caller: Principal | None, status: int, code: str) -> None:
    headers = {"authorization": f"Bearer {edge.token(caller)}"} if caller else {}
    answer = await edge.client.post("/token", headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code)


async def test_an_answer_brings_a_fresh_token_once_what_the_old_one_says_has_changed(edge: Edge) -> None:
    caller = Principal(Kind.MEMBER, "mem_refreshed")
    old = await fresh_token(edge, caller, "pro")
    assert "gatehouse-token" not in (await ask(edge, old)).headers
    await edge.grant(caller, None)
    deadline = SystemClock().now() + WITHIN
    while "gatehouse-token" not in (answer := await ask(edge, old)).headers:
        assert SystemClock().now() < deadline
        await asyncio.sleep(0.02)
    assert answer.json() == {"data": {"me": {"plan": {"key": "free"}}}}, "the answer never hangs on what a token says"
    fresher = answer.headers["gatehouse-token"]
    assert claims_of(fresher)["gatehouse"]["features"] == []
    assert "gatehouse-token" not in (await ask(edge, fresher)).headers


async def test_a_token_of_the_past_is_refused_where_it_matters(edge: Edge) -> None:
    caller, download = Principal(Kind.MEMBER, "mem_exporting"), entry_id(Content.DOWNLOAD, 0)
    token = await fresh_token(edge, caller, "pro")
    taken = await ask(edge, token, DOWNLOAD, id=download)
    assert taken.json()["data"]["requestDownload"]["userErrors"] == []
    await edge.grant(caller, "enterprise")
    refused = await ask(edge, token, DOWNLOAD, id=download)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["extensions"] == {"code": "TOKEN_OUTDATED"}
    again = await ask(edge, refused.headers["gatehouse-token"], DOWNLOAD, id=download)
    assert again.json()["data"]["requestDownload"]["userErrors"] == []


async def test_what_matters_is_decided_on_what_the_database_says(edge: Edge) -> None:
    """Taken away, and not published: memory and Redis know nothing of it."""
    caller, download = Principal(Kind.MEMBER, "mem_unpublished"), entry_id(Content.DOWNLOAD, 0)
    await edge.grant(caller, "pro")
    token = edge.token(caller)
    assert "errors" not in (await ask(edge, token, DOWNLOAD, id=download)).json()
    async with edge.database.transaction() as connection:
        await record_grants(
            connection,
            caller.subject,
            owner=f"test:{caller.subject}",
            grants=[],
            limits=[],
            cause="test",
            now=edge.clock.now(),
        )
    denied = (await ask(edge, token, DOWNLOAD, id=download)).json()
    assert denied["errors"][0]["extensions"] == {"code": "ENTITLEMENT_REQUIRED", "feature": "downloads"}


async def test_an_edge_notices_within_two_seconds(edge: Edge) -> None:
    """The worker script against the service over HTTP: what it does with a member's token before and after."""
    caller = Principal(Kind.MEMBER, "mem_edge")
    token, origin = await fresh_token(edge, caller, "pro"), f"http://127.0.0.1:{edge.port}"
    now = edge.clock.now().timestamp()
    paths = ("/articles/1", "/downloads/1", "/about")

    async with node_gate() as gate:

        async def actions(token: str, later: float) -> list[str]:
            answer = await gate.step([(path, token) for path in paths], now + later, origin=origin)
            return [decision["action"] for decision in answer["decisions"]]

        assert await actions(token, 0) == ["pass", "origin", "pass"]
        await edge.grant(caller, None)
        assert await actions(token, WITHIN.total_seconds()) == ["refresh", "refuse", "pass"]
        fresh = await exchange(edge, token)
        assert await actions(fresh, 2 * WITHIN.total_seconds()) == ["upgrade", "origin", "pass"]


async def test_the_worker_exchanges_passes_on_and_turns_away(edge: Edge) -> None:
    caller = Principal(Kind.MEMBER, "mem_worker")
    await edge.grant(caller, "pro")
    plain, free = edge.token(caller), await fresh_token(edge, Principal(Kind.MEMBER, "mem_worker_free"), None)
    paths = ("/articles/1", "/archive/1", "/healthz")
    async with node_gate() as gate:

        async def through(token: str | None) -> list[tuple[int, str | None, bool]]:
            now, origin = edge.clock.now().timestamp(), f"http://127.0.0.1:{edge.port}"
            answer = await gate.step([(path, token) for path in paths], now, origin=origin, through=True)
            return [(each["status"], each["location"], each["fresh"] is not None) for each in answer["decisions"]]

        assert await through(plain) == [(404, None, True), (404, None, True), (200, None, False)], (
            "the origin's own 404"
        )
        assert await through(free) == [
            (303, "/upgrade?feature=content_premium&plan=pro", False),
            (303, "/upgrade?feature=archive&plan=pro", False),
            (200, None, False),
        ]
        assert await through(None) == [(401, None, False), (401, None, False), (200, None, False)]

"""GraphQL over HTTP on the whole application: contracts by caller, refusals, hostile input, what is told of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from identity.model import Principal
from tests.flow.edge import ENTERPRISE, FREE, INTEGRATOR, OPERATOR, PRO, Edge

pytestmark = pytest.mark.asyncio(loop_scope="module")

GRAPHQL = "application/graphql-response+json"
PATHS = ["/graphql", "/spa/graphql"]
ARTICLE = "{ articles(first: 1) { edges { node { id title body access { granted denial { code } } } } } }"


def code_of(answer: httpx.Response) -> str:
    [error] = answer.json()["errors"]
    return error["extensions"]["code"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_locked_article_and_an_unlocked_one(edge: Edge, path: str) -> None:
    locked = (await edge.ask(ARTICLE, FREE, path=path)).json()
    opened = (await edge.ask(ARTICLE, PRO, path=path)).json()
    [free], [pro] = (answer["data"]["articles"]["edges"] for answer in (locked, opened))
    assert "errors" not in locked
    assert free["node"]["body"] is None
    assert free["node"]["access"] == {"granted": False, "denial": {"code": "ENTITLEMENT_REQUIRED"}}
    assert len(pro["node"]["body"]) > 100
    assert pro["node"]["access"] == {"granted": True, "denial": None}


@pytest.mark.parametrize(
    ("caller", "path", "sees_members", "sees_member_entitlements"),
    [
        (OPERATOR, "/graphql", True, True),
        (INTEGRATOR, "/graphql", False, True),
        (PRO, "/graphql", False, False),
        (None, "/graphql", False, False),
        (OPERATOR, "/spa/graphql", False, False),
        (INTEGRATOR, "/spa/graphql", False, False),
    ],
)
async def test_the_contract_follows_the_verified_caller_and_the_path(
    edge: Edge, caller: Principal | None, path: str, sees_members: bool, sees_member_entitlements: bool
) -> None:
    answer = await edge.ask('{ __type(name: "Query") { fields { name } } }', caller, path=path)
    fields = {field["name"] for field in answer.json()["data"]["__type"]["fields"]}
    assert ("members" in fields, "memberEntitlements" in fields) == (sees_members, sees_member_entitlements)
    tried = await edge.ask("{ members(first: 1) { edges { cursor } } }", caller, path=path)
    assert tried.status_code == (200 if sees_members else 400)


async def test_no_header_a_client_may_choose_changes_the_contract(edge: Edge) -> None:
    headers = {"x-audience": "OPERATOR", "x-gatehouse-audience": "OPERATOR", "x-forwarded-user": "root"}
    answer = await edge.client.post(
        "/graphql?audience=OPERATOR", json={"query": "{ members { edges { cursor } } }"}, headers=headers
    )
    assert answer.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "data" not in answer.json()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("authorization", ["Bearer nonsense", "Basic dXNlcjpw", "Bearer", "bearer a.b.c"])
async def test_a_bad_token_is_401_and_never_anonymous(edge: Edge, path: str, authorization: str) -> None:
    headers = {"authorization": authorization}
    answer = await edge.client.post(path, json={"query": "{ __typename }"}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert code_of(answer) == "UNAUTHENTICATED"
    assert "data" not in answer.json()


async def test_an_expired_token_is_401_though_it_was_good_a_moment_ago(edge: Edge) -> None:
    headers = {"authorization": f"Bearer {edge.token(PRO)}"}
    before = await edge.client.post("/graphql", json={"query": "{ me { id } }"}, headers=headers)
    edge.clock.advance(timedelta(minutes=5))
    after = await edge.client.post("/graphql", json={"query": "{ me { id } }"}, headers=headers)
    assert (before.status_code, after.status_code) == (200, 401)
    assert before.json()["data"] == {"me": {"id": "mem_pro"}}


@pytest.mark.parametrize("accept", [GRAPHQL, "application/json"])
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A {me{id}} query B {me{id}}", None),
    ],
)
async def test_a_request_error_has_no_data(edge: Edge, accept: str, query: str, code: str | None) -> None:
    answer = await edge.client.post("/graphql", json={"query": query}, headers={"accept": accept})
    assert answer.status_code == (400 if accept == GRAPHQL else 200)
    assert answer.headers["content-type"] == f"{accept}; charset=utf-8"
    assert "data" not in answer.json()
    assert code is None or code_of(answer) == code


async def test_answers_are_not_kept_by_caches(edge: Edge) -> None:
    answer = await edge.ask("{ __typename }", PRO)
    assert answer.headers["cache-control"] == "no-store"
    assert {part.strip() for part in answer.headers["vary"].split(",")} >= {"accept", "authorization"}
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b'[{"query":"{__typename}"}]', {}, 400),
        (b'{"query":"{__typename}"}', {"content-type": "text/plain"}, 415),
        (b'{"query":"{__typename}"}', {"accept": "image/png"}, 406),
        (b'{"query":"' + b" " * 300_000 + b'"}', {}, 413),
    ],
)
async def test_what_is_no_request_is_4xx_in_graphql_s_shape(
    edge: Edge, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await edge.client.post(
        "/graphql", content=content, headers={"content-type": "application/json", **headers}
    )
    assert answer.status_code == status
    assert code_of(answer) == "BAD_INPUT"
    assert "data" not in answer.json()


async def test_an_endless_body_is_cut_off(edge: Edge) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b" " * 10_000

    try:
        answer = await edge.client.post("/graphql", content=endless(), headers={"content-type": "application/json"})
    except httpx.TransportError:
        return  # the server closed before all of it was sent, which is as good
    assert answer.status_code == 413


async def test_a_client_that_leaves_halfway_is_no_fault_of_ours(edge: Edge, capsys: pytest.CaptureFixture[str]) -> None:
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\nx-request-id: left\r\n\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(head + b"{")
    await writer.drain()
    await edge.client.get("/healthz")
    writer.close()
    written = ""
    async with asyncio.timeout(5):
        while "left" not in written:
            await asyncio.sleep(0.01)
            written += "".join(capsys.readouterr())
    assert "gone" in written
    assert "fault" not in written


async def test_get_is_for_queries(edge: Edge) -> None:
    query = "query A($t: String!) { __type(name: $t) { name } }"
    params = {"query": query, "variables": '{"t":"Query"}', "operationName": "A"}
    answer = await edge.client.get("/graphql", params=params)
    assert answer.json() == {"data": {"__type": {"name": "Query"}}}


async def test_a_mutation_by_get_is_405_and_does_nothing(edge: Edge) -> None:
    query = 'mutation { bookmarkContent(input: {contentId: "art_1"}) { __typename } }'
    headers = {"authorization": f"Bearer {edge.token(PRO)}"}
    answer = await edge.client.get("/graphql", params={"query": query}, headers=headers)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert code_of(answer) == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_page_of_another_origin_cannot_query_by_get(edge: Edge, site: str) -> None:
    async def get(**headers: str) -> int:
        params = {"query": "{ __typename }"}
        return (await edge.client.get("/graphql", params=params, headers=headers)).status_code

    assert await get(**{"sec-fetch-site": site}) == 403
    assert await get(**{"sec-fetch-site": site, "x-gatehouse-preflight": "1"}) == 200
    assert await get(**{"sec-fetch-site": "same-origin"}) == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_405(edge: Edge, method: str) -> None:
    answer = await edge.client.request(method, "/graphql")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "METHOD_NOT_ALLOWED"


async def test_an_unknown_address_is_a_problem_with_the_request_s_id(edge: Edge) -> None:
    answer = await edge.client.get("/nothing", headers={"x-request-id": "my-id-7"})
    assert answer.status_code == 404
    assert answer.headers["x-request-id"] == "my-id-7"
    assert answer.headers["content-type"] == "application/problem+json"
    told = {"title": "Not Found", "status": 404, "code": "NOT_FOUND", "request_id": "my-id-7"}
    assert answer.json() == {"type": "about:blank", **told}


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "ab\u00e9", '{"a":1}'])
async def test_a_request_id_that_is_no_word_is_replaced(edge: Edge, given: str) -> None:
    answer = await edge.client.get("/healthz", headers=[(b"x-request-id", given.encode())])
    assert answer.headers["x-request-id"] not in ("", given)


async def test_a_subscription_over_http_says_where_to_go(edge: Edge) -> None:
    answer = await edge.ask("subscription { contentPublished { id } }", ENTERPRISE)
    assert answer.status_code == 400
    assert "data" not in answer.json()


@pytest.mark.parametrize(
    "variables",
    [
        {"id": "\u0000"},
        {"id": "art_\ufffe' OR 1=1 --"},
        {"id": "x" * 100_000},
        {"id": "9" * 400},
    ],
    ids=["nul", "quote", "long", "digits"],
)
async def test_a_hostile_id_is_unknown_or_refused_and_no_fault_of_ours(edge: Edge, variables: dict[str, str]) -> None:
    answer = await edge.ask("query ($id: ID!) { node(id: $id) { id } }", PRO, variables=variables)
    codes = [error["extensions"]["code"] for error in answer.json().get("errors", ())]
    assert answer.status_code == 200
    assert answer.json()["data"] == {"node": None}
    assert set(codes) <= {"BAD_INPUT"}


async def test_hostile_documents_are_refused_quickly(edge: Edge) -> None:
    deep = "{ articles { edges { node " + "{ author " * 500 + "{ id }" + "}" * 500 + " } } }"
    wide = "{ " + " ".join(f"a{number}: __typename" for number in range(5_000)) + " }"
    cycle = "query { ...A } fragment A on Query { ...B } fragment B on Query { ...A }"
    open_braces = "{" * 19_000
    for query in (deep, wide, cycle, open_braces, '{ __typename @skip(if: "\u0000") }', "\u0000", "\ufeff"):
        async with asyncio.timeout(3):
            answer = await edge.ask(query)
        assert answer.status_code == 400, query[:40]
        assert "data" not in answer.json()


async def test_health_and_readiness(edge: Edge) -> None:
    assert (await edge.client.get("/healthz")).json() == {"status": "alive"}
    assert (await edge.client.get("/readyz")).json() == {"status": "ready"}
    verbose = (await edge.client.get("/readyz?verbose")).json()
    assert verbose["parts"]["database"] == verbose["parts"]["redis"] == "ok"


async def test_the_published_keys_verify_a_token(edge: Edge) -> None:
    answer = await edge.client.get("/.well-known/jwks.json")
    assert "max-age" in answer.headers["cache-control"]
    assert [key["kid"] for key in answer.json()["keys"]] == [edge.keys.signing.key_id]


async def test_metrics_count_requests_denials_and_store_reads(edge: Edge) -> None:
    async def counted() -> dict[str, float]:
        lines = (await edge.client.get("/metrics")).text.splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}

    before = await counted()
    await edge.ask(ARTICLE, FREE)
    await edge.client.get("/nothing/at/all")
    after = await counted()
    for name in (
        'gatehouse_requests_total{path="/graphql",status="200"}',
        'gatehouse_requests_total{path="other",status="404"}',
        'gatehouse_denials_total{code="ENTITLEMENT_REQUIRED",feature="content_premium"}',
        'gatehouse_operations_total{outcome="ok"}',
    ):
        assert after[name] == before.get(name, 0) + 1
    assert sum(value for name, value in after.items() if name.startswith("gatehouse_store_reads_total")) > 0
    assert not any("nothing" in name for name in after)
    assert {after[f'gatehouse_queue_depth{{queue="{queue}"}}'] for queue in ("publications", "syncs")} == {0}


async def test_the_explorer_is_for_browsers_and_loads_from_here_alone(edge: Edge) -> None:
    for path in PATHS:
        page = await edge.client.get(path, params={"plain": ""}, headers={"accept": "text/html,*/*;q=0.8"})
        assert page.status_code == 200
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert "http" not in page.text.replace("http-equiv", "")
        for file in ("page.js", "page.css", "icon.svg"):
            assert f"/explorer/{file}" in page.text
            assert (await edge.client.get(f"/explorer/{file}")).status_code == 200
    assert (await edge.client.get("/explorer/../../../settings.py")).status_code == 404


async def test_the_log_line_holds_no_secret(edge: Edge, capsys: pytest.CaptureFixture[str]) -> None:
    token = edge.token(PRO)
    query = "query Named($x: String!) { __type(name: $x) { name } }"
    body = {"query": query, "variables": {"x": "v4r14ble"}, "operationName": "Named"}
    await edge.client.post("/graphql", json=body, headers={"authorization": f"Bearer {token}", "x-request-id": "r1"})
    written = "".join(capsys.readouterr())
    [line] = [line for line in written.splitlines() if "r1" in line]
    assert all(fact in line for fact in ("Named", "member", "200", "/graphql"))
    assert not any(secret in written for secret in (token, token.split(".")[2], "v4r14ble", "__type"))

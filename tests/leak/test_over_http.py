"""The same over HTTP, on the application as it is assembled: what the edge adds must not tell what execution kept."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.clock import FixedClock
from tests.flow.edge import Edge, serving
from tests.leak.cases import Case, field_cases
from tests.leak.inputs import input_cases
from tests.leak.planted import ANONYMOUS, CALLERS, PLANTED
from tests.leak.world import PRINCIPALS, World, arguments, build_world
from tests.parts import SessionParts

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(parts: SessionParts, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[World, Edge]]:
    folder: Path = tmp_path_factory.mktemp("served")
    async with (
        parts.database() as urls,
        build_world(urls, await parts.empty_redis()) as world,
        serving(urls.app, parts.redis_url, FixedClock(), folder) as edge,
    ):
        yield world, edge


async def post(edge: Edge, caller: str, body: object, path: str = "/graphql") -> tuple[int, str]:
    headers = {"accept": "application/graphql-response+json"}
    if caller != ANONYMOUS:
        headers["authorization"] = f"Bearer {edge.token(PRINCIPALS[caller])}"
    response = await edge.client.post(path, json=body, headers=headers)
    return response.status_code, response.text


def body_of(case: Case) -> dict[str, object]:
    return {"query": case.query, "variables": dict(case.variables), "operationName": case.operation_name}


@pytest.mark.parametrize("caller", CALLERS)
async def test_a_fifth_of_all_gates_and_shapes_over_http(served: tuple[World, Edge], caller: str) -> None:
    world, edge = served
    contract = world.contracts[caller]
    found = [*field_cases(contract, arguments, thorough=False), *input_cases(contract, arguments)]
    asked = {(case.coordinate, case.shape): case for case in found if case.arrival.operation == "query"}
    for case in list(asked.values())[::5]:
        status, told = await post(edge, caller, body_of(case))
        planted = PLANTED[case.coordinate]
        assert status in (200, 400), f"{caller}: {case}: {told}"
        assert "INTERNAL" not in told, f"{caller}: {case}: {told}"
        if caller not in planted.held_by:
            assert not [value for value in planted.values if value in told], f"{caller}: {case}"


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("path", ["/graphql", "/spa/graphql"])
async def test_batches_are_refused(served: tuple[World, Edge], caller: str, path: str) -> None:
    _, edge = served
    query = {"query": "{ articles { edges { node { body readCount } } } }"}
    for batch in ([query], [query, query], []):
        status, told = await post(edge, caller, batch, path)
        assert status == 400
        assert "data" not in told
        assert "canary" not in told


@pytest.mark.parametrize("caller", CALLERS)
async def test_the_spa_schema_has_nothing_for_operators_whoever_asks(served: tuple[World, Edge], caller: str) -> None:
    _, edge = served
    introspection = {"query": "{ __schema { types { name fields { name args { name } } } directives { name } } }"}
    status, told = await post(edge, caller, introspection, "/spa/graphql")
    assert status == 200
    for word in ("drafts", "stripeEvents", "publishContent", "memberEntitlements", "udience", "StripeEvent"):
        assert word not in told
    for query in ("{ drafts { totalCount } }", "{ members { totalCount } }", '{ member(id: "mem_pro") { email } }'):
        status, told = await post(edge, caller, {"query": query}, "/spa/graphql")
        assert status == 400
        assert "Cannot query field" in told
        assert "mean" not in told

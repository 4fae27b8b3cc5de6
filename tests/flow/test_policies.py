"""Policies of the catalogue, as callers meet them: in what they are refused, in explanations, tokens and the matrix."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from billing.claims import held_by
from gating.acts import Act
from gating.model import Holdings
from gating.overrides import set_override
from gating.policies import Policy, PolicyKind
from gating.values import Override, ValueKind
from identity.model import Kind, Principal
from schema.matrix import changed_cells, render_matrix
from storage.database import Database
from tests.clock import FixedClock
from tests.flow.served import ENTERPRISE, FREE, OPERATOR, PRO, Served, demo_catalogue, member, serve

POLICIES = (
    Policy("downloads", PolicyKind.REGION, frozenset({"KP"})),
    Policy("api_access", PolicyKind.ROLE, only=frozenset({"developer"})),
)
DOWNLOADS = """{ contents(first: 50) { edges { node { ... on Download { fileUrl access {
  granted denial { code feature message requiredPlans { key } action { kind plan roles } } } } } } } }"""
API = "{ me { apiAccess { endpoint } entitlements { feature } } }"
EXPLAIN = """query ($member: ID!, $field: String!, $roles: [String!]) {
  explainAccess(member: $member, field: $field, roles: $roles) { granted code countries values { value }
    policies { feature kind denied only withholds } } }"""
DEVELOPER = Principal(Kind.MEMBER, ENTERPRISE, roles=frozenset({"developer"}))


@pytest.fixture
async def served(database: Database, redis_url: str, clock: FixedClock) -> AsyncIterator[Served]:
    async with serve(database, redis_url, clock, replace(demo_catalogue(), policies=POLICIES)) as running:
        yield running


async def denials_of(served: Served, caller: Principal) -> list[Any]:
    data = await served.data(DOWNLOADS, caller)
    nodes = [edge["node"] for edge in data["contents"]["edges"] if edge["node"]]
    assert nodes
    assert all((node["fileUrl"] is None) == (not node["access"]["granted"]) for node in nodes)
    return [node["access"]["denial"] for node in nodes]


async def test_a_member_in_a_country_denied_is_told_why_and_not_to_buy(served: Served) -> None:
    assert set(await denials_of(served, member(PRO))) == {None}
    await served.give(FREE, Holdings(countries=("KP",)), owner="stripe")
    await served.give(ENTERPRISE, Holdings(countries=("KP",)), owner="stripe")
    for who in (FREE, ENTERPRISE):
        denial = (await denials_of(served, member(who)))[0]
        assert (denial["code"], denial["feature"]) == ("REGION_RESTRICTED", "downloads")
        assert denial["action"] == {"kind": "CORRECT_ADDRESS", "plan": None, "roles": []}
        assert denial["requiredPlans"] == []
        assert "billing address" in denial["message"]
    held = await served.data("{ me { entitlements { feature } } }", member(ENTERPRISE))
    assert "downloads" not in {each["feature"] for each in held["me"]["entitlements"]}


async def test_nothing_that_gives_gets_round_a_policy(served: Served) -> None:
    await served.give(FREE, Holdings(countries=("KP",)), owner="stripe")
    on = Override(ValueKind.FEATURE, "downloads", True, "T-1")
    async with served.services.database.transaction() as connection:
        await set_override(connection, FREE, on, act=Act("olga", "T-1"), now=served.services.clock.now())
    assert (await denials_of(served, member(FREE)))[0]["code"] == "REGION_RESTRICTED"


async def test_a_role_decides_by_the_token(served: Served) -> None:
    refused = await served.ask(API, member(ENTERPRISE))
    [error] = refused.errors
    assert error["extensions"]["code"] == "ROLE_REQUIRED"
    assert error["extensions"]["feature"] == "api_access"
    [detail] = refused.extensions["entitlements"]["denied"]
    assert detail["action"] == {"kind": "REQUEST_ROLE", "plan": None, "roles": ["developer"]}
    data = await served.data(API, DEVELOPER)
    assert data["me"]["apiAccess"] == {"endpoint": "/graphql"}
    assert "api_access" in {each["feature"] for each in data["me"]["entitlements"]}


async def test_it_is_explained_as_it_is_decided(served: Served) -> None:
    await served.give(PRO, Holdings(countries=("FR", "KP")), owner="stripe")
    told = (await served.data(EXPLAIN, OPERATOR, member=PRO, field="Download.fileUrl"))["explainAccess"]
    assert (told["granted"], told["code"], told["countries"]) == (False, "REGION_RESTRICTED", ["FR", "KP"])
    assert told["values"] == [{"value": "held"}]
    policy = {"feature": "downloads", "kind": "REGION", "denied": ["KP"], "only": [], "withholds": True}
    assert told["policies"] == [policy]
    for roles, code in (([], "ROLE_REQUIRED"), (["developer"], None)):
        asked = {"member": ENTERPRISE, "field": "ApiAccess.endpoint", "roles": roles}
        told = (await served.data(EXPLAIN, OPERATOR, **asked))["explainAccess"]
        assert (told["granted"], told["code"]) == (code is None, code)
    own = '{ me { explainAccess(field: "ApiAccess.endpoint") { granted policies { withholds } } } }'
    told = (await served.data(own, DEVELOPER))["me"]["explainAccess"]
    assert told == {"granted": True, "policies": [{"withholds": False}]}


async def test_a_token_says_no_more_than_its_caller_may(served: Served) -> None:
    snapshot, now = await served.services.store.snapshot_of(ENTERPRISE), served.services.clock.now()
    catalogue = served.services.catalogue
    assert "api_access" not in held_by(snapshot, catalogue, now).features
    assert "api_access" in held_by(snapshot, catalogue, now, DEVELOPER.roles).features


def test_the_matrix_has_a_column_for_each_country_and_role_named() -> None:
    plain = demo_catalogue()
    changed = changed_cells(render_matrix(plain), render_matrix(replace(plain, policies=POLICIES)))
    assert "Download.fileUrl | pro | active, in KP: absent -> null, locked REGION_RESTRICTED downloads" in changed
    assert "ApiAccess.endpoint | enterprise | active, as developer: absent -> yes" in changed
    assert "ApiAccess.endpoint | enterprise | active: yes -> null, error ROLE_REQUIRED api_access" in changed
    assert not [cell for cell in changed if cell.startswith("Article.body") and "absent" not in cell]

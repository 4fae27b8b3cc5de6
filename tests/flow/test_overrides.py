"""Operators set what members hold, by the API: guarded, typed, kept with who and why, and explained."""

import pytest
from sqlalchemy import text

from gating.acts import Act
from gating.organizations import create_organization, join_organization
from gating.postgres import PostgresSnapshots
from gating.publish import publish_pending
from identity.model import Kind, Principal
from tests.flow.served import FREE, INTEGRATOR, OPERATOR, PRO, Served, member

SET = """mutation ($input: SetOverrideInput!) { setOverride(input: $input) {
  override { kind key value case endsAt changed } userErrors { code message path } } }"""
REMOVE = """mutation ($input: RemoveOverrideInput!) { removeOverride(input: $input) {
  override { key value changed } userErrors { code path } } }"""
EXPLAIN = """query ($member: ID!, $key: String!) { explainAccess(member: $member, feature: $key) {
  granted values { value rule reasons { standing source sourceId value cause } } } }"""
WHY = {"case": "T-7", "reason": "asked by mail"}


async def publish(served: Served) -> None:
    database = served.services.database
    await publish_pending(database, PostgresSnapshots(database), served.snapshots)


async def test_a_member_holds_what_an_operator_sets_until_it_is_taken_back(served: Served) -> None:
    asked = {"memberId": FREE, "key": "archive", "value": "on", **WHY}
    answer = (await served.data(SET, OPERATOR, input=asked))["setOverride"]
    assert answer == {
        "override": {"kind": "FEATURE", "key": "archive", "value": "held", "case": "T-7", "endsAt": None, "changed": 1},
        "userErrors": [],
    }
    again = (await served.data(SET, OPERATOR, input=asked))["setOverride"]
    assert again["override"]["changed"] == 0
    await publish(served)
    held = await served.data("{ me { entitlements { feature source } } }", member(FREE))
    assert held["me"]["entitlements"] == [{"feature": "archive", "source": "MANUAL"}]
    told = (await served.data(EXPLAIN, OPERATOR, member=FREE, key="archive"))["explainAccess"]
    assert told["granted"]
    assert told["values"][0] == {
        "value": "held",
        "rule": "MEMBER_OVERRIDE",
        "reasons": [
            {
                "standing": "DECIDES",
                "source": "MANUAL",
                "sourceId": "T-7",
                "value": "held",
                "cause": "override set by olga for T-7: asked by mail",
            }
        ],
    }
    taken = await served.data(REMOVE, OPERATOR, input={"memberId": FREE, "key": "archive", **WHY})
    assert taken["removeOverride"]["override"] == {"key": "archive", "value": None, "changed": 1}
    await publish(served)
    snapshot = await served.services.store.snapshot_of(FREE, fresh=True)
    assert (snapshot.overrides, snapshot.revision) == ((), 2)


async def test_an_organisation_s_members_hold_what_is_set_for_it(served: Served) -> None:
    database, now, act = served.services.database, served.services.clock.now(), Act("olga", "T-1")
    async with database.transaction() as connection:
        await create_organization(connection, "org_1", "The team", None, act=act, now=now)
        for each in (FREE, PRO):
            await join_organization(connection, "org_1", each, seat=False, act=act, now=now)
    asked = {"organizationId": "org_1", "key": "projects", "value": "unlimited", **WHY}
    answer = (await served.data(SET, OPERATOR, input=asked))["setOverride"]
    assert (answer["override"]["value"], answer["override"]["changed"]) == ("unlimited", 2)
    told = (await served.data(EXPLAIN, OPERATOR, member=PRO, key="projects"))["explainAccess"]["values"][0]
    assert (told["value"], told["rule"]) == ("unlimited", "ORGANIZATION_OVERRIDE")
    assert {each["standing"] for each in told["reasons"] if each["source"] != "MANUAL"} == {"OVERRIDDEN"}
    taken = await served.data(REMOVE, OPERATOR, input={"organizationId": "org_1", "key": "projects", **WHY})
    assert taken["removeOverride"]["override"]["changed"] == 1


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"key": "archive", "value": "on"}, "Name either `memberId` or `organizationId`"),
        ({"memberId": FREE, "organizationId": "org_1", "key": "archive", "value": "on"}, "Name either"),
        ({"memberId": FREE, "key": "archive", "value": "7"}, "give on or off"),
        ({"memberId": FREE, "key": "projects", "value": "9" * 30}, "too much for projects"),
        ({"memberId": FREE, "key": "nonsense", "value": "on"}, "The catalogue has no `nonsense`"),
        ({"memberId": FREE, "key": "archive", "value": "on", "case": " "}, "`case` is empty"),
        ({"memberId": FREE, "key": "archive", "value": "on", "endsAt": "2027-01-01T00:00:00"}, "no time zone"),
    ],
)
async def test_what_cannot_be_set_is_refused_with_the_remedy(
    served: Served, asked: dict[str, str], complaint: str
) -> None:
    answer = await served.ask(SET, OPERATOR, {"input": {**WHY, **asked}})
    assert complaint in answer.errors[0]["message"]
    assert answer.errors[0]["extensions"]["code"] == "BAD_INPUT"


async def test_whom_nobody_knows_is_a_typed_error(served: Served) -> None:
    for holder, path in (({"memberId": "mem_nobody"}, "memberId"), ({"organizationId": "org_9"}, "organizationId")):
        for query, value in ((SET, {"value": "on"}), (REMOVE, {})):
            [answer] = (await served.data(query, OPERATOR, input={**holder, "key": "archive", **value, **WHY})).values()
            assert [(each["code"], each["path"]) for each in answer["userErrors"]] == [("NOT_FOUND", [path])]
    answer = await served.data(REMOVE, OPERATOR, input={"memberId": FREE, "key": "archive", **WHY})
    assert answer["removeOverride"]["userErrors"][0]["path"] == ["key"]


async def test_only_operators_with_the_scope_set_anything(served: Served) -> None:
    bare = Principal(Kind.OPERATOR, "bob", frozenset({"entitlements:read"}))
    for caller in (bare, INTEGRATOR, member(PRO)):
        answer = await served.ask(SET, caller, {"input": {"memberId": PRO, "key": "archive", "value": "on", **WHY}})
        assert answer.request_error
    async with served.services.database.transaction() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM operator_act"))).scalar_one() == 0

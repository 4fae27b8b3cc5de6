"""Explanations against what was decided: over every recorded history, then and afterwards; and as operators ask."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from billing.evidence import find_event_behind
from billing.model import Catalogue
from gating.codec import decode_content
from gating.explain import explain
from gating.history import list_changes, origin_of
from gating.model import Grant, Holdings, LimitGrant, Snapshot, Source
from gating.values import Override, ValueKind
from storage.database import Database
from tests.clock import FixedClock
from tests.flow.replay import Gatehouse, at, gatehouse
from tests.flow.served import ENTERPRISE, FREE, INTEGRATOR, OPERATOR, PRO, Served, member
from tests.stripe_server.catalogues import catalogue_of
from tests.stripe_server.history import History, load_histories
from tests.stripe_server.made_histories import made_histories
from tests.stripe_server.server import StripeServer, serving
from tests.stripe_server.world import World


@dataclass(frozen=True, slots=True)
class Decided:
    """What was true when it was asked for, `at` after the event `event_id`."""

    at: datetime
    event_id: str
    snapshot: Snapshot
    features: frozenset[str]
    limits: dict[str, Any]


@pytest.mark.parametrize("history", [*load_histories(), *made_histories()], ids=lambda history: history.name)
async def test_it_agrees_with_every_decision_of_the_histories(
    history: History, database: Database, clock: FixedClock
) -> None:
    catalogue = catalogue_of(history.catalogue, history.policy)
    async with serving(StripeServer(largest_page=1)) as server:
        world = server.add(World(history))
        async with gatehouse(database, server, catalogue, clock) as ours:
            decided = [
                await decide_after(position, history, world, ours) for position in range(1, len(history.steps) + 1)
            ]
            for decision in decided:
                await agrees(decision, catalogue, ours, history.member_id)
            await the_log_agrees(catalogue, ours, history.member_id)
    assert any(decision.features for decision in decided)


async def decide_after(position: int, history: History, world: World, ours: Gatehouse) -> Decided:
    """Delivers one more event, an instant after the former one, and asks the authority."""
    step = history.steps[position - 1]
    world.position, ours.clock.at = position, at(step.created) + timedelta(milliseconds=position)
    await ours.deliver(step)
    await ours.worker.run_until_idle()
    snapshot, now = await ours.snapshot_of(history.member_id), ours.clock.now()
    return Decided(now, step.id, snapshot, snapshot.features_at(now), snapshot.limits_at(now))


async def agrees(decided: Decided, catalogue: Catalogue, ours: Gatehouse, member_id: str) -> None:
    changes = await list_changes(ours.database, member_id, decided.at)
    then = changes[0].snapshot if changes else Snapshot(member_id, 0)
    assert then == decided.snapshot
    for feature in catalogue.features:
        told = explain(then, ValueKind.FEATURE, feature, decided.at, catalogue.scales)
        assert told.value == (feature in decided.features), (feature, decided.event_id)
    for limit in catalogue.limits:
        told = explain(then, ValueKind.LIMIT, limit, decided.at, catalogue.scales)
        assert told.value == decided.limits.get(limit, 0), (limit, decided.event_id)
    for grant in then.grants:
        origin = origin_of(grant, changes)
        assert origin is not None
        event = await find_event_behind(ours.database, grant.source_id, origin.recorded_at)
        assert event is not None
        assert event.received_at == origin.recorded_at, "each event was taken in before the next one came"


async def the_log_agrees(catalogue: Catalogue, ours: Gatehouse, member_id: str) -> None:
    """Every revision ever recorded, at the instant it was and at each date in it."""
    rows = await ours.database.fetch("SELECT * FROM entitlement_log ORDER BY member_id, revision")
    assert rows
    for row in (row for row in rows if row.member_id == member_id):
        recorded = decode_content(member_id, row.revision, row.after)
        [latest, *_] = await list_changes(ours.database, member_id, row.recorded_at)
        assert latest.snapshot == recorded
        dates = {row.recorded_at, *(each.ends_at for each in recorded.grants if each.ends_at)}
        for when in dates:
            held = {
                feature
                for feature in catalogue.features
                if explain(recorded, ValueKind.FEATURE, feature, when, catalogue.scales).value
            }
            assert held == recorded.features_at(when)


ASK = """query ($member: ID!, $feature: String, $field: String, $at: DateTime) {
  explainAccess(member: $member, feature: $feature, field: $field, at: $at) {
    at revision granted code values { kind key value rule reasons {
      standing source sourceId plan value startsAt endsAt revision recordedAt cause stripeEvent { id } } } } }"""
ASK_OWN = """query ($field: String, $feature: String, $at: DateTime) {
  me { explainAccess(feature: $feature, field: $field, at: $at) {
    granted code revision values { key value rule reasons { standing source endsAt } } } } }"""
FOR_OPERATORS = '{ me { explainAccess(feature: "archive") { values { reasons { sourceId } } } } }'


async def test_an_operator_learns_why(served: Served) -> None:
    told = (await served.data(ASK, OPERATOR, member=PRO, field="Article.body"))["explainAccess"]
    now = served.services.clock.now().isoformat()
    assert (told["at"], told["revision"], told["granted"], told["code"]) == (now, 1, True, None)
    assert told["values"] == [
        {
            "kind": "FEATURE",
            "key": "content_premium",
            "value": "held",
            "rule": "ANY_GRANT",
            "reasons": [
                {
                    "standing": "DECIDES",
                    "source": "SUBSCRIPTION",
                    "sourceId": "sub_1",
                    "plan": "pro",
                    "value": "held",
                    "startsAt": None,
                    "endsAt": None,
                    "revision": 1,
                    "recordedAt": now,
                    "cause": "test",
                    "stripeEvent": None,
                }
            ],
        }
    ]
    lacks = (await served.data(ASK, OPERATOR, member=FREE, field="Article.body"))["explainAccess"]
    assert (lacks["granted"], lacks["code"], lacks["values"][0]["rule"]) == (False, "ENTITLEMENT_REQUIRED", "NO_REASON")
    assert (await served.data(ASK, OPERATOR, member="mem_nobody", feature="archive"))["explainAccess"] is None


async def test_the_past_is_as_it_was(served: Served, clock: FixedClock) -> None:
    before, began = clock.at - timedelta(days=1), clock.at
    clock.at += timedelta(days=10)
    gift = Grant("archive", Source.MANUAL, "gift_1", ends_at=clock.at + timedelta(days=1))
    await served.give(FREE, Holdings((gift,), (LimitGrant("projects", 2, Source.MANUAL, "gift_1"),)), owner="operator")
    await served.subscribe_to(PRO, None)

    async def told(who: str, when: datetime | None, **asked: str) -> Any:
        answer = await served.data(ASK, OPERATOR, member=who, at=when and when.isoformat(), **asked)
        return answer["explainAccess"]

    history = [(await told(PRO, when, feature="archive"))["granted"] for when in (before, began, None)]
    assert history == [False, True, False]
    assert [(await told(PRO, when, feature="archive"))["revision"] for when in (before, began, None)] == [0, 1, 2]
    ends = clock.at + timedelta(days=1)
    assert [(await told(FREE, when, feature="archive"))["granted"] for when in (None, ends)] == [True, False]
    [value] = (await told(FREE, None, feature="projects"))["values"]
    assert (value["value"], value["rule"]) == ("3", "FLOOR")
    assert [each["standing"] for each in value["reasons"]] == ["DECIDES", "COUNTS_NOT"]


async def test_a_member_learns_it_of_itself_and_of_nobody_else(served: Served) -> None:
    override = Override(ValueKind.FEATURE, "analytics", False, "case_1")
    await served.give(PRO, Holdings(overrides=(override,)), owner="operator")
    own = (await served.data(ASK_OWN, member(PRO), field="Article.readCount"))["me"]["explainAccess"]
    assert (own["granted"], own["code"]) == (False, "ENTITLEMENT_REQUIRED")
    [value] = own["values"]
    assert (value["value"], value["rule"]) == ("not held", "MEMBER_OVERRIDE")
    assert [each["standing"] for each in value["reasons"]] == ["OVERRIDDEN", "DECIDES"]
    inner = await served.ask(FOR_OPERATORS, member(PRO))
    assert inner.request_error
    for caller in (member(PRO), INTEGRATOR):
        assert (await served.ask(ASK, caller, {"member": ENTERPRISE, "feature": "archive"})).request_error


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({}, "Name either"),
        ({"feature": "archive", "field": "Article.body"}, "Name either"),
        ({"feature": "nonsense"}, "no feature, limit or level"),
        ({"field": "Article.nonsense"}, "nothing in this schema"),
        ({"field": "Query.members"}, "nothing in this schema"),
        ({"field": "Article.body", "at": "2026-03-01T00:00:00"}, "no time zone"),
    ],
)
async def test_what_cannot_be_explained_is_refused_with_the_remedy(
    served: Served, asked: dict[str, str], complaint: str
) -> None:
    answer = await served.ask(ASK_OWN, member(PRO), asked)
    assert complaint in answer.errors[0]["message"]
    assert answer.errors[0]["extensions"]["code"] == "BAD_INPUT"


async def test_an_open_field_hangs_on_nothing(served: Served) -> None:
    told = (await served.data(ASK_OWN, member(FREE), field="Article.title"))["me"]["explainAccess"]
    assert (told["granted"], told["values"]) == (True, [])


async def test_every_gated_coordinate_is_explained_as_it_is_decided(served: Served) -> None:
    for who in (FREE, PRO, ENTERPRISE):
        access = await served.services.store.access_for(member(who))
        contract = served.contract_of(OPERATOR, None)
        gate = contract.gate_for(access)
        inputs = (gate.arguments, gate.inputs, gate.enum_values)
        denied = {each.rule.coordinate for part in inputs for each in part.values()}
        denied |= {each.rule.coordinate for fields in gate.fields.values() for each in fields.values()}
        for rule in contract.rules.every_rule():
            told = (await served.data(ASK, OPERATOR, member=who, field=rule.coordinate))["explainAccess"]
            assert told["granted"] == (rule.coordinate not in denied), rule.coordinate

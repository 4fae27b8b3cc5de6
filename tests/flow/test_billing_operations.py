"""What operators read and do over GraphQL to keep up with Stripe."""

import orjson
from sqlalchemy import text

from gating.model import DenialCode
from identity.model import Kind, Principal
from tests.flow.served import OPERATOR, Served, member

EVENT = {
    "id": "evt_one",
    "object": "event",
    "type": "invoice.paid",
    "created": 1_772_000_000,
    "livemode": False,
    "data": {"object": {"id": "in_1", "object": "invoice", "customer": "cus_1"}},
}
STATE = "{ stripeEvents(first: 5) { edges { node { id state body } } } }"
DEAD = "{ deadLetters { totalCount edges { node { id kind attempts reason } } } }"
REPLAY = (
    "mutation($id: ID!) { replayStripeEvent(input: {eventId: $id}) { event { id state } userErrors { code path } } }"
)
REVIVE = (
    "mutation($id: ID!) { replayDeadLetter(input: {deadLetterId: $id})"
    " { deadLetter { id reason } userErrors { code } } }"
)
START = (
    "mutation($key: String!) { startReconciliation(input: {idempotencyKey: $key})"
    " { reconciliation { id finishedAt drifts { kind } } userErrors { code } } }"
)
RUNS = "{ reconciliations { totalCount edges { node { id customers drifts { kind customerId detail } } } } }"


async def execute(served: Served, statement: str) -> None:
    async with served.services.database.transaction() as connection:
        await connection.execute(text(statement))


async def test_events_are_shown_with_what_became_of_them_and_replayed(served: Served) -> None:
    await served.inbox.accept(orjson.dumps(EVENT))
    [edge] = (await served.data(STATE, OPERATOR))["stripeEvents"]["edges"]
    assert (edge["node"]["id"], edge["node"]["state"]) == ("evt_one", "WAITING")
    assert orjson.loads(edge["node"]["body"]) == EVENT
    await execute(served, "UPDATE customer_sync SET clean = dirty")
    assert (await served.data(STATE, OPERATOR))["stripeEvents"]["edges"][0]["node"]["state"] == "DONE"
    for _again in range(2):
        answer = (await served.data(REPLAY, OPERATOR, id="evt_one"))["replayStripeEvent"]
        assert answer == {"event": {"id": "evt_one", "state": "WAITING"}, "userErrors": []}
    [row] = await served.services.database.fetch("SELECT dirty FROM customer_sync")
    assert row.dirty == 3
    answer = (await served.data(REPLAY, OPERATOR, id="evt_none"))["replayStripeEvent"]
    assert answer == {"event": None, "userErrors": [{"code": "NOT_FOUND", "path": ["eventId"]}]}


async def test_dead_letters_are_listed_and_tried_again(served: Served) -> None:
    await served.inbox.accept(orjson.dumps(EVENT))
    assert (await served.data(DEAD, OPERATOR))["deadLetters"]["totalCount"] == 0
    await execute(served, "UPDATE customer_sync SET dead_at = now(), attempts = 8, reason = 'KeyError in x.py:1'")
    letter = {"id": "cus_1", "kind": "customer", "attempts": 8, "reason": "KeyError in x.py:1"}
    assert (await served.data(DEAD, OPERATOR))["deadLetters"]["edges"] == [{"node": letter}]
    answer = (await served.data(REVIVE, OPERATOR, id="cus_1"))["replayDeadLetter"]
    assert answer == {"deadLetter": {"id": "cus_1", "reason": "KeyError in x.py:1"}, "userErrors": []}
    assert (await served.data(DEAD, OPERATOR))["deadLetters"]["totalCount"] == 0
    answer = (await served.data(REVIVE, OPERATOR, id="cus_1"))["replayDeadLetter"]
    assert answer == {"deadLetter": None, "userErrors": [{"code": "NOT_FOUND"}]}


async def test_a_reconciliation_is_asked_for_once_for_each_key_and_shows_what_it_found(served: Served) -> None:
    first, again, other = [
        (await served.data(START, OPERATOR, key=key))["startReconciliation"] for key in ("a", "a", "b")
    ]
    assert first == again != other
    assert first["userErrors"] == []
    assert (first["reconciliation"]["finishedAt"], first["reconciliation"]["drifts"]) == (None, [])
    await execute(
        served,
        "INSERT INTO drift (reconciliation_id, kind, customer_id, detail, found_at)"
        " SELECT id, 'mirror', 'cus_1', 'gone', now() FROM reconciliation",
    )
    runs = (await served.data(RUNS, OPERATOR))["reconciliations"]
    assert runs["totalCount"] == 2
    assert {edge["node"]["id"] for edge in runs["edges"]} == {
        first["reconciliation"]["id"],
        other["reconciliation"]["id"],
    }
    for edge in runs["edges"]:
        assert edge["node"]["drifts"] == [{"kind": "MIRROR", "customerId": "cus_1", "detail": "gone"}]


async def test_reading_takes_one_scope_and_replaying_another(served: Served) -> None:
    reader = Principal(Kind.OPERATOR, "rita", frozenset({"events:read"}))
    assert (await served.data(DEAD, reader))["deadLetters"]["totalCount"] == 0
    answer = await served.ask(REPLAY, reader, {"id": "evt_one"})
    assert [error["extensions"]["code"] for error in answer.errors] == [DenialCode.SCOPE_REQUIRED]
    for query in (DEAD, RUNS, STATE):
        assert (await served.ask(query, member("mem_pro"))).request_error, "it is not in the members' schema"

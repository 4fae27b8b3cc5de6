"""Experiments on real parts: set by the API, in every process within two seconds, in decisions and explanations."""

import asyncio
from contextlib import aclosing
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gating.acts import Act
from gating.experiment_book import ExperimentBook, end_experiment, list_experiments, record_experiment
from gating.experiments import Change, Experiment, Variant
from gating.model import Snapshot
from gating.store import EntitlementStore
from gating.values import ValueKind
from identity.model import Kind, Principal
from storage.database import Database
from tests.clock import FixedClock
from tests.fakes.snapshots import MemoryCache, MemorySource
from tests.flow.served import FREE, INTEGRATOR, OPERATOR, PRO, Served, member

ACT = Act("olga", "T-1")
SET = """mutation ($input: SetExperimentInput!) { setExperiment(input: $input) {
  experiment { key plans startsAt variants { name weight changes { kind key value } } } userErrors { code } } }"""
END = """mutation ($key: String!) { endExperiment(input: {key: $key, case: "T-2"}) {
  experiment { key } userErrors { code path } } }"""
EXPLAIN = """query ($member: ID!, $key: String!, $at: DateTime) {
  explainAccess(member: $member, feature: $key, at: $at) {
    granted values { kind value rule reasons { standing source sourceId value } } } }"""
HELD = "{ me { entitlements { feature source } limits { key value } } }"
MORE = {
    "key": "more_free",
    "plans": ["free"],
    "variants": [
        {"name": "more", "weight": 1, "changes": [{"key": "archive", "value": "on"}, {"key": "projects", "value": "9"}]}
    ],
    "case": "T-1",
}


def in_words(each: dict[str, Any]) -> tuple[str, str, str]:
    return each["standing"], each["source"], each["value"]


async def test_what_is_tried_is_had_for_nothing_and_explained(served: Served, clock: FixedClock) -> None:
    before = clock.at
    clock.advance(timedelta(hours=1))
    answer = (await served.data(SET, OPERATOR, input=MORE))["setExperiment"]
    assert answer["experiment"]["variants"][0]["changes"] == [
        {"kind": "FEATURE", "key": "archive", "value": "held"},
        {"kind": "LIMIT", "key": "projects", "value": "9"},
    ]
    assert await served.experiments.load()
    served.services.store.forget()
    me = (await served.data(HELD, member(FREE)))["me"]
    assert me["entitlements"] == [{"feature": "archive", "source": "EXPERIMENT"}]
    assert {"key": "projects", "value": 9} in me["limits"]
    paid = (await served.data(HELD, member(PRO)))["me"]
    assert {"key": "projects", "value": 50} in paid["limits"]
    assert (await served.data("{ contents(includeArchived: true) { totalCount } }", member(FREE)))["contents"]

    async def told(who: str, key: str, at: Any = None) -> Any:
        found = await served.data(EXPLAIN, OPERATOR, member=who, key=key, at=at and at.isoformat())
        return found["explainAccess"]

    archive, projects = await told(FREE, "archive"), (await told(FREE, "projects"))["values"][0]
    assert (archive["granted"], archive["values"][0]["rule"]) == (True, "EXPERIMENT")
    assert archive["values"][0]["reasons"][0]["sourceId"] == "more_free:more"
    assert (projects["value"], projects["rule"]) == ("9", "EXPERIMENT")
    assert [in_words(each) for each in projects["reasons"]] == [
        ("OVERRIDDEN", "FREE", "3"),
        ("DECIDES", "EXPERIMENT", "9"),
    ]
    assert not (await told(FREE, "archive", before))["granted"], "it was not said then"
    assert not [each for each in (await told(PRO, "archive"))["values"][0]["reasons"] if each["source"] == "EXPERIMENT"]
    clock.advance(timedelta(hours=1))
    during = clock.at - timedelta(minutes=1)
    assert (await served.data(END, OPERATOR, key="more_free"))["endExperiment"]["experiment"] == {"key": "more_free"}
    assert not (await told(FREE, "archive"))["granted"]
    assert (await told(FREE, "archive", during))["granted"], "what held then can still be told"
    gone = (await served.data(END, OPERATOR, key="more_free"))["endExperiment"]
    assert gone["userErrors"] == [{"code": "NOT_FOUND", "path": ["key"]}]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"key": "More free"}, "cannot name an experiment"),
        ({"plans": ["gratis"]}, "The catalogue has no plan `gratis`"),
        ({"variants": []}, "at least one of them more than 0"),
        ({"variants": [{"name": "a", "weight": -1}]}, "weight of 0 or more"),
        ({"variants": [{"name": "a", "weight": 1}, {"name": "a", "weight": 1}]}, "the same name"),
        ({"variants": [{"name": "a", "weight": 1, "changes": [{"key": "nothing", "value": "on"}]}]}, "no `nothing`"),
        ({"startsAt": "2027-01-02T00:00:00Z", "endsAt": "2027-01-01T00:00:00Z"}, "end before it begins"),
        ({"startsAt": "2027-01-02T00:00:00"}, "`startsAt` has no time zone"),
    ],
)
async def test_what_cannot_be_tried_is_refused_with_the_remedy(
    served: Served, change: dict[str, Any], complaint: str
) -> None:
    answer = await served.ask(SET, OPERATOR, {"input": {**MORE, **change}})
    assert complaint in answer.errors[0]["message"]
    assert await list_experiments(served.services.database) == []


async def test_only_operators_with_the_scope_try_anything(served: Served) -> None:
    bare = Principal(Kind.OPERATOR, "bob", frozenset({"entitlements:read"}))
    for caller in (bare, INTEGRATOR, member(PRO)):
        assert (await served.ask(SET, caller, {"input": MORE})).request_error


TRIED = Experiment("more_free", (Variant("more", 1, (Change(ValueKind.FEATURE, "archive", True),)),))
ANN = Principal(Kind.MEMBER, "ann")


def everybody(_snapshot: Snapshot, _now: object) -> str | None:
    return "free"


async def record(database: Database, clock: FixedClock, experiment: Experiment | None) -> None:
    async with database.transaction() as connection:
        if experiment is None:
            await end_experiment(connection, TRIED.key, act=ACT, now=clock.now())
        else:
            await record_experiment(connection, experiment, act=ACT, now=clock.now())


async def test_every_process_knows_within_two_seconds_and_asks_nothing_meanwhile(
    database: Database, clock: FixedClock
) -> None:
    """The members' snapshots stay where they are: neither the cache nor the authority is asked because of it."""
    sources = [MemorySource(), MemorySource()]
    books = [ExperimentBook(database, everybody) for _ in sources]
    stores = [
        EntitlementStore(source, MemoryCache(clock), clock, experiments=book, monotonic=lambda: 0.0)
        for source, book in zip(sources, books, strict=True)
    ]
    running = [asyncio.create_task(book.run(store.forget)) for book, store in zip(books, stores, strict=True)]

    async def all_have(held: bool) -> float:
        began = monotonic()
        while [("archive" in (await store.access_for(ANN)).features) for store in stores] != [held, held]:
            assert monotonic() - began < 2
            await asyncio.sleep(0.005)
        return monotonic() - began

    try:
        await all_have(held=False)
        await asyncio.sleep(0.2)
        async with aclosing(stores[1].changes()) as changes:
            assert await anext(changes) is None
            await record(database, clock, TRIED)
            await all_have(held=True)
            assert await anext(changes) is None, "whoever follows is told to look"
        reads = [source.reads for source in sources]
        for _ in range(100):
            await stores[0].access_for(ANN)
        assert [source.reads for source in sources] == reads
        await record(database, clock, None)
        await all_have(held=False)
    finally:
        for task in running:
            task.cancel()


async def test_without_postgres_what_is_known_stands_for_a_minute_and_no_longer(
    database: Database, clock: FixedClock
) -> None:
    seconds = 100.0
    book = ExperimentBook(database, everybody, lambda: seconds)
    await record(database, clock, TRIED)
    assert book.variations_of(Snapshot("ann", 1), clock.now()) == ()
    assert await book.load()
    assert not await book.load()
    assert len(book.variations_of(Snapshot("ann", 1), clock.now())) == 1
    seconds += 59
    assert len(book.variations_of(Snapshot("ann", 1), clock.now())) == 1
    seconds += 1
    assert book.variations_of(Snapshot("ann", 1), clock.now()) == ()
    assert await book.load(), "and comes back with it"


async def test_what_was_said_is_read_as_it_was_said_and_never_rewritten(database: Database, clock: FixedClock) -> None:
    said = Experiment(
        "pricing",
        (Variant("a", 3), Variant("b", 5, (Change(ValueKind.LIMIT, "projects", None),))),
        frozenset({"free", "pro"}),
        clock.now(),
        clock.now() + timedelta(days=3),
    )
    await record(database, clock, said)
    assert await list_experiments(database) == [said]
    assert await list_experiments(database, clock.now() - timedelta(seconds=1)) == []
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction() as connection:
            await connection.execute(text("DELETE FROM experiment"))

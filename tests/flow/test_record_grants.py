"""Grants on real PostgreSQL: replaced by owner, the revision raised iff something changed, each change logged."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gating.codec import decode_snapshot, encode_snapshot, hash_content
from gating.model import Grant, LimitGrant, Source
from gating.postgres import PostgresSnapshots
from gating.record import CHANNEL, record_grants
from identity.members import ensure_member
from storage.database import Database

Content = dict[str, list[Any]]

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CUSTOMER = "stripe:cus_1"
PRO = Grant("downloads", Source.SUBSCRIPTION, "sub_1", "pro", NOW, NOW + timedelta(days=30))
GIFT = Grant("analytics", Source.MANUAL, "gift_1")
CALLS = LimitGrant("calls", 100, Source.SUBSCRIPTION, "sub_1")


@pytest.fixture(autouse=True)
async def members(database: Database) -> None:
    async with database.transaction() as connection:
        await ensure_member(connection, "ann")
        await ensure_member(connection, "bob")


async def give(
    database: Database, member_id: str, *grants: Grant, limits: tuple[LimitGrant, ...] = (), owner: str = CUSTOMER
) -> int | None:
    async with database.transaction() as connection:
        return await record_grants(
            connection, member_id, owner=owner, grants=grants, limits=limits, cause="test", now=NOW
        )


async def give_and_fail(database: Database) -> None:
    async with database.transaction() as connection:
        await record_grants(connection, "ann", owner=CUSTOMER, grants=[PRO], limits=(), cause="test", now=NOW)
        raise ZeroDivisionError


async def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await database.fetch(query)]


async def test_the_first_grants_make_revision_one(database: Database) -> None:
    assert await give(database, "ann", PRO, GIFT, limits=(CALLS, CALLS)) == 1
    snapshot = await PostgresSnapshots(database).get_snapshot("ann")
    assert (snapshot.revision, set(snapshot.grants), snapshot.limits) == (1, {PRO, GIFT}, (CALLS, CALLS))
    assert decode_snapshot("ann", encode_snapshot(snapshot)) == snapshot


async def test_equal_facts_in_another_order_change_nothing(database: Database) -> None:
    assert await give(database, "ann", PRO, GIFT) == 1
    assert await give(database, "ann", GIFT, PRO, GIFT) is None
    assert await rows(database, "SELECT member_id, revision FROM entitlement_log") == [("ann", 1)]


async def test_an_owner_replaces_its_own_grants_and_no_others(database: Database) -> None:
    await give(database, "ann", PRO)
    assert await give(database, "ann", GIFT, owner="manual:7") == 2
    assert await give(database, "ann") == 3
    assert (await PostgresSnapshots(database).get_snapshot("ann")).grants == (GIFT,)


async def test_the_same_right_from_another_owner_is_no_change(database: Database) -> None:
    await give(database, "ann", PRO)
    assert await give(database, "ann", PRO, owner="stripe:cus_2") is None
    assert await give(database, "ann") is None
    assert (await PostgresSnapshots(database).get_snapshot("ann")).grants == (PRO,)


async def test_relinking_takes_from_the_former_member(database: Database) -> None:
    await give(database, "ann", PRO, limits=(CALLS,))
    assert await give(database, "bob", PRO, limits=(CALLS,)) == 1
    former = await PostgresSnapshots(database).get_snapshot("ann")
    assert (former.revision, former.grants, former.limits) == (2, (), ())
    assert await rows(database, "SELECT * FROM entitlement_outbox ORDER BY member_id") == [("ann", 2), ("bob", 1)]


async def test_the_log_tells_before_and_after_and_cannot_be_rewritten(database: Database) -> None:
    await give(database, "ann", GIFT)
    await give(database, "ann")
    logged = await rows(database, "SELECT revision, cause, before, after, recorded_at FROM entitlement_log")
    nothing: Content = {"grants": [], "limits": []}
    gift: Content = {"grants": [["analytics", "manual", "gift_1", None, None, None]], "limits": []}
    assert logged == [(1, "test", nothing, gift, NOW), (2, "test", gift, nothing, NOW)]
    for statement in ("UPDATE entitlement_log SET cause = 'x'", "DELETE FROM entitlement_log"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.transaction() as connection:
                await connection.execute(text(statement))


async def test_the_stored_hash_is_that_of_the_content(database: Database) -> None:
    await give(database, "ann", GIFT)
    [(stored,)] = await rows(database, "SELECT content_hash FROM member_entitlement")
    assert stored == hash_content(b'{"grants":[["analytics","manual","gift_1",null,null,null]],"limits":[]}')


async def test_nothing_is_published_of_a_transaction_that_failed(database: Database) -> None:
    notes = database.listen(CHANNEL)
    assert await anext(notes) is None
    with pytest.raises(ZeroDivisionError):
        await give_and_fail(database)
    assert await rows(database, "SELECT * FROM entitlement_outbox") == []
    await give(database, "bob", PRO)
    assert await anext(notes) == "bob"
    await notes.aclose()


async def test_one_customer_linked_to_two_members_at_once_ends_with_one(database: Database) -> None:
    for _ in range(10):
        await asyncio.gather(give(database, "ann", PRO), give(database, "bob", PRO))
        held = [(await PostgresSnapshots(database).get_snapshot(each)).grants for each in ("ann", "bob")]
        assert sorted(map(len, held)) == [0, 1]


async def test_revisions_rise_by_one_under_concurrent_owners(database: Database) -> None:
    revisions = await asyncio.gather(*(give(database, "ann", PRO, owner=f"o:{n}", limits=(CALLS,)) for n in range(12)))
    assert sorted(revision or 0 for revision in revisions) == list(range(1, 13))
    assert await rows(database, "SELECT * FROM entitlement_outbox") == [("ann", 12)]


async def test_an_unknown_member_is_at_revision_zero(database: Database) -> None:
    snapshot = await PostgresSnapshots(database).get_snapshot("nobody")
    assert (snapshot.revision, snapshot.grants, snapshot.limits) == (0, (), ())

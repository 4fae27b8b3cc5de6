"""Organisations on real PostgreSQL: what is set for all of them, and seats that follow what their payer has."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from errors import BadInput
from gating.acts import Act
from gating.model import Grant, LevelGrant, LimitGrant, Snapshot, Source
from gating.organizations import create_organization, find_organizations, join_organization, leave_organization
from gating.overrides import remove_organization_override, set_organization_override, set_override
from gating.postgres import PostgresSnapshots
from gating.record import record_grants
from gating.values import Override, ValueKind
from identity.members import ensure_member
from storage.database import Database

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENDS = NOW + timedelta(days=30)
WHY = (Source.SUBSCRIPTION, "sub_1")
BOUGHT = (Grant("downloads", *WHY, "pro", None, ENDS), Grant("archive", Source.ADD_ON, "sub_1", "shelf"))
GIFT = Grant("analytics", Source.MANUAL, "gift_1")
SEATS, CALLS = LimitGrant("seats", 2, Source.ADD_ON, "sub_1"), LimitGrant("calls", 100, *WHY)
ACT = Act("olga", "T-1", "asked by mail")


@pytest.fixture(autouse=True)
async def team(database: Database) -> None:
    """Pam pays for two seats."""
    async with database.transaction() as connection:
        for each in ("ann", "bob", "cid", "pam"):
            await ensure_member(connection, each)
    await pay(database, SEATS)
    async with database.transaction() as connection:
        assert await create_organization(connection, "org_1", "The team", "pam", act=ACT, now=NOW)


async def pay(database: Database, *limits: LimitGrant, grants: tuple[Grant, ...] = (*BOUGHT, GIFT)) -> None:
    async with database.transaction() as connection:
        await record_grants(
            connection,
            "pam",
            owner="stripe:cus_1",
            grants=grants,
            limits=(CALLS, *limits),
            levels=[LevelGrant("support", "priority", *WHY)],
            cause="test",
            now=NOW,
        )


async def join(database: Database, member_id: str, *, seat: bool = True) -> int | None:
    async with database.transaction() as connection:
        return await join_organization(connection, "org_1", member_id, seat=seat, act=ACT, now=NOW)


async def held(database: Database, member_id: str) -> Snapshot:
    return await PostgresSnapshots(database).get_snapshot(member_id)


async def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await database.fetch(query)]


async def test_a_seat_gives_what_the_payer_bought_and_nothing_else(database: Database) -> None:
    assert await join(database, "ann") == 1
    ann = await held(database, "ann")
    assert set(ann.grants) == {replace(each, source=Source.SEAT, source_id="org_1") for each in BOUGHT}
    assert ann.limits == (replace(CALLS, source=Source.SEAT, source_id="org_1"),)
    assert [(each.level, each.value) for each in ann.levels] == [("support", "priority")]
    assert ann.hard_until(NOW) == ENDS
    [(cause,)] = await rows(database, "SELECT cause FROM entitlement_log WHERE member_id = 'ann'")
    assert cause == "seat given by olga for T-1: asked by mail"


async def test_a_seat_follows_its_payer_in_the_same_transaction(database: Database) -> None:
    await join(database, "ann")
    await pay(database, SEATS, grants=BOUGHT[:1])
    ann = await held(database, "ann")
    assert (ann.revision, ann.features_at(NOW)) == (2, {"downloads"})
    assert await rows(database, "SELECT * FROM entitlement_outbox ORDER BY member_id") == [("ann", 2), ("pam", 2)]
    await pay(database, SEATS, grants=())
    assert (await held(database, "ann")).features_at(NOW) == frozenset()


async def test_there_are_no_more_seats_than_were_bought(database: Database) -> None:
    await join(database, "ann")
    await join(database, "bob")
    with pytest.raises(BadInput, match="All 2 seats"):
        await join(database, "cid")
    assert await join(database, "cid", seat=False) is None
    assert await join(database, "bob") is None, "a seat kept is the same seat"
    assert (await find_organizations(database, ["org_1"]))["org_1"].seats == 2


async def test_the_last_seat_goes_to_one_of_those_who_want_it_at_once(database: Database) -> None:
    await join(database, "ann")
    outcomes = await asyncio.gather(join(database, "bob"), join(database, "cid"), return_exceptions=True)
    assert sorted(type(each).__name__ for each in outcomes) == ["BadInput", "int"]


async def test_seats_cut_end_with_the_latest_and_come_back(database: Database) -> None:
    await join(database, "ann")
    await join(database, "bob")
    await pay(database, replace(SEATS, value=1))
    assert [bool((await held(database, each)).grants) for each in ("ann", "bob")] == [True, False]
    await pay(database, replace(SEATS, value=None))
    assert [bool((await held(database, each)).grants) for each in ("ann", "bob")] == [True, True]
    await join(database, "cid")


async def test_who_leaves_loses_the_seat_and_what_was_set(database: Database) -> None:
    await join(database, "ann")
    async with database.transaction() as connection:
        await set_organization_override(connection, "org_1", MORE, act=ACT, now=NOW)
    async with database.transaction() as connection:
        assert await leave_organization(connection, "org_1", "ann", act=ACT, now=NOW)
    ann = await held(database, "ann")
    assert (ann.revision, ann.grants, ann.overrides) == (3, (), ())
    async with database.transaction() as connection:
        assert not await leave_organization(connection, "org_1", "ann", act=ACT, now=NOW)


MORE = Override(ValueKind.LIMIT, "projects", 200, "T-2")


async def test_what_is_set_for_an_organisation_is_its_members_and_theirs_who_join_later(database: Database) -> None:
    await join(database, "ann", seat=False)
    async with database.transaction() as connection:
        assert await set_organization_override(connection, "org_1", MORE, act=ACT, now=NOW) == {"ann": 1}
    await join(database, "bob", seat=False)
    for each in ("ann", "bob"):
        snapshot = await held(database, each)
        assert snapshot.overrides == (replace(MORE, organization="org_1"),)
        assert snapshot.limits_at(NOW) == {"projects": 200}
    async with database.transaction() as connection:
        await set_override(connection, "ann", replace(MORE, value=5), act=ACT, now=NOW)
    assert (await held(database, "ann")).limits_at(NOW) == {"projects": 5}
    async with database.transaction() as connection:
        kind, key = MORE.kind, MORE.key
        assert await remove_organization_override(connection, "org_1", kind, key, act=ACT, now=NOW)
        assert not await remove_organization_override(connection, "org_1", kind, key, act=ACT, now=NOW)
    assert (await held(database, "bob")).limits_at(NOW) == {}


async def test_an_override_of_the_payer_s_seats_moves_seats(database: Database) -> None:
    await join(database, "ann")
    async with database.transaction() as connection:
        await set_override(connection, "pam", Override(ValueKind.LIMIT, "seats", 0, "T-3"), act=ACT, now=NOW)
    assert (await held(database, "ann")).grants == ()


async def test_every_act_is_kept_with_who_and_why_and_cannot_be_rewritten(database: Database) -> None:
    await join(database, "ann")
    async with database.transaction() as connection:
        await set_organization_override(connection, "org_1", MORE, act=ACT, now=NOW)
    kept = await rows(database, "SELECT actor, what, subject, case_id, reason FROM operator_act ORDER BY number")
    assert kept == [
        ("olga", what, "org_1", "T-1", "asked by mail") for what in ("organisation made", "seat given", "override set")
    ]
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction() as connection:
            await connection.execute(text("UPDATE operator_act SET actor = 'x'"))


async def test_payers_and_seats_changed_at_once_come_to_the_same(database: Database) -> None:
    """Whoever comes first, in the end each seat is what the payer has and the log ends with what is held."""
    for turn in range(8):
        bought = BOUGHT[: turn % 3]
        await asyncio.gather(pay(database, SEATS, grants=bought), join(database, "ann"), join(database, "bob"))
        for each in ("ann", "bob"):
            assert (await held(database, each)).features_at(NOW) == {grant.feature for grant in bought}
            async with database.transaction() as connection:
                await leave_organization(connection, "org_1", each, act=ACT, now=NOW)
        logged = await rows(
            database,
            "SELECT count(*) FROM member_entitlement e WHERE revision IS DISTINCT FROM"
            " (SELECT max(revision) FROM entitlement_log l WHERE l.member_id = e.member_id) AND revision > 0",
        )
        assert logged == [(0,)]


async def test_an_organisation_that_is_not_there_is_named(database: Database) -> None:
    with pytest.raises(BadInput, match="no organisation `org_9`"):
        async with database.transaction() as connection:
            await join_organization(connection, "org_9", "ann", seat=False, act=ACT, now=NOW)

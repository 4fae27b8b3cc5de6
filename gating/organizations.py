"""Organisations: who belongs to one, who pays for its seats, and who has one of these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from errors import BadInput
from gating.acts import Act, record_act
from gating.postgres import read_snapshot
from gating.record import recording
from gating.seats import save_seats
from storage.database import Database

FOUND = "SELECT id, name, payer_id, seats, created_at FROM organization WHERE id = ANY(:ids)"
MEMBERS = text("SELECT member_id FROM organization_member WHERE organization_id = :id ORDER BY member_id")
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:id, 5022))")
PAID = text("SELECT payer_id, seats FROM organization WHERE id = :id")
CREATE = text(
    "INSERT INTO organization (id, name, payer_id, created_at) VALUES (:id, :name, :payer_id, :now)"
    " ON CONFLICT DO NOTHING"
)
PLACE = text("SELECT seat FROM organization_member WHERE organization_id = :id AND member_id = :member_id")
TAKEN = text("SELECT count(seat) AS taken, max(seat) AS latest FROM organization_member WHERE organization_id = :id")
JOIN = text(
    "INSERT INTO organization_member (organization_id, member_id, seat, joined_at)"
    " VALUES (:id, :member_id, :seat, :now) ON CONFLICT (member_id, organization_id) DO UPDATE SET seat = :seat"
)
LEAVE = text("DELETE FROM organization_member WHERE organization_id = :id AND member_id = :member_id")


@dataclass(frozen=True, slots=True)
class Organization:
    """`seats` is how many the payer has to give, None for no limit; 0 without a payer."""

    id: str
    name: str
    payer_id: str | None
    seats: int | None
    created_at: datetime


async def find_organizations(database: Database, ids: Sequence[str]) -> Mapping[str, Organization]:
    """Those of `ids` that exist, by id."""
    rows = await database.fetch(FOUND, {"ids": list(ids)})
    return {row.id: Organization(row.id, row.name, row.payer_id, row.seats, row.created_at) for row in rows}


async def list_member_ids(connection: AsyncConnection, organization_id: str) -> list[str]:
    """In the order of ids."""
    return list((await connection.execute(MEMBERS, {"id": organization_id})).scalars())


async def lock_organization(connection: AsyncConnection, organization_id: str) -> str | None:
    """Its payer. Nobody joins, leaves or sets anything of it meanwhile. To be called before anything else is locked.

    Raises BadInput when there is none.
    """
    await connection.execute(LOCK, {"id": organization_id})
    row = (await connection.execute(PAID, {"id": organization_id})).one_or_none()
    if row is None:
        raise BadInput(f"There is no organisation `{organization_id}`: check the id.")
    return row.payer_id


async def create_organization(
    connection: AsyncConnection, id: str, name: str, payer_id: str | None, *, act: Act, now: datetime
) -> bool:
    """False when there is one of this id, or the payer pays for another. `payer_id` must exist."""
    payers = [] if payer_id is None else [payer_id]
    async with recording(connection, payers, cause=act.cause("organisation made"), now=now):
        row = {"id": id, "name": name, "payer_id": payer_id, "now": now}
        made = (await connection.execute(CREATE, row)).rowcount > 0
        for payer in payers:
            await save_seats(connection, await read_snapshot(connection, payer), now)
        if made:
            await record_act(connection, act, "organisation made", id, {"name": name, "payer": payer_id}, now)
    return made


async def join_organization(
    connection: AsyncConnection, organization_id: str, member_id: str, *, seat: bool, act: Act, now: datetime
) -> int | None:
    """Makes the member belong to it, with or without a seat. The member's new revision, None when it holds the same.

    Idempotent; a seat kept keeps its number. Raises BadInput when there is no such organisation, or no seat left. The
    member must exist.
    """
    what = "seat given" if seat else "joined without a seat"
    payer_id = await lock_organization(connection, organization_id)
    row = {"id": organization_id, "member_id": member_id}
    touched = {member_id, *([payer_id] if payer_id else [])}
    async with recording(connection, touched, cause=act.cause(what), now=now) as revisions:
        number = await _seat_for(connection, organization_id, member_id) if seat else None
        await connection.execute(JOIN, {**row, "seat": number, "now": now})
        await record_act(connection, act, what, organization_id, {"member": member_id}, now)
    return revisions.get(member_id)


async def leave_organization(
    connection: AsyncConnection, organization_id: str, member_id: str, *, act: Act, now: datetime
) -> bool:
    """Whether the member belonged to it. Raises BadInput when there is no such organisation."""
    payer_id = await lock_organization(connection, organization_id)
    touched = {member_id, *([payer_id] if payer_id else [])}
    async with recording(connection, touched, cause=act.cause("left"), now=now):
        gone = await connection.execute(LEAVE, {"id": organization_id, "member_id": member_id})
        if gone.rowcount:
            await record_act(connection, act, "left", organization_id, {"member": member_id}, now)
    return bool(gone.rowcount)


async def _seat_for(connection: AsyncConnection, organization_id: str, member_id: str) -> int:
    """The member's seat, or the next. Decided on what is locked, so that no two get the last one."""
    held = (await connection.execute(PLACE, {"id": organization_id, "member_id": member_id})).scalar_one_or_none()
    if held is not None:
        return held
    seats = (await connection.execute(PAID, {"id": organization_id})).one().seats
    taken = (await connection.execute(TAKEN, {"id": organization_id})).one()
    if seats is not None and taken.taken >= seats:
        raise BadInput(f"All {seats} seats of `{organization_id}` are taken: free one, or have its payer buy more.")
    return (taken.latest or 0) + 1

"""What a catalogue would change for members, and making it so: from what is mirrored, without asking Stripe."""

from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.model import Catalogue
from billing.portfolio import Customer, get_customers, owner_of
from billing.versions import record_applied
from gating.merge import Amount
from gating.model import Holdings, Snapshot
from gating.postgres import CONTENT, snapshot_from
from gating.record import record_grants
from storage.database import Database

BATCH = 1000

MEMBERS = text("SELECT id FROM member WHERE id > :after ORDER BY id LIMIT :limit")
CUSTOMERS = text("SELECT customer_id, member_id FROM customer_sync WHERE member_id = ANY(:ids) ORDER BY customer_id")
HELD = text(CONTENT)
LOCK = text("SELECT member_id FROM customer_sync WHERE customer_id = :id FOR UPDATE")


@dataclass(frozen=True, slots=True)
class MemberChange:
    """What a member would gain and lose now: keys of features; limits and levels as `downloads 50 → 100`."""

    member_id: str
    gains: tuple[str, ...]
    loses: tuple[str, ...]


async def list_member_changes(
    database: Database, catalogue: Catalogue, former: Holdings | None, now: datetime
) -> AsyncGenerator[Sequence[MemberChange]]:
    """Those who would gain or lose, by member id, a batch at a time, empty ones too.

    `former` is what everybody held by the catalogue applied before, None when there was none.
    """
    before = catalogue.baseline if former is None else former
    async for ids, customers in _members(database):
        async with database.transaction() as connection:
            rows = (await connection.execute(HELD, {"member_ids": ids})).all()
        grouped: dict[str, list[object]] = {}
        for row in rows:
            grouped.setdefault(row.member_id, []).append(row)
        changes: list[MemberChange] = []
        for id in ids:
            stored = snapshot_from(id, grouped.get(id, []))  # pyright: ignore[reportArgumentType] - rows of CONTENT
            old, new = stored.over(before), _renewed(stored, customers.get(id, ()), catalogue).over(catalogue.baseline)
            if change := change_between(id, old, new, catalogue, now):
                changes.append(change)
        yield changes


def change_between(
    member_id: str, old: Snapshot, new: Snapshot, catalogue: Catalogue, now: datetime
) -> MemberChange | None:
    """What of it can be noticed now; None when nothing can."""
    had, has = old.features_at(now), new.features_at(now)
    gains, loses = sorted(has - had), sorted(had - has)
    limits = old.limits_at(now), new.limits_at(now)
    for key in sorted(limits[0].keys() | limits[1].keys()):
        was, becomes = limits[0].get(key, 0), limits[1].get(key, 0)
        if was != becomes:
            (gains if _more(becomes, was) else loses).append(f"{key} {_shown(was)} → {_shown(becomes)}")
    levels = old.levels_at(now, catalogue.scales), new.levels_at(now, catalogue.scales)
    for key in sorted(levels[0].keys() | levels[1].keys()):
        scale = ("none", *catalogue.scales[key])
        was, becomes = levels[0].get(key, "none"), levels[1].get(key, "none")
        if was != becomes:
            (gains if scale.index(becomes) > scale.index(was) else loses).append(f"{key} {was} → {becomes}")
    return MemberChange(member_id, tuple(gains), tuple(loses)) if gains or loses else None


def _more(one: Amount, other: Amount) -> bool:
    return other is not None and (one is None or one > other)


def _shown(amount: Amount) -> str:
    return "unlimited" if amount is None else str(amount)


async def apply_to_members(
    database: Database,
    catalogue: Catalogue,
    now: datetime,
    on_batch: Callable[[int], None] = lambda _: None,
) -> int:
    """Puts the catalogue in force, then records anew what every customer gives by it; how many that changed.

    From the first on, a worker with another catalogue saves nothing. Idempotent, and to be run again after a kill.
    `on_batch` hears how many members were gone through.
    """
    async with database.transaction() as connection:
        await record_applied(connection, catalogue, now)
    changed = seen = 0
    async for ids, customers in _members(database):
        for customer in (each for every in customers.values() for each in every):
            if customer.due(catalogue) != customer.recorded:
                changed += await _record(database, customer.id, catalogue, now)
        seen += len(ids)
        on_batch(seen)
    return changed


async def _record(database: Database, customer_id: str, catalogue: Catalogue, now: datetime) -> bool:
    """Under the customer's lock, which a sync that saves takes too."""
    async with database.transaction() as connection:
        member_id = (await connection.execute(LOCK, {"id": customer_id})).scalar_one_or_none()
        customer = (await get_customers(connection, [customer_id]))[customer_id]
        if member_id is None:
            return False
        due = customer.due(catalogue)
        revision = await record_grants(
            connection,
            member_id,
            owner=owner_of(customer_id),
            grants=due.grants,
            limits=due.limits,
            levels=due.levels,
            countries=due.countries,
            cause="catalogue applied",
            now=now,
        )
        return revision is not None


async def _members(database: Database) -> AsyncGenerator[tuple[Sequence[str], Mapping[str, Sequence[Customer]]]]:
    """All members by id, a batch at a time, with the customers of each."""
    after = ""
    while True:
        async with database.transaction() as connection:
            ids = (await connection.execute(MEMBERS, {"after": after, "limit": BATCH})).scalars().all()
            customers = await _customers_of(connection, ids)
        if not ids:
            return
        yield ids, customers
        after = ids[-1]


async def _customers_of(connection: AsyncConnection, member_ids: Collection[str]) -> Mapping[str, Sequence[Customer]]:
    owners = {row.customer_id: row.member_id for row in await connection.execute(CUSTOMERS, {"ids": [*member_ids]})}
    found: dict[str, list[Customer]] = {}
    for customer in (await get_customers(connection, list(owners))).values():
        found.setdefault(owners[customer.id], []).append(customer)
    return found


def _renewed(stored: Snapshot, customers: Iterable[Customer], catalogue: Catalogue) -> Snapshot:
    """The snapshot with what its customers are due instead of what is recorded of them."""
    grants, limits, levels = set(stored.grants), list(stored.limits), set(stored.levels)
    for customer in customers:
        due = customer.due(catalogue)
        grants = grants - {*customer.recorded.grants} | {*due.grants}
        for each in customer.recorded.limits:
            if each in limits:  # both were read, one after the other
                limits.remove(each)
        limits += due.limits
        levels = levels - {*customer.recorded.levels} | {*due.levels}
    return Snapshot(stored.member_id, stored.revision, tuple(grants), tuple(limits), tuple(levels), stored.overrides)

"""Finds where what we hold differs from what Stripe says, mends it, and reports each difference.

All subscriptions of the account are listed, a hundred a request, and compared with the mirror; what the mirror gives is
compared with the grants recorded, and those with the cache. Only customers that differ, and those with disputes, are
then synced one by one, which says whether they really did. A customer that a sync is due for is in order: the sync
will see to it.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

import structlog

from billing.links import list_disputed_customers
from billing.mirror import list_off_the_log, mirror_after, restore_from_log
from billing.portfolio import Customer, get_customers, list_known_customers
from billing.ports import StripeLists
from billing.reconciliations import (
    Drift,
    DriftKind,
    claim_reconciliation,
    finish_reconciliation,
    record_progress,
    request_nightly,
)
from billing.state import Subscription
from billing.sync import Syncing, sync_customer
from errors import Unavailable
from gating.mend import outrun
from gating.model import Snapshot
from gating.ports import SnapshotCache, SnapshotSource
from gating.publish import publish

BATCH = 500
POLL_SECONDS = 5.0
PAUSES = (0.05, 0.2, 1.0)
"""Seconds, before asking the cache again."""

MEMBERS = "SELECT member_id FROM member_entitlement WHERE member_id > :after ORDER BY member_id LIMIT :limit"
UNPUBLISHED = "SELECT member_id FROM entitlement_outbox WHERE member_id = ANY(:ids)"

Report = Callable[[Drift], None]

log = structlog.get_logger("reconcile")


@dataclass(slots=True)
class Looked:
    """How far a reconciliation is, and what it has found since that was last recorded."""

    customers: int = 0
    members: int = 0
    found: list[Drift] = field(default_factory=list[Drift])


@dataclass(frozen=True, slots=True)
class Reconciling:
    """What a reconciliation works with. `fill` stores the events that never arrived and names them."""

    syncing: Syncing
    lists: StripeLists
    source: SnapshotSource
    cache: SnapshotCache
    fill: Callable[[], Awaitable[Sequence[str]]]


async def reconcile(id: str, work: Reconciling, report: Report) -> None:
    """Runs the reconciliation `id`, recording and reporting each drift as it is mended. May be begun again.

    Raises Unavailable when Stripe, the database or the cache does not answer; it is then still asked for.
    """
    looked = Looked()
    async for drift in _drifts(work, looked):
        if drift is not None:
            looked.found.append(drift)
            report(drift)
        else:
            await _record(id, work, looked)
    await _record(id, work, looked)
    async with work.syncing.database.transaction() as connection:
        await finish_reconciliation(connection, id, work.syncing.clock.now())


async def run_reconciliations(work: Reconciling) -> None:
    """For ever: those that are asked for, and one each night. Any number of processes may; each is run by one."""
    while True:
        try:
            async with work.syncing.database.transaction() as connection:
                await request_nightly(connection, work.syncing.clock.now())
                id = await claim_reconciliation(connection)
            if id is not None:
                await reconcile(id, work, _log)
        except Unavailable as fault:
            log.warning("put off", reason=fault.message)
        await asyncio.sleep(POLL_SECONDS)


def _log(drift: Drift) -> None:
    where = {"customer": drift.customer_id, "member": drift.member_id}
    log.warning("drift mended", kind=drift.kind.value, detail=drift.detail, **where)


async def _record(id: str, work: Reconciling, looked: Looked) -> None:
    async with work.syncing.database.transaction() as connection:
        now, counts = work.syncing.clock.now(), {"customers": looked.customers, "members": looked.members}
        await record_progress(connection, id, looked.found, now, **counts)
    looked.found = []


async def _drifts(work: Reconciling, looked: Looked) -> AsyncGenerator[Drift | None]:
    """Every drift, mended; None between batches."""
    for event_id in await work.fill():
        yield Drift(DriftKind.EVENT, f"{event_id} had not arrived")
    yield None
    async for drift in _customer_drifts(work, looked):
        yield drift
    async for drift in _cache_drifts(work, looked):
        yield drift


async def _customer_drifts(work: Reconciling, looked: Looked) -> AsyncGenerator[Drift | None]:
    """Raises Unavailable before anything is compared when the list cannot be read to its end."""
    listed: dict[str, list[Subscription]] = {}
    async with aclosing(work.lists.fetch_all_subscriptions()) as every:
        async for subscription in every:
            listed.setdefault(subscription.customer_id, []).append(subscription)
    yield None
    async with work.syncing.database.transaction() as connection:
        disputed = await list_disputed_customers(connection)
    async for ids in _batches(work, listed):
        async with work.syncing.database.transaction() as connection:
            customers = await get_customers(connection, ids)
            sure = disputed | await list_off_the_log(connection, ids)
        for id in ids:
            suspect = id in sure or any(_differences(customers[id], listed.get(id, ()), work.syncing))
            if suspect and not customers[id].busy:
                for drift in await _mend(customers[id], work.syncing):
                    yield drift
        looked.customers += len(ids)
        yield None


async def _batches(work: Reconciling, listed: Mapping[str, object]) -> AsyncGenerator[Sequence[str]]:
    """All customers of ours and of Stripe's, each once."""
    known: set[str] = set()
    after = ""
    while True:
        async with work.syncing.database.transaction() as connection:
            ids = await list_known_customers(connection, after=after, limit=BATCH)
        if not ids:
            break
        known.update(ids)
        after = ids[-1]
        yield ids
    unknown = sorted(listed.keys() - known)
    for start in range(0, len(unknown), BATCH):
        yield unknown[start : start + BATCH]


async def _mend(before: Customer, syncing: Syncing) -> Sequence[Drift]:
    """Syncs the customer and says what that changed; nothing if a signal came meanwhile, which explains it."""
    async with syncing.database.transaction() as connection:
        await restore_from_log(connection, before.id)
    await sync_customer(
        before.id,
        database=syncing.database,
        stripe=syncing.stripe,
        catalogue=syncing.catalogue,
        clock=syncing.clock,
        member_key=syncing.member_key,
    )
    async with syncing.database.transaction() as connection:
        after = (await get_customers(connection, [before.id]))[before.id]
    if after.dirty > before.dirty + 1:
        return ()
    return list(_changes(before, after))


def _differences(customer: Customer, listed: Iterable[Subscription], syncing: Syncing) -> Iterator[DriftKind]:
    """In what the customer differs from what Stripe lists, as far as the list shows it."""
    before = {each.id: each for each in customer.mirror}
    after = mirror_after(before, listed)
    if after != before:
        yield DriftKind.MIRROR
    mirror = list(after.values())
    member_id = customer.rightful_member(syncing.member_key, mirror)
    if member_id != customer.member_id:
        yield DriftKind.LINK
    due = customer.due(syncing.catalogue, mirror)
    if member_id is not None and (due != customer.recorded or customer.holders - {member_id}):
        yield DriftKind.GRANTS


def _changes(before: Customer, after: Customer) -> Iterator[Drift]:
    """One drift for each thing that mending changed."""
    where = {"customer_id": before.id, "member_id": after.member_id or before.member_id}
    old, new = ({each.id: each for each in every.mirror} for every in (before, after))
    for id in sorted(old.keys() | new.keys()):
        if old.get(id) != new.get(id):
            yield Drift(DriftKind.MIRROR, f"{id}: {_shown(old.get(id))} here, {_shown(new.get(id))} at Stripe", **where)
    if before.disputes != after.disputes:
        yield Drift(DriftKind.DISPUTE, _named(each.id for each in {*before.disputes} ^ {*after.disputes}), **where)
    if before.member_id != after.member_id:
        yield Drift(DriftKind.LINK, f"belonged to {before.member_id}, belongs to {after.member_id}", **where)
    if before.recorded != after.recorded or before.holders != after.holders:
        features = {each.feature for each in {*before.recorded.grants} ^ {*after.recorded.grants}}
        limits = {each.limit for each in {*before.recorded.limits} ^ {*after.recorded.limits}}
        levels = {each.level for each in {*before.recorded.levels} ^ {*after.recorded.levels}}
        yield Drift(DriftKind.GRANTS, _named(features | limits | levels) or "held by the wrong member", **where)


def _shown(subscription: Subscription | None) -> str:
    return subscription.status if subscription else "nothing"


def _named(words: Iterable[str]) -> str:
    return ", ".join(sorted(set(words)))


async def _cache_drifts(work: Reconciling, looked: Looked) -> AsyncGenerator[Drift | None]:
    after = ""
    while True:
        parameters = {"after": after, "limit": BATCH}
        ids = [row.member_id for row in await work.syncing.database.fetch(MEMBERS, parameters)]
        if not ids:
            return
        for member_id in await _stale(work, ids):
            yield Drift(DriftKind.CACHE, "another answer than the database's", member_id=member_id)
        looked.members += len(ids)
        after = ids[-1]
        yield None


async def _find(cache: SnapshotCache, member_id: str) -> Snapshot | None:
    """A moment in which the cache does not answer is not to undo the whole pass. Raises Unavailable when it lasts."""
    for pause in PAUSES:
        with suppress(Unavailable):
            return await cache.find(member_id)
        await asyncio.sleep(pause)
    return await cache.find(member_id)


async def _stale(work: Reconciling, member_ids: Collection[str]) -> list[str]:
    """Members whose cached entry is not what the database has, though nothing is on its way; mended."""
    found: list[str] = []
    for member_id in member_ids:
        cached = await _find(work.cache, member_id)
        if cached is None or cached == await work.source.get_snapshot(member_id):
            continue
        on_its_way = await work.syncing.database.fetch(UNPUBLISHED, {"ids": [member_id]})
        # Read once more: what was on its way a moment ago may have arrived.
        cached, current = await _find(work.cache, member_id), await work.source.get_snapshot(member_id)
        if on_its_way or cached is None or cached == current:
            continue
        if cached.revision > current.revision:
            await outrun(work.syncing.database, member_id, cached.revision, work.syncing.clock.now())
        await publish((member_id, current.revision), work.source, work.cache)
        found.append(member_id)
    return found

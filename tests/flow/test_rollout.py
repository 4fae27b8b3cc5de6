"""A catalogue's change: the plan names exactly the members that applying it then changes, and what each gets."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from billing.access import holdings_of
from billing.catalogue import parse_catalogue
from billing.memory import StripeInMemory
from billing.mirror import encode_subscription
from billing.model import Catalogue
from billing.queue import count_waiting, mark_dirty
from billing.rollout import MemberChange, apply_to_members, list_member_changes
from billing.state import Subscription, SubscriptionItem
from billing.sync import Syncing
from billing.versions import find_broken_promises, get_applied, record_applied
from gating.codec import canonical, encode_content, hash_content
from gating.model import Grant, Holdings, Snapshot, Source
from gating.postgres import CONTENT, snapshot_from
from storage.database import Database
from tests.clock import FixedClock
from tests.parts import DatabaseUrls
from webhooks.worker import Worker

DEMO = Path("catalogue.yaml").read_text(encoding="utf-8")
LATER = datetime(2027, 1, 1, tzinfo=UTC)
PAST = datetime(2026, 1, 1, tzinfo=UTC)


def changed(*edits: tuple[str, str]) -> Catalogue:
    """The demo catalogue with each first text replaced by the second."""
    source = DEMO
    for old, new in edits:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return parse_catalogue("catalogue.yaml", source)


PRO = "features: [content_premium, downloads, analytics, archive]\n    limits:\n      downloads: 50"
ENTERPRISE = "features: [content_premium, downloads, analytics, archive, api_access, live_updates]"
PRO_2 = """version: 2
    replaces: [1]
    features: [content_premium, downloads, archive]
    limits:
      downloads: 80"""
MOVED = ((PRO, PRO_2),)
OLD, NEW = changed(), changed(*MOVED)


def kind_of(number: int) -> int:
    """Most are free members or on enterprise."""
    return number % 100 if number % 100 < 10 else number % 2 * 3


def member_of(number: int) -> tuple[str, list[Subscription], tuple[Grant, ...]]:
    """A member, what it subscribed to, and what an operator gave it, by its kind."""
    id, kind = f"mem_{number:05}", kind_of(number)
    manual = Grant("analytics", Source.MANUAL, "case_1", ends_at=LATER)

    def bought(key: str, status: str = "active", **more: Any) -> Subscription:
        item = SubscriptionItem(f"si_{number}", "price_x", key, "prod_x", 1, LATER)
        return Subscription(f"sub_{number}_{key}", f"cus_{number:05}", status, PAST, (item,), **more)

    subscriptions = {
        0: [],
        1: [bought("pro_monthly")],
        2: [bought("pro_annual", "trialing")],
        3: [bought("enterprise_monthly")],
        4: [bought("pro_monthly", "canceled")],
        5: [bought("pro_monthly"), bought("enterprise_annual")],
        6: [bought("pro_monthly", cancel_at=PAST)],
        7: [bought("pro_monthly")],
        8: [bought("pro_monthly", cancel_at=LATER)],
        9: [bought("pro_monthly", "unpaid"), bought("seats_monthly")],
    }
    return id, subscriptions[kind], (manual,) if kind == 7 else ()


async def fill(owner_url: str, numbers: Iterable[int], catalogue: Catalogue) -> None:
    """As the syncs would have left it, in bulk."""
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for number in numbers:
        id, subscriptions, manual = member_of(number)
        customer_id = f"cus_{number:05}"
        held = holdings_of(subscriptions, (), (), catalogue)
        whole = canonical(Snapshot(id, 1, (*held.grants, *manual), held.limits, held.levels))
        rows.setdefault("member (id)", []).append((id,))
        entry = (id, 1, hash_content(encode_content(whole)), PAST)
        rows.setdefault("member_entitlement (member_id, revision, content_hash, changed_at)", []).append(entry)
        if subscriptions:
            rows.setdefault("customer_sync (customer_id, member_id)", []).append((customer_id, id))
        mirror = "subscription (id, customer_id, status, created_at, content)"
        for each in subscriptions:
            content = encode_subscription(each)
            rows.setdefault(mirror, []).append((each.id, customer_id, each.status, each.created_at, content))
        owned = [(f"stripe:{customer_id}", each) for each in held.grants] + [("operator:1", each) for each in manual]
        for owner, grant in owned:
            entry = (owner, id, grant.feature, grant.source, grant.source_id, grant.plan, grant.ends_at)
            columns = "entitlement_grant (owner, member_id, feature, source, source_id, plan, ends_at)"
            rows.setdefault(columns, []).append(entry)
        values = {"limit": held.limits, "level": held.levels}
        for name, every in values.items():
            columns = f"{name}_grant (owner, member_id, name, value, source, source_id, ends_at)"
            for each in every:
                key = getattr(each, name)
                entry = (f"stripe:{customer_id}", id, key, each.value, each.source, each.source_id, each.ends_at)
                rows.setdefault(columns, []).append(entry)
    connection = await asyncpg.connect(owner_url)
    for columns, entries in rows.items():
        marks = ", ".join(f"${at}" for at in range(1, len(entries[0]) + 1))
        await connection.executemany(f"INSERT INTO {columns} VALUES ({marks})", entries)
    await connection.close()


async def snapshots(database: Database) -> Mapping[str, Snapshot]:
    ids = [row.id for row in await database.fetch("SELECT id FROM member")]
    rows: dict[str, list[Any]] = {}
    for row in await database.fetch(CONTENT, {"member_ids": ids}):
        rows.setdefault(row.member_id, []).append(row)
    return {id: snapshot_from(id, every) for id, every in rows.items()}


def effective(every: Mapping[str, Snapshot], baseline: Holdings, catalogue: Catalogue, now: datetime) -> dict[str, Any]:
    """What each member can do now, feature by feature, limit by limit."""
    found: dict[str, Any] = {}
    for id, stored in every.items():
        whole = stored.over(baseline)
        found[id] = (whole.features_at(now), whole.limits_at(now), whole.levels_at(now, catalogue.scales))
    return found


async def planned(database: Database, catalogue: Catalogue, now: datetime) -> dict[str, MemberChange]:
    async with database.transaction() as connection:
        applied = await get_applied(connection)
    batches = [batch async for batch in list_member_changes(database, catalogue, applied.baseline, now)]
    return {change.member_id: change for batch in batches for change in batch}


async def test_the_plan_names_exactly_the_members_that_apply_changes_over_10_000_members(
    database: Database, database_urls: DatabaseUrls, clock: FixedClock
) -> None:
    now = clock.now()
    await fill(database_urls.owner, range(10_000), OLD)
    assert await apply_to_members(database, OLD, now) == 0, "everything is already as this catalogue says"
    assert await planned(database, OLD, now) == {}
    named = await planned(database, NEW, now)
    before = effective(await snapshots(database), OLD.baseline, OLD, now)
    seen: list[int] = []
    await apply_to_members(database, NEW, now, seen.append)
    after = effective(await snapshots(database), NEW.baseline, NEW, now)
    differ = {id for id in before if before[id] != after[id]}
    assert len(before) == 10_000 == seen[-1]
    assert named.keys() == differ
    for id in differ:
        lost = before[id][0] - after[id][0]
        assert {word for word in named[id].loses if " " not in word} == lost, id
        assert {word for word in named[id].gains if " " not in word} == after[id][0] - before[id][0], id
    loses = {id for id, change in named.items() if change.loses == ("analytics",)}
    expected = {f"mem_{number:05}" for number in range(10_000) if kind_of(number) in (1, 2, 8)}
    assert loses == expected, "those on pro alone, whom nobody else gives it"
    assert all("downloads 50 → 80" in named[id].gains for id in expected)
    assert await planned(database, NEW, now) == {}
    assert await apply_to_members(database, NEW, now) == 0


async def test_a_change_of_the_free_plan_names_everybody_whom_nothing_else_gives_as_much(
    database: Database, database_urls: DatabaseUrls, clock: FixedClock
) -> None:
    await fill(database_urls.owner, range(20), OLD)
    await apply_to_members(database, OLD, clock.now())
    generous = changed(("      api_calls: 100\n", "      api_calls: 5000\n"))
    named = await planned(database, generous, clock.now())
    holders = {f"mem_{number:05}" for number in range(20) if kind_of(number) in (3, 5)}
    assert named.keys() == {f"mem_{number:05}" for number in range(20)} - holders
    assert named["mem_00000"].gains == ("api_calls 100 → 5000",)
    assert named["mem_00001"].gains == ("api_calls 1000 → 5000",)


async def test_applying_may_be_killed_anywhere_and_begun_again(
    database: Database, database_urls: DatabaseUrls, clock: FixedClock
) -> None:
    await fill(database_urls.owner, range(1000), OLD)
    await apply_to_members(database, OLD, clock.now())
    named = await planned(database, NEW, clock.now())
    changing = asyncio.create_task(apply_to_members(database, NEW, clock.now()))
    changed_so_far = 0
    while changed_so_far < 5:
        await asyncio.sleep(0.001)
        [row] = await database.fetch("SELECT count(*) AS total FROM entitlement_log")
        changed_so_far = row.total
    changing.cancel()
    await asyncio.gather(changing, return_exceptions=True)
    [row] = await database.fetch("SELECT count(*) AS total FROM entitlement_log")
    assert row.total < len(named), "it was killed half-way"
    await apply_to_members(database, NEW, clock.now())
    rows = await database.fetch("SELECT member_id, revision FROM entitlement_log")
    changed_members = [each.member_id for each in rows]
    assert len(changed_members) == len(set(changed_members)), "nobody was changed twice"
    assert named.keys() <= {*changed_members}
    assert await planned(database, NEW, clock.now()) == {}


async def test_a_worker_with_another_catalogue_saves_nothing_until_it_is_restarted(
    database: Database, clock: FixedClock
) -> None:
    price = {"id": "price_1", "lookup_key": "pro_monthly", "product": "prod_1"}
    item = {"id": "si_1", "price": price, "quantity": 1, "current_period_end": 2_000_000_000}
    subscription = {"id": "sub_1", "object": "subscription", "customer": "cus_1", "status": "active", "created": 1}
    stripe = StripeInMemory([{**subscription, "items": {"data": [item]}, "metadata": {"member_id": "mem_1"}}])
    async with database.transaction() as connection:
        await record_applied(connection, NEW, clock.now())
        await mark_dirty(connection, ["cus_1"])
    await Worker(Syncing(database, stripe, OLD, clock, "member_id")).run_until_idle()
    assert await count_waiting(database) == 1
    assert await database.fetch("SELECT id FROM subscription") == []
    [row] = await database.fetch("SELECT reason, dead_at FROM customer_sync")
    assert "gatehouse catalog apply" in row.reason
    async with database.transaction() as connection:
        await connection.execute(text("UPDATE customer_sync SET retry_at = now()"))
    await Worker(Syncing(database, stripe, NEW, clock, "member_id")).run_until_idle()
    assert await count_waiting(database) == 0
    assert {each.feature for each in (await snapshots(database))["mem_1"].grants} == NEW.plans[1].features


UNSAID = changed((PRO, PRO.replace(", analytics", "")))
PRO_2_BESIDE_1 = """version: 2
    earlier:
      - version: 1
        features: [content_premium, downloads, analytics, archive]
        limits: {downloads: 50, api_calls: 1000, projects: 50}
        levels: {support_level: standard}
        prices:
          - {lookup_key: pro_monthly, interval: month, amounts: {usd: 1900, eur: 1900}}
          - {lookup_key: pro_annual, interval: year, amounts: {usd: 19000, eur: 19000}}
    features: [content_premium, downloads, archive]
    limits:
      downloads: 50"""
KEPT = changed(
    (PRO, PRO_2_BESIDE_1),
    ("      - lookup_key: pro_monthly\n", "      - lookup_key: pro_monthly_2\n"),
    ("      - lookup_key: pro_annual\n", "      - lookup_key: pro_annual_2\n"),
)
PRICE_LOST = changed(*MOVED, ("      - lookup_key: pro_monthly\n", "      - lookup_key: pro_monthly_2\n"))


@pytest.mark.parametrize(
    ("catalogue", "problems"),
    [
        (OLD, []),
        (NEW, []),
        (KEPT, []),
        (UNSAID, ["pro version 1 is sold (7 subscriptions) and cannot change: make it `version: 2`"]),
        (PRICE_LOST, ["pro version 1 is sold (7 subscriptions) and replaced without its price: keep pro_monthly"]),
        (changed(("  pro:\n", "  plus:\n"), ("plans: [pro]", "plans: [plus]")), ["pro version 1 is sold"]),
        (changed((PRO, PRO.replace("features:", "version: 2\n    features:"))), ["and left out: keep it"]),
    ],
    ids=["same", "moved", "kept", "unsaid", "price lost", "gone", "left out"],
)
async def test_what_was_sold_changes_only_when_the_file_says_so(
    catalogue: Catalogue, problems: list[str], database: Database, database_urls: DatabaseUrls, clock: FixedClock
) -> None:
    await fill(database_urls.owner, range(10), OLD)
    async with database.transaction() as connection:
        await record_applied(connection, OLD, clock.now())
        found = find_broken_promises(catalogue, await get_applied(connection))
    assert len(found) == len(problems)
    assert all(wanted in told for wanted, told in zip(problems, found, strict=True)), found


async def test_those_of_an_earlier_version_keep_what_they_bought(
    database: Database, database_urls: DatabaseUrls, clock: FixedClock
) -> None:
    await fill(database_urls.owner, range(10), OLD)
    await apply_to_members(database, OLD, clock.now())
    assert await planned(database, KEPT, clock.now()) == {}
    await apply_to_members(database, KEPT, clock.now() + timedelta(seconds=1))
    grants = (await snapshots(database))["mem_00001"].grants
    sources = {grant.feature: grant.source for grant in grants}
    assert sources["analytics"] is Source.GRANDFATHERED
    assert sources["archive"] is Source.SUBSCRIPTION

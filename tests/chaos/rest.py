"""At rest: mirror, grants and Redis entry of every member are compared with what the twin's true state demands."""

from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime
from typing import Any

from gating.redis import RedisSnapshots
from identity.model import Kind, Principal
from storage.database import Database
from tests.chaos.house import House
from twin.account import Twin
from twin.core.store import inside
from twin.demands import NOTHING, Demand, Demands, held_at
from twin.reading import Told

MIRROR = "SELECT id, customer_id, status, content FROM subscription"
GRANTS = (
    "SELECT member_id, feature AS name, source_id, ends_at, NULL::bigint AS value FROM entitlement_grant"
    " UNION ALL SELECT member_id, name, source_id, ends_at, value FROM limit_grant"
)
DEAD = (
    "SELECT customer_id, reason, dirty > clean AS waits, dead_at IS NOT NULL AS dead FROM customer_sync"
    " WHERE dirty > clean OR dead_at IS NOT NULL"
)


async def faults_at_rest(
    house: House, twin: Twin, told: Mapping[str, Mapping[str, Told]]
) -> AsyncGenerator[tuple[str, str]]:
    """(member or other id, what is wrong)."""
    for row in await house.database.fetch(DEAD):
        yield row.customer_id, f"is not at rest: {row.reason}"
    async for each in _faults_in_mirror(house.database, twin):
        yield each
    async for each in _faults_in_grants(house, told):
        yield each


async def _faults_in_mirror(database: Database, twin: Twin) -> AsyncGenerator[tuple[str, str]]:
    held = {row.id: _mirrored(row.customer_id, row.content) for row in await database.fetch(MIRROR)}
    true = {each["id"]: _true(each) for each in twin.objects("subscription")}
    for id in held.keys() | true.keys():
        if held.get(id) != true.get(id):
            yield id, f"the mirror says {held.get(id)}, the twin {true.get(id)}"


def _mirrored(customer: str, content: Mapping[str, Any]) -> dict[str, Any]:
    items = [
        (each["id"], each["lookup_key"], each["quantity"], each["current_period_end"]) for each in content["items"]
    ]
    names = ("status", "cancel_at_period_end", "cancel_at", "canceled_at", "ended_at", "trial_end", "pause_behavior")
    return {"customer": customer, "items": sorted(items), **{name: content[name] for name in names}}


def _true(version: Mapping[str, Any]) -> dict[str, Any]:
    items = [
        (each["id"], each["price"]["lookup_key"], each.get("quantity"), each["current_period_end"])
        for each in version["items"]["data"]
    ]
    names = ("status", "cancel_at_period_end", "cancel_at", "canceled_at", "ended_at", "trial_end")
    paused = inside(version, "pause_collection", "behavior")
    told = {name: version[name] for name in names}
    return {"customer": version["customer"], "items": sorted(items), **told, "pause_behavior": paused}


async def _faults_in_grants(house: House, told: Mapping[str, Mapping[str, Told]]) -> AsyncGenerator[tuple[str, str]]:
    granted: dict[str, set[Demand]] = {}
    for row in await house.database.fetch(GRANTS):
        until = int(row.ends_at.timestamp()) if row.ends_at else None
        granted.setdefault(row.member_id, set()).add(Demand(row.name, row.source_id, until, row.value))
    for member in granted.keys() | told.keys():
        wanted: Demands = NOTHING.union(*(each.last() for each in told.get(member, {}).values()))
        held = frozenset(granted.get(member, ()))
        if held != wanted:
            yield member, f"grants {shown(held)}, demanded {shown(wanted)}"
        elif fault := await _fault_in_copies(house, member, wanted):
            yield member, fault


async def _fault_in_copies(house: House, member: str, wanted: Demands) -> str | None:
    """Asked, the store fills Redis; both then have to say what is demanded, and Redis what PostgreSQL says."""
    features = (await house.store.access_for(Principal(Kind.MEMBER, member))).features
    cached = await RedisSnapshots(house.redis, house.clock).find(member)
    row = await house.source.get_snapshot(member)
    if features != held_at(wanted, house.clock.seconds()):
        return f"the store says {sorted(features)}, demanded {shown(wanted)}"
    if cached is not None and cached != row:
        return (
            f"Redis holds revision {cached.revision} with {cached.grants}, PostgreSQL {row.revision} with {row.grants}"
        )
    return None


def shown(demands: Demands) -> str:
    parts = [
        f"{each.name}{'' if each.amount is None else f' +{each.amount}'} by {each.subscription}"
        f"{f' until {datetime.fromtimestamp(each.until, UTC):%Y-%m-%d %H:%M:%S}' if each.until else ''}"
        for each in demands
    ]
    return ", ".join(sorted(parts)) or "nothing"

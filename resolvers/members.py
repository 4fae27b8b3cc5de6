"""A member: who it is, what it holds, used and kept. Reached by the member itself and by operators alone."""

from asyncio import gather
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import strawberry

from billing.model import Plan
from content.bookmarks import count_bookmarks, list_bookmarks
from content.model import Entry
from gating.merge import Amount
from gating.model import Grant, Snapshot, Source, ValueKind
from identity.members import Member, find_members
from metering.model import API_CALLS, DailyUsage
from metering.usage import daily_usage_of, usage_of
from resolvers.columns import columns_for
from resolvers.connection import After, Connection, First, connect, page_for
from resolvers.context import Context, Info
from resolvers.loading import load_content
from resolvers.plans import NamedLevel, NamedLimit, name_levels, name_limits

ANALYTICS_DAYS = 30
API_ENDPOINT = "/graphql"


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A member's right to `feature` now. `ends_at` is the end of the grant that lasts longest, None if it has none."""

    feature: str
    name: str
    source: Source
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used of `meter` in the current month, UTC; `limit` None is unlimited or not limited by the plan."""

    meter: str
    used: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class UsageAnalytics:
    """A member's own usage day by day, the last ANALYTICS_DAYS days."""

    member_id: str


@dataclass(frozen=True, slots=True)
class ApiAccess:
    """What programs may do in the member's name."""

    member_id: str


async def me(info: Info) -> Member | None:
    member_id = info.context.principal.member_id
    return await info.context.load(load_members, member_id) if member_id else None


async def entitlements(root: strawberry.Parent[Member], info: Info) -> Sequence[Entitlement]:
    return await entitlements_of(info.context, root.id)


async def entitlements_of(context: Context, member_id: str) -> Sequence[Entitlement]:
    """One for each feature held now, by key. Where an operator set it, that is the reason."""
    catalogue, now = context.services.catalogue, context.services.clock.now()
    snapshot = await context.load(load_snapshots, member_id)
    reasons = {grant.feature: grant for grant in sorted(_held(snapshot, now), key=_length)}
    names = {key: feature.name for key, feature in catalogue.features.items()}
    return [
        Entitlement(key, names.get(key, key), grant.source, grant.ends_at) for key, grant in sorted(reasons.items())
    ]


def _held(snapshot: Snapshot, now: datetime) -> Iterator[Grant]:
    overrides = snapshot.overrides_at(ValueKind.FEATURE, now)
    yield from (grant for grant in snapshot.grants if grant.holds_at(now) and grant.feature not in overrides)
    for key, deciding in overrides.items():
        for each in deciding:
            if each.value:
                yield Grant(key, Source.MANUAL, each.source_id, ends_at=each.ends_at)


async def limits(root: strawberry.Parent[Member], info: Info) -> Sequence[NamedLimit]:
    return name_limits(info.context.services.catalogue, await _limits_of(info.context, root.id))


async def levels(root: strawberry.Parent[Member], info: Info) -> Sequence[NamedLevel]:
    catalogue, now = info.context.services.catalogue, info.context.services.clock.now()
    snapshot = await info.context.load(load_snapshots, root.id)
    return name_levels(catalogue, snapshot.levels_at(now, catalogue.scales))


async def plan(root: strawberry.Parent[Member], info: Info) -> Plan | None:
    """The highest plan that some grant of now names, else the default plan."""
    catalogue, now = info.context.services.catalogue, info.context.services.clock.now()
    snapshot = await info.context.load(load_snapshots, root.id)
    held = {grant.plan for grant in snapshot.grants if grant.holds_at(now)}
    plans = [plan for plan in catalogue.plans if plan.key in held]
    return plans[-1] if plans else catalogue.default_plan


async def usage(root: strawberry.Parent[Member], info: Info) -> Sequence[Usage]:
    """Every quota of the member and every meter it used, by key."""
    used = await info.context.load(load_usage, root.id)
    limits, known = await _limits_of(info.context, root.id), info.context.services.catalogue.limits
    quotas = {key for key in limits if key in known and known[key].metered}
    return [Usage(meter, used.get(meter, 0), limits.get(meter)) for meter in sorted(quotas | used.keys())]


def usage_analytics(root: strawberry.Parent[Member]) -> UsageAnalytics:
    return UsageAnalytics(root.id)


def endpoint() -> str:
    return API_ENDPOINT


async def api_usage(root: strawberry.Parent[ApiAccess], info: Info) -> Usage:
    used = await info.context.load(load_usage, root.member_id)
    limits = await _limits_of(info.context, root.member_id)
    return Usage(API_CALLS, used.get(API_CALLS, 0), limits.get(API_CALLS))


def api_access(root: strawberry.Parent[Member]) -> ApiAccess:
    return ApiAccess(root.id)


async def daily(root: strawberry.Parent[UsageAnalytics], info: Info) -> Sequence[DailyUsage]:
    return await info.context.load(load_daily_usage, root.member_id)


async def bookmarks(
    root: strawberry.Parent[Member], info: Info, first: First = 20, after: After = None
) -> Connection[Entry]:
    context, database = info.context, info.context.services.database
    page = page_for(first, after, "bookmarked", datetime)
    columns = columns_for(info, Entry, "edges", "node")
    kept = await list_bookmarks(database, root.id, after=page.after, limit=page.limit)
    entries = await gather(*(context.load(load_content, (entry_id, columns)) for _, entry_id in kept))
    rows = [(kept_at, entry) for (kept_at, _), entry in zip(kept, entries, strict=True) if entry]
    return connect(rows, page, lambda: count_bookmarks(database, root.id))


async def load_members(context: Context, member_ids: Sequence[str]) -> Sequence[Member | None]:
    found = await find_members(context.services.database, member_ids)
    return [found.get(member_id) for member_id in member_ids]


async def load_snapshots(context: Context, member_ids: Sequence[str]) -> Sequence[Snapshot]:
    return await gather(*(context.services.store.snapshot_of(member_id) for member_id in member_ids))


async def load_usage(context: Context, member_ids: Sequence[str]) -> Sequence[dict[str, int]]:
    found = await usage_of(context.services.database, member_ids, context.services.clock.now())
    return [{**found.get(member_id, {})} for member_id in member_ids]


async def load_daily_usage(context: Context, member_ids: Sequence[str]) -> Sequence[Sequence[DailyUsage]]:
    since = (context.services.clock.now() - timedelta(days=ANALYTICS_DAYS)).date()
    found = await daily_usage_of(context.services.database, context.access.features, member_ids, since)
    return [found.get(member_id, ()) for member_id in member_ids]


async def _limits_of(context: Context, member_id: str) -> dict[str, Amount]:
    snapshot = await context.load(load_snapshots, member_id)
    return snapshot.limits_at(context.services.clock.now())


def _length(grant: Grant) -> datetime:
    return grant.ends_at or datetime.max.replace(tzinfo=UTC)

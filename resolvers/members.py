"""A member: who it is, what it holds, used and kept. Reached by the member itself and by operators alone."""

from asyncio import gather
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from inspect import isawaitable
from typing import Any, TypeVar

import strawberry

from billing.claims import plan_held
from billing.model import Plan
from content.bookmarks import count_bookmarks, list_bookmarks
from content.model import Entry
from execution.selection import open_selection
from gating.merge import Amount
from gating.model import Grant, Snapshot, Source
from gating.policies import PolicyKind, withheld_by
from gating.values import ValueKind
from identity.members import Member, find_members, find_members_with
from metering.model import API_CALLS, DailyUsage, month_of
from metering.quota import resets_at
from metering.usage import USED_BY_MEMBER, daily_usage_of, usage_of
from resolvers.columns import columns_for
from resolvers.connection import After, Connection, First, connect, page_for
from resolvers.context import Context, Info, Services
from resolvers.loading import load_content
from resolvers.plans import NamedLevel, NamedLimit, name_levels, name_limits

ANALYTICS_DAYS = 30
API_ENDPOINT = "/graphql"

Value = TypeVar("Value")


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

    @property
    def remaining(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class UsageAnalytics:
    """A member's own usage day by day, the last ANALYTICS_DAYS days."""

    member_id: str


@dataclass(frozen=True, slots=True)
class ApiAccess:
    """What programs may do in the member's name."""

    member_id: str


async def me(info: Info) -> Member | None:
    """With what it used, where that is asked for: both by one statement."""
    services, member_id = info.context.services, info.context.principal.member_id
    if member_id is None:
        return None
    if usage.__name__ not in open_selection(info).of(Member.__name__):
        return await services.load(read_members, member_id)
    found = await services.load(read_members_and_usage, member_id)
    if found is None:
        return None
    info.context.used[member_id] = found[1]
    return found[0]


async def read_members(services: Services, member_ids: Sequence[str]) -> Sequence[Member | None]:
    found = await find_members(services.database, member_ids)
    return [found.get(each) for each in member_ids]


async def read_members_and_usage(
    services: Services, member_ids: Sequence[str]
) -> Sequence[tuple[Member, Mapping[str, int]] | None]:
    month = {"month": month_of(services.clock.now())}
    found = await find_members_with(services.database, member_ids, USED_BY_MEMBER, month)
    return [found.get(each) for each in member_ids]


def entitlements(root: strawberry.Parent[Member], info: Info) -> Any:
    """To the member itself without what its role withholds."""
    context = info.context
    own = context.principal.member_id == root.id
    withheld = {each.feature for each in context.access.withheld} if own else set[str]()
    held = context.held(root.id, entitlements_of)
    return _without(withheld, held) if withheld else held


async def _without(
    withheld: set[str], held: Sequence[Entitlement] | Awaitable[Sequence[Entitlement]]
) -> Sequence[Entitlement]:
    every = await held if isawaitable(held) else held
    return [each for each in every if each.feature not in withheld]


def entitlements_of(services: Services, snapshot: Snapshot) -> Sequence[Entitlement]:
    """One for each feature held now, by key, but for what countries withhold. Where an operator set it, that is why."""
    catalogue, now = services.catalogue, services.clock.now()
    policies = [each for each in catalogue.policies if each.kind is PolicyKind.REGION]
    withheld = {each.feature for each in withheld_by(policies, snapshot.countries, frozenset())}
    held = (grant for grant in _held(snapshot, now) if grant.feature not in withheld)
    reasons = {grant.feature: grant for grant in sorted(held, key=_length)}
    names = {key: feature.name for key, feature in catalogue.features.items()}
    return [
        Entitlement(key, names.get(key, key), grant.source, grant.ends_at) for key, grant in sorted(reasons.items())
    ]


def _held(snapshot: Snapshot, now: datetime) -> Iterator[Grant]:
    overrides = snapshot.overrides_at(ValueKind.FEATURE, now)
    varied = snapshot.variations_at(ValueKind.FEATURE, now)
    for grant in snapshot.grants:
        free = grant.source is Source.FREE and grant.feature in varied
        if grant.holds_at(now) and grant.feature not in overrides and not free:
            yield grant
    for each in (variation for of_key in varied.values() for variation in of_key):
        if each.value and each.key not in overrides:
            yield Grant(each.key, Source.EXPERIMENT, each.source_id, ends_at=each.ends_at)
    for key, deciding in overrides.items():
        for each in deciding:
            if each.value:
                yield Grant(key, Source.MANUAL, each.source_id, ends_at=each.ends_at)


def limits(root: strawberry.Parent[Member], info: Info) -> Any:
    return info.context.held(root.id, limits_of)


def limits_of(services: Services, snapshot: Snapshot) -> Sequence[NamedLimit]:
    return name_limits(services.catalogue, snapshot.limits_at(services.clock.now()))


def levels(root: strawberry.Parent[Member], info: Info) -> Any:
    return info.context.held(root.id, levels_of)


def levels_of(services: Services, snapshot: Snapshot) -> Sequence[NamedLevel]:
    catalogue = services.catalogue
    return name_levels(catalogue, snapshot.levels_at(services.clock.now(), catalogue.scales))


def plan(root: strawberry.Parent[Member], info: Info) -> Any:
    return info.context.held(root.id, plan_of)


def plan_of(services: Services, snapshot: Snapshot) -> Plan | None:
    return plan_held(snapshot, services.catalogue, services.clock.now())


def usage(root: strawberry.Parent[Member], info: Info) -> Any:
    return _with_used(info.context, root.id, usages_of)


def usages_of(used: Mapping[str, int], amounts: "Amounts") -> Sequence[Usage]:
    """Every quota of the member and every meter it used, by key."""
    limits = amounts.limits
    return [Usage(meter, used.get(meter, 0), limits.get(meter)) for meter in sorted(amounts.quotas | used.keys())]


def calls_of(used: Mapping[str, int], amounts: "Amounts") -> Usage:
    return Usage(API_CALLS, used.get(API_CALLS, 0), amounts.limits.get(API_CALLS))


@dataclass(frozen=True, slots=True)
class Amounts:
    """All limits that a member has, and which of them are quotas."""

    limits: Mapping[str, Amount]
    quotas: frozenset[str]


def amounts_of(services: Services, snapshot: Snapshot) -> Amounts:
    known, limits = services.catalogue.limits, snapshot.limits_at(services.clock.now())
    return Amounts(limits, frozenset(key for key in limits if key in known and known[key].metered))


def _with_used(context: Context, member_id: str, work_out: Callable[[Mapping[str, int], Amounts], Value]) -> Any:
    """`work_out` of what the member used and may use."""
    used, amounts = context.used.get(member_id), context.held(member_id, amounts_of)
    if used is None or not isinstance(amounts, Amounts):
        return _read_used(context, member_id, used, amounts, work_out)
    return work_out(used, amounts)


async def _read_used(
    context: Context,
    member_id: str,
    used: Mapping[str, int] | None,
    amounts: Amounts | Awaitable[Amounts],
    work_out: Callable[[Mapping[str, int], Amounts], Value],
) -> Value:
    known = amounts if isinstance(amounts, Amounts) else await amounts
    return work_out(await context.load(load_usage, member_id) if used is None else used, known)


def resets(info: Info) -> datetime:
    return resets_at(info.context.services.clock.now())


def usage_analytics(root: strawberry.Parent[Member]) -> UsageAnalytics:
    return UsageAnalytics(root.id)


def endpoint() -> str:
    return API_ENDPOINT


def api_usage(root: strawberry.Parent[ApiAccess], info: Info) -> Any:
    return _with_used(info.context, root.member_id, calls_of)


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
    return await read_members(context.services, member_ids)


async def load_usage(context: Context, member_ids: Sequence[str]) -> Sequence[dict[str, int]]:
    found = await usage_of(context.services.database, member_ids, context.services.clock.now())
    return [{**found.get(member_id, {})} for member_id in member_ids]


async def load_daily_usage(context: Context, member_ids: Sequence[str]) -> Sequence[Sequence[DailyUsage]]:
    since = (context.services.clock.now() - timedelta(days=ANALYTICS_DAYS)).date()
    found = await daily_usage_of(context.services.database, context.access.features, member_ids, since)
    return [found.get(member_id, ()) for member_id in member_ids]


def _length(grant: Grant) -> datetime:
    return grant.ends_at or datetime.max.replace(tzinfo=UTC)

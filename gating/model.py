"""Grants, snapshots, rules and the decision. Pure: no I/O, no clock of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Source(StrEnum):
    """Why a member holds a feature. Any one grant lets the member in."""

    FREE = "free"
    SUBSCRIPTION = "subscription"
    ADD_ON = "add_on"
    TRIAL = "trial"
    SEAT = "seat"
    PROMOTION = "promotion"
    GRANDFATHERED = "grandfathered"
    MANUAL = "manual"


def _refuse_naive(*dates: datetime | None) -> None:
    for date in dates:
        if date is not None and date.tzinfo is None:
            raise ValueError(f"{date.isoformat()} has no time zone: grants are dated by aware instants")


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One dated reason to hold `feature`: from `starts_at` (inclusive) until `ends_at` (exclusive); None is unbounded.

    `source_id` names the thing behind it, for example the Stripe subscription id.
    """

    feature: str
    source: Source
    source_id: str
    plan: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        _refuse_naive(self.starts_at, self.ends_at)

    def holds_at(self, now: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= now) and (self.ends_at is None or now < self.ends_at)


@dataclass(frozen=True, slots=True, order=True)
class LimitGrant:
    """One dated contribution to a numeric limit. Contributions of several grants are added up."""

    limit: str
    value: int
    source: Source
    source_id: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        _refuse_naive(self.starts_at, self.ends_at)

    def holds_at(self, now: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= now) and (self.ends_at is None or now < self.ends_at)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A member's grants at one revision. `revision` fences: a lower one never replaces a higher one.

    Grants are dated, so a snapshot answers for any instant and access ends by itself with no event needed.
    """

    member_id: str
    revision: int
    grants: tuple[Grant, ...] = ()
    limits: tuple[LimitGrant, ...] = ()

    def features_at(self, now: datetime) -> frozenset[str]:
        return frozenset(grant.feature for grant in self.grants if grant.holds_at(now))

    def limits_at(self, now: datetime) -> dict[str, int]:
        totals: dict[str, int] = {}
        for grant in self.limits:
            if grant.holds_at(now):
                totals[grant.limit] = totals.get(grant.limit, 0) + grant.value
        return totals

    def hard_until(self, now: datetime) -> datetime | None:
        """The earliest instant after `now` at which the answer can change by itself; None if never."""
        edges = (edge for grant in (*self.grants, *self.limits) for edge in (grant.starts_at, grant.ends_at))
        return min((edge for edge in edges if edge is not None and edge > now), default=None)


class Mode(StrEnum):
    """How a denial looks; see the descriptions of `DenyMode` in the schema."""

    ERROR = "ERROR"
    LOCK = "LOCK"
    REJECT = "REJECT"


class DenialCode(StrEnum):
    UNAUTHENTICATED = "UNAUTHENTICATED"
    ENTITLEMENT_REQUIRED = "ENTITLEMENT_REQUIRED"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    SCOPE_REQUIRED = "SCOPE_REQUIRED"
    FORBIDDEN = "FORBIDDEN"
    COST_LIMIT = "COST_LIMIT"
    UNAVAILABLE = "UNAVAILABLE"


Need = tuple[frozenset[str], ...]
"""OR of ANDs: satisfied when any member set is wholly held."""


def satisfied(need: Need, held: frozenset[str]) -> bool:
    return any(every <= held for every in need)


@dataclass(frozen=True, slots=True)
class Access:
    """What this caller holds right now; read once for each operation and once for each subscription event.

    `available` is False when no snapshot could be read: everything gated by a feature is then refused as
    UNAVAILABLE and a paying member is never told to buy.
    """

    authenticated: bool = False
    features: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    revision: int = 0
    available: bool = True


NOBODY = Access()


@dataclass(frozen=True, slots=True)
class Rule:
    """What one schema coordinate asks for. All of it must hold: own directive AND type AND returned type.

    `needs` are entitlement needs, `scopes` token-scope needs; each inner Need is OR of ANDs.
    """

    coordinate: str
    mode: Mode
    needs: tuple[Need, ...] = ()
    scopes: tuple[Need, ...] = ()
    authenticated: bool = False

    @property
    def features(self) -> frozenset[str]:
        return frozenset(feature for need in self.needs for every in need for feature in every)


@dataclass(frozen=True, slots=True)
class Denied:
    """Why `rule` refused. `any_of` are the unmet entitlement or scope sets, sorted; `feature` the first one to get."""

    rule: Rule
    code: DenialCode
    any_of: tuple[tuple[str, ...], ...] = ()

    @property
    def feature(self) -> str | None:
        return self.any_of[0][0] if self.code is DenialCode.ENTITLEMENT_REQUIRED and self.any_of else None


def decide(rule: Rule, access: Access) -> Denied | None:
    """None when `access` satisfies `rule`, else the reason. The only place where access is decided.

    Order: authentication, then scopes, then availability, then entitlements, so that nobody is told to buy
    what a log-in or a retry would give.
    """
    if rule.authenticated and not access.authenticated:
        return Denied(rule, DenialCode.UNAUTHENTICATED)
    for need in rule.scopes:
        if not satisfied(need, access.scopes):
            return Denied(rule, DenialCode.SCOPE_REQUIRED, missing(need, access.scopes))
    for need in rule.needs:
        if not access.available:
            return Denied(rule, DenialCode.UNAVAILABLE)
        if not satisfied(need, access.features):
            return Denied(rule, DenialCode.ENTITLEMENT_REQUIRED, missing(need, access.features))
    return None


def missing(need: Iterable[frozenset[str]], held: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    """What each alternative still lacks, fewest first, then by name."""
    return tuple(sorted((tuple(sorted(every - held)) for every in need), key=lambda left: (len(left), left)))

"""Grants, snapshots, rules and the decision. Pure: no I/O, no clock of its own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from gating.merge import Amount, highest, merge_limits, most
from gating.policies import PolicyKind, Withheld
from gating.values import Override, ValueKind, Variation, amount_of, refuse_naive, within


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
    EXPERIMENT = "experiment"


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
        refuse_naive(self.starts_at, self.ends_at)

    def holds_at(self, now: datetime) -> bool:
        return within(self.starts_at, self.ends_at, now)


@dataclass(frozen=True, slots=True, order=True)
class LimitGrant:
    """One dated contribution to a limit or a monthly quota; `value` is 0 or more, None is no limit."""

    limit: str
    value: Amount
    source: Source
    source_id: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        refuse_naive(self.starts_at, self.ends_at)
        if self.value is not None and self.value < 0:
            raise ValueError(f"{self.limit}: {self.value} would take away, and a grant never does")

    def holds_at(self, now: datetime) -> bool:
        return within(self.starts_at, self.ends_at, now)


@dataclass(frozen=True, slots=True, order=True)
class LevelGrant:
    """One dated reason to be at `value`, a word on the catalogue's scale for `level`, or higher."""

    level: str
    value: str
    source: Source
    source_id: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        refuse_naive(self.starts_at, self.ends_at)

    def holds_at(self, now: datetime) -> bool:
        return within(self.starts_at, self.ends_at, now)


Scales = Mapping[str, Sequence[str]]
"""The words of each level, lowest first."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What some owner gives a member: a customer of Stripe, an operator, or the free plan. `countries` it is in."""

    grants: tuple[Grant, ...] = ()
    limits: tuple[LimitGrant, ...] = ()
    levels: tuple[LevelGrant, ...] = ()
    overrides: tuple[Override, ...] = ()
    countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A member's grants at one revision. `revision` fences: a lower one never replaces a higher one.

    Grants are dated, so a snapshot answers for any instant and access ends by itself with no event needed.
    `countries` are where the member is known to be, sorted. `variations` come from experiments, and like the baseline
    are never stored with it. `changed_at` is when the revision was recorded, where the authority was just read: to
    measure by, not to decide.
    """

    member_id: str
    revision: int
    grants: tuple[Grant, ...] = ()
    limits: tuple[LimitGrant, ...] = ()
    levels: tuple[LevelGrant, ...] = ()
    overrides: tuple[Override, ...] = ()
    changed_at: datetime | None = field(default=None, compare=False)
    countries: tuple[str, ...] = ()
    variations: tuple[Variation, ...] = ()

    def over(self, baseline: Holdings) -> "Snapshot":
        """With what everybody holds and nobody stores."""
        return replace(
            self,
            grants=baseline.grants + self.grants,
            limits=baseline.limits + self.limits,
            levels=baseline.levels + self.levels,
            overrides=baseline.overrides + self.overrides,
        )

    def features_at(self, now: datetime) -> frozenset[str]:
        varied = self.variations_at(ValueKind.FEATURE, now)
        held = {grant.feature for grant in self.grants if grant.holds_at(now) and not _replaced(grant, varied)}
        held.update(key for key, variations in varied.items() if any(each.value for each in variations))
        for key, overrides in self.overrides_at(ValueKind.FEATURE, now).items():
            if any(override.value for override in overrides):
                held.add(key)
            else:
                held.discard(key)
        return frozenset(held)

    def limits_at(self, now: datetime) -> dict[str, Amount]:
        varied = self.variations_at(ValueKind.LIMIT, now)
        floors = {
            key: [each.value for each in of_key if not isinstance(each.value, str)] for key, of_key in varied.items()
        }
        granted: dict[str, list[Amount]] = {}
        for grant in self.limits:
            if grant.holds_at(now) and not _replaced(grant, varied):
                amounts = floors if grant.source is Source.FREE else granted
                amounts.setdefault(grant.limit, []).append(grant.value)
        values = {key: merge_limits(floors.get(key, ()), granted.get(key, ())) for key in {**floors, **granted}}
        for key, overrides in self.overrides_at(ValueKind.LIMIT, now).items():
            values[key] = most(map(amount_of, overrides))
        return values

    def levels_at(self, now: datetime, scales: Scales) -> dict[str, str]:
        """The word for each level of `scales` that the member has any of."""
        varied = self.variations_at(ValueKind.LEVEL, now)
        words = {key: [str(each.value) for each in of_key] for key, of_key in varied.items()}
        for grant in self.levels:
            if grant.holds_at(now) and not _replaced(grant, varied):
                words.setdefault(grant.level, []).append(grant.value)
        for key, overrides in self.overrides_at(ValueKind.LEVEL, now).items():
            words[key] = [str(override.value) for override in overrides]
        found = {key: highest(words.get(key, ()), scale) for key, scale in scales.items()}
        return {key: word for key, word in found.items() if word is not None}

    def variations_at(self, kind: ValueKind, now: datetime) -> dict[str, list[Variation]]:
        """Those that hold, by key."""
        found: dict[str, list[Variation]] = {}
        for variation in self.variations:
            if variation.kind is kind and variation.holds_at(now):
                found.setdefault(variation.key, []).append(variation)
        return found

    def overrides_at(self, kind: ValueKind, now: datetime) -> dict[str, list[Override]]:
        """Those that decide, by key: the member's own, or its organisations' where there are none."""
        own: dict[str, list[Override]] = {}
        inherited: dict[str, list[Override]] = {}
        for override in self.overrides:
            if override.kind is kind and override.holds_at(now):
                standing = own if override.organization is None else inherited
                standing.setdefault(override.key, []).append(override)
        return inherited | own

    def hard_until(self, now: datetime) -> datetime | None:
        """The earliest instant after `now` at which the answer can change by itself; None if never."""
        dated = (*self.grants, *self.limits, *self.levels, *self.overrides, *self.variations)
        edges = (edge for each in dated for edge in (each.starts_at, each.ends_at))
        return min((edge for edge in edges if edge is not None and edge > now), default=None)


def _replaced(grant: Grant | LimitGrant | LevelGrant, varied: Mapping[str, Sequence[Variation]]) -> bool:
    """Whether an experiment stands in the place of what everybody has."""
    return grant.source is Source.FREE and key_of(grant) in varied


def key_of(grant: Grant | LimitGrant | LevelGrant) -> str:
    match grant:
        case Grant():
            return grant.feature
        case LimitGrant():
            return grant.limit
        case LevelGrant():
            return grant.level


class Mode(StrEnum):
    """How a denial looks; see the descriptions of `DenyMode` in the schema."""

    ERROR = "ERROR"
    LOCK = "LOCK"
    REJECT = "REJECT"


class DenialCode(StrEnum):
    UNAUTHENTICATED = "UNAUTHENTICATED"
    ENTITLEMENT_REQUIRED = "ENTITLEMENT_REQUIRED"
    REGION_RESTRICTED = "REGION_RESTRICTED"
    ROLE_REQUIRED = "ROLE_REQUIRED"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    SCOPE_REQUIRED = "SCOPE_REQUIRED"
    FORBIDDEN = "FORBIDDEN"
    COST_LIMIT = "COST_LIMIT"
    UNAVAILABLE = "UNAVAILABLE"


Need = tuple[frozenset[str], ...]
"""OR of ANDs: satisfied when any member set is wholly held."""


def satisfied(need: Need, held: frozenset[str]) -> bool:
    for every in need:  # noqa: SIM110 - asked for every gated field: a generator costs twice as much
        if every <= held:
            return True
    return False


@dataclass(frozen=True, slots=True)
class Access:
    """What this caller holds right now; read once for each operation and once for each subscription event.

    `available` is False when no snapshot could be read: everything gated by a feature is then refused as
    UNAVAILABLE and a paying member is never told to buy. `features` are without those that policies take from this
    caller; these are `withheld`, held or not, in order.
    """

    authenticated: bool = False
    features: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    revision: int = 0
    available: bool = True
    withheld: tuple[Withheld, ...] = ()

    def outdates(self, revision: int | None) -> bool:
        """Whether a token that speaks of `revision` speaks of the past; never one that speaks of none."""
        return revision is not None and revision < self.revision


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
    """Why `rule` refused. `any_of` are the unmet entitlement or scope sets, sorted; `feature` the first one to get.

    `policy` is what withholds it, where that is the reason. `barred` are features that no plan can give this caller.
    """

    rule: Rule
    code: DenialCode
    any_of: tuple[tuple[str, ...], ...] = ()
    policy: Withheld | None = None
    barred: frozenset[str] = frozenset()

    @property
    def feature(self) -> str | None:
        if self.policy is not None:
            return self.policy.feature
        return self.any_of[0][0] if self.code is DenialCode.ENTITLEMENT_REQUIRED and self.any_of else None


def decide(rule: Rule, access: Access) -> Denied | None:
    """None when `access` satisfies `rule`, else the reason. The only place where access is decided.

    Order: authentication, then scopes, then availability, then policies, then entitlements, so that nobody is told to
    buy what a log-in or a retry would give, or what no purchase would.
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
            return _lacking(rule, access)
    return None


POLICY_CODES = {PolicyKind.REGION: DenialCode.REGION_RESTRICTED, PolicyKind.ROLE: DenialCode.ROLE_REQUIRED}


def _lacking(rule: Rule, access: Access) -> Denied:
    """Of `rule`, some need of which `access` does not satisfy: what policies forbid first, then what can be got."""
    unmet = [need for need in rule.needs if not satisfied(need, access.features)]
    if not access.withheld:
        return Denied(rule, DenialCode.ENTITLEMENT_REQUIRED, missing(unmet[0], access.features))
    barred = frozenset(each.feature for each in access.withheld)
    for need in unmet:
        if all(every & barred for every in need):
            any_of = missing(need, access.features)
            policy = next(each for each in access.withheld if any(each.feature in every for every in any_of))
            return Denied(rule, POLICY_CODES[policy.kind], any_of, policy, barred)
    attainable = [every for every in unmet[0] if not every & barred]
    return Denied(rule, DenialCode.ENTITLEMENT_REQUIRED, missing(attainable, access.features), barred=barred)


def missing(need: Iterable[frozenset[str]], held: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    """What each alternative still lacks, fewest first, then by name."""
    return tuple(sorted((tuple(sorted(every - held)) for every in need), key=lambda left: (len(left), left)))

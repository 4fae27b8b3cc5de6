"""Why a member has a value, or does not: every reason considered, and the rule that decided. Pure.

Says what `Snapshot` decides (`tests/unit/gating/test_explain.py` holds them together); it decides nothing itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gating.merge import add_up
from gating.model import Grant, LevelGrant, LimitGrant, Scales, Snapshot, Source
from gating.values import Override, Value, ValueKind

Reason = Grant | LimitGrant | LevelGrant | Override


class Standing(StrEnum):
    """How a reason stands at the instant asked about."""

    DECIDES = "decides"
    COUNTS_NOT = "counts_not"
    OVERRIDDEN = "overridden"
    NOT_YET = "not_yet"
    ENDED = "ended"


class Deciding(StrEnum):
    """The rule that gave the value (docs/decisions/0006)."""

    NO_REASON = "no_reason"
    ANY_GRANT = "any_grant"
    SUM = "sum"
    FLOOR = "floor"
    NO_LIMIT = "no_limit"
    HIGHEST = "highest"
    MEMBER_OVERRIDE = "member_override"
    ORGANIZATION_OVERRIDE = "organization_override"


@dataclass(frozen=True, slots=True)
class Considered:
    reason: Reason
    standing: Standing


@dataclass(frozen=True, slots=True)
class Explanation:
    """`value` as it was at `at` by the snapshot of `revision`: of a feature whether it was held, None for no limit.

    `value` of a level, and of a limit, that nothing gives is None and 0; `rule` is then NO_REASON.
    """

    kind: ValueKind
    key: str
    at: datetime
    revision: int
    value: Value
    rule: Deciding
    considered: tuple[Considered, ...]


def explain(snapshot: Snapshot, kind: ValueKind, key: str, at: datetime, scales: Scales) -> Explanation:
    """Every grant and override of `key`, in the snapshot's order, grants first."""
    value = _value(snapshot, kind, key, at, scales)
    overrides = [each for each in snapshot.overrides if (each.kind, each.key) == (kind, key)]
    deciding_overrides = snapshot.overrides_at(kind, at).get(key, [])
    grants = list(_grants(snapshot, kind, key))
    rule = _rule_of_overrides(deciding_overrides) or _rule_of_grants([each for each in grants if each.holds_at(at)])
    considered = (
        *(Considered(each, _standing(each, rule, value, at)) for each in grants),
        *(Considered(each, _standing_of_override(each, deciding_overrides, at)) for each in overrides),
    )
    return Explanation(kind, key, at, snapshot.revision, value, rule, considered)


def _value(snapshot: Snapshot, kind: ValueKind, key: str, at: datetime, scales: Scales) -> Value:
    match kind:
        case ValueKind.FEATURE:
            return key in snapshot.features_at(at)
        case ValueKind.LIMIT:
            return snapshot.limits_at(at).get(key, 0)
        case ValueKind.LEVEL:
            return snapshot.levels_at(at, scales).get(key)


def _grants(snapshot: Snapshot, kind: ValueKind, key: str) -> Iterable[Grant | LimitGrant | LevelGrant]:
    match kind:
        case ValueKind.FEATURE:
            return (each for each in snapshot.grants if each.feature == key)
        case ValueKind.LIMIT:
            return (each for each in snapshot.limits if each.limit == key)
        case ValueKind.LEVEL:
            return (each for each in snapshot.levels if each.level == key)


def _rule_of_overrides(deciding: list[Override]) -> Deciding | None:
    if not deciding:
        return None
    return Deciding.MEMBER_OVERRIDE if deciding[0].organization is None else Deciding.ORGANIZATION_OVERRIDE


def _rule_of_grants(held: list[Grant | LimitGrant | LevelGrant]) -> Deciding:
    if not held:
        return Deciding.NO_REASON
    limits = [each for each in held if isinstance(each, LimitGrant)]
    if not limits:
        return Deciding.ANY_GRANT if isinstance(held[0], Grant) else Deciding.HIGHEST
    if any(each.value is None for each in limits):
        return Deciding.NO_LIMIT
    granted = add_up(each.value for each in limits if each.source is not Source.FREE) or 0
    floors = [each.value or 0 for each in limits if each.source is Source.FREE]
    return Deciding.FLOOR if max(floors, default=0) > granted or len(floors) == len(limits) else Deciding.SUM


def _standing(each: Grant | LimitGrant | LevelGrant, rule: Deciding, value: Value, at: datetime) -> Standing:
    if not each.holds_at(at):
        return _dated(each, at)
    if rule in (Deciding.MEMBER_OVERRIDE, Deciding.ORGANIZATION_OVERRIDE):
        return Standing.OVERRIDDEN
    match each:
        case LimitGrant():
            counts = {
                Deciding.NO_LIMIT: each.value is None,
                Deciding.FLOOR: each.source is Source.FREE and each.value == value,
                Deciding.SUM: each.source is not Source.FREE,
            }[rule]
        case LevelGrant():
            counts = each.value == value
        case Grant():
            counts = True
    return Standing.DECIDES if counts else Standing.COUNTS_NOT


def _standing_of_override(each: Override, deciding: list[Override], at: datetime) -> Standing:
    if not each.holds_at(at):
        return _dated(each, at)
    return Standing.DECIDES if each in deciding else Standing.OVERRIDDEN


def _dated(each: Reason, at: datetime) -> Standing:
    ended = each.ends_at is not None and each.ends_at <= at
    return Standing.ENDED if ended else Standing.NOT_YET

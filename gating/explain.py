"""Why a member has a value, or does not: every reason considered, and the rule that decided. Pure.

Says what `Snapshot` decides (`tests/unit/gating/test_explain.py` holds them together); it decides nothing itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gating.merge import add_up, most
from gating.model import Grant, LevelGrant, LimitGrant, Scales, Snapshot, Source
from gating.values import Override, Value, ValueKind, Variation, amount_of

Reason = Grant | LimitGrant | LevelGrant | Override | Variation


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
    EXPERIMENT = "experiment"
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
    """Every grant, experiment and override of `key`, in the snapshot's order, grants first."""
    value = _value(snapshot, kind, key, at, scales)
    varied = snapshot.variations_at(kind, at).get(key, [])
    deciding = snapshot.overrides_at(kind, at).get(key, [])
    grants = list(_grants(snapshot, kind, key))
    held = [each for each in grants if each.holds_at(at) and not (varied and each.source is Source.FREE)]
    rule = _rule_of_overrides(deciding) or _rule_of_grants(kind, value, held, varied)
    reasons = (
        *grants,
        *(each for each in snapshot.variations if (each.kind, each.key) == (kind, key)),
        *(each for each in snapshot.overrides if (each.kind, each.key) == (kind, key)),
    )
    in_force = [*deciding] if deciding else [*held, *varied]
    considered = tuple(Considered(each, _standing(each, in_force, rule, value, at)) for each in reasons)
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


def _rule_of_grants(
    kind: ValueKind, value: Value, held: Sequence[Grant | LimitGrant | LevelGrant], varied: Sequence[Variation]
) -> Deciding:
    if not held and not varied:
        return Deciding.NO_REASON
    match kind:
        case ValueKind.FEATURE:
            return Deciding.ANY_GRANT if held else Deciding.EXPERIMENT
        case ValueKind.LEVEL:
            given = any(isinstance(each, LevelGrant) and each.value == value for each in held)
            return Deciding.EXPERIMENT if varied and not given else Deciding.HIGHEST
        case ValueKind.LIMIT:
            return _rule_of_limits([each for each in held if isinstance(each, LimitGrant)], varied)


def _rule_of_limits(limits: Sequence[LimitGrant], varied: Sequence[Variation]) -> Deciding:
    if any(each.value is None for each in limits):
        return Deciding.NO_LIMIT
    granted = [each.value for each in limits if each.source is not Source.FREE]
    floors = [each.value for each in limits if each.source is Source.FREE] + [amount_of(each) for each in varied]
    floor = most(floors)
    if granted and floor is not None and floor <= (add_up(granted) or 0):
        return Deciding.SUM
    return Deciding.EXPERIMENT if varied else Deciding.FLOOR


def _standing(each: Reason, in_force: Sequence[Reason], rule: Deciding, value: Value, at: datetime) -> Standing:
    if not each.holds_at(at):
        return _dated(each, at)
    if each not in in_force:
        return Standing.OVERRIDDEN
    match each:
        case Override() | Grant():
            counts = True
        case LimitGrant():
            counts = {
                Deciding.NO_LIMIT: each.value is None,
                Deciding.FLOOR: each.source is Source.FREE and each.value == value,
                Deciding.SUM: each.source is not Source.FREE,
            }.get(rule, False)
        case Variation() if each.kind is ValueKind.LIMIT:
            counts = rule is Deciding.EXPERIMENT and each.value == value
        case LevelGrant() | Variation():
            counts = each.value == value
    return Standing.DECIDES if counts else Standing.COUNTS_NOT


def _dated(each: Reason, at: datetime) -> Standing:
    ended = each.ends_at is not None and each.ends_at <= at
    return Standing.ENDED if ended else Standing.NOT_YET

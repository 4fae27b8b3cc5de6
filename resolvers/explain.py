"""Why a member may, or may not, see something: now, or at a past instant from the log."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any

import strawberry
from graphql import GraphQLSchema

from billing.events import StripeEvent
from billing.evidence import find_event_behind
from billing.model import Catalogue
from errors import BadInput
from execution.rules import build_rules
from gating.explain import Considered, Deciding, Explanation, Reason, Standing, explain
from gating.history import Change, list_changes, origin_of
from gating.model import Access, DenialCode, Grant, Rule, Snapshot, Source, decide
from gating.values import Override, Value, ValueKind
from identity.members import Member
from resolvers.context import Context, Info
from resolvers.inputs import is_id
from resolvers.members import load_members
from storage.database import Database

At = Annotated[
    datetime | None,
    strawberry.argument(
        description="The instant asked about; now when left out. A later one supposes no change. What everybody holds, "
        "and the order of levels, are the present catalogue's."
    ),
]
FeatureKey = Annotated[
    str | None, strawberry.argument(description="Name this or `field`: the key of a feature, a limit or a level.")
]
Coordinate = Annotated[
    str | None,
    strawberry.argument(description="Name this or `feature`: a coordinate as in denials, such as `Article.body`."),
]
MemberId = Annotated[strawberry.ID, strawberry.argument(description="The id of the member.")]


@dataclass(frozen=True, slots=True)
class ExplainedReason:
    """One grant or override; `change` is what brought it, None for what everybody holds; `event` was behind that."""

    standing: Standing
    reason: Reason
    change: Change | None
    event: StripeEvent | None

    @property
    def source(self) -> Source:
        return Source.MANUAL if isinstance(self.reason, Override) else self.reason.source

    @property
    def value(self) -> str:
        return in_words(True if isinstance(self.reason, Grant) else self.reason.value)

    @property
    def plan(self) -> str | None:
        return self.reason.plan if isinstance(self.reason, Grant) else None

    @property
    def starts_at(self) -> datetime | None:
        return self.reason.starts_at

    @property
    def ends_at(self) -> datetime | None:
        return self.reason.ends_at

    @property
    def source_id(self) -> str:
        return self.reason.source_id

    @property
    def recorded_at(self) -> datetime | None:
        return self.change.recorded_at if self.change else None

    @property
    def revision(self) -> int | None:
        return self.change.snapshot.revision if self.change else None

    @property
    def cause(self) -> str | None:
        return self.change.cause if self.change else None


@dataclass(frozen=True, slots=True)
class ExplainedValue:
    """What the reasons of one key came to, in words, and by which rule."""

    kind: ValueKind
    key: str
    value: str | None
    rule: Deciding
    reasons: tuple[ExplainedReason, ...]


@dataclass(frozen=True, slots=True)
class AccessExplanation:
    """`granted` is the decision for a member's own token, `code` why not; `values` are all that it could hang on."""

    at: datetime
    revision: int
    granted: bool
    code: DenialCode | None
    values: tuple[ExplainedValue, ...]


async def explain_access(
    info: Info, member: MemberId, feature: FeatureKey = None, field: Coordinate = None, at: At = None
) -> AccessExplanation | None:
    """None when there is no such member."""
    known = await info.context.load(load_members, member) if is_id(member) else None
    return await _explain(info.context, member, feature, field, at) if known else None


async def explain_own_access(
    root: strawberry.Parent[Member], info: Info, feature: FeatureKey = None, field: Coordinate = None, at: At = None
) -> AccessExplanation:
    return await _explain(info.context, root.id, feature, field, at)


def in_words(value: Value) -> str:
    """`held` or `not held`, a number or `unlimited`, a word."""
    match value:
        case bool():
            return "held" if value else "not held"
        case None:
            return "unlimited"
        case _:
            return str(value)


async def _explain(
    context: Context, member_id: str, feature: str | None, field: str | None, at: datetime | None
) -> AccessExplanation:
    if (feature is None) == (field is None):
        raise BadInput("Name either `feature` or `field`: what is to be explained.")
    services = context.services
    rule = _rule_of(context.schema, field) if field is not None else None
    asked = _keys_of(services.catalogue, feature) if feature is not None else _needs_of(rule)
    instant = services.clock.now() if at is None else _aware(at)
    changes = await list_changes(services.database, member_id, instant)
    stored = changes[0].snapshot if changes else Snapshot(member_id, 0)
    snapshot, scales = stored.over(services.catalogue.baseline), services.catalogue.scales
    told = [explain(snapshot, kind, key, instant, scales) for kind, key in asked]
    denied = decide(rule, Access(True, snapshot.features_at(instant))) if rule else None
    granted = all(_gives(each) for each in told[:1]) if feature is not None else denied is None
    code = denied.code if denied else None if granted else DenialCode.ENTITLEMENT_REQUIRED
    values = await gather(*(_value(services.database, each, changes) for each in told))
    return AccessExplanation(instant, snapshot.revision, granted, code, tuple(values))


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise BadInput("`at` has no time zone: end it with Z, or with an offset such as +01:00.")
    return at


def _keys_of(catalogue: Catalogue, key: str) -> list[tuple[ValueKind, str]]:
    """All that goes by `key`, the feature first."""
    known = ((ValueKind.FEATURE, catalogue.features), (ValueKind.LIMIT, catalogue.limits))
    found = [(kind, key) for kind, keys in (*known, (ValueKind.LEVEL, catalogue.levels)) if key in keys]
    if not found:
        raise BadInput("`feature` is no feature, limit or level of the catalogue: see `plans` for those there are.")
    return found


def _needs_of(rule: Rule | None) -> list[tuple[ValueKind, str]]:
    return [(ValueKind.FEATURE, feature) for feature in sorted(rule.features)] if rule else []


def _rule_of(schema: GraphQLSchema, coordinate: str) -> Rule | None:
    """None for what is open. Raises BadInput when this schema has no such thing."""
    rule = rules_of(schema).get(coordinate)
    if rule is None:
        owner, _, name = coordinate.partition("(")[0].partition(".")
        kind: Any = schema.type_map.get(owner)
        if name not in (getattr(kind, "fields", None) or getattr(kind, "values", None) or ()):
            raise BadInput("`field` is nothing in this schema: name it like `Article.body`.")
    return rule


@lru_cache(8)
def rules_of(schema: GraphQLSchema) -> Mapping[str, Rule]:
    """By coordinate."""
    return {rule.coordinate: rule for rule in build_rules(schema).every_rule()}


def _gives(told: Explanation) -> bool:
    return told.value is None if told.rule is Deciding.NO_LIMIT else bool(told.value)


async def _value(database: Database, told: Explanation, changes: Sequence[Change]) -> ExplainedValue:
    reasons = await gather(*(_reason(database, each, changes) for each in told.considered))
    nothing = told.kind is ValueKind.LEVEL and told.value is None
    return ExplainedValue(told.kind, told.key, None if nothing else in_words(told.value), told.rule, tuple(reasons))


async def _reason(database: Database, considered: Considered, changes: Sequence[Change]) -> ExplainedReason:
    reason = considered.reason
    change = origin_of(reason, changes)
    event = None
    if change is not None and not isinstance(reason, Override):
        event = await find_event_behind(database, reason.source_id, change.recorded_at)
    return ExplainedReason(considered.standing, reason, change, event)

"""Why a member may, or may not, see something: now, or at a past instant from the log."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any

import strawberry
from graphql import GraphQLSchema

from billing.claims import plan_held
from billing.evidence import find_event_behind
from billing.model import Catalogue
from errors import BadInput
from execution.rules import build_rules
from gating.experiment_book import list_experiments
from gating.experiments import variations_for
from gating.explain import Considered, Deciding, Explanation, explain
from gating.history import Change, list_changes, origin_of
from gating.model import Access, DenialCode, Mode, Rule, Snapshot, decide
from gating.policies import Policy, withheld_by
from gating.values import Override, ValueKind, Variation
from identity.members import Member
from resolvers.context import Context, Info
from resolvers.explained import AccessExplanation, AppliedPolicy, ExplainedReason, ExplainedValue, in_words
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
Roles = Annotated[
    list[str] | None,
    strawberry.argument(description="The roles that the member's token would carry; policies may ask for them."),
]
MemberId = Annotated[strawberry.ID, strawberry.argument(description="The id of the member.")]


async def explain_access(
    info: Info,
    member: MemberId,
    feature: FeatureKey = None,
    field: Coordinate = None,
    at: At = None,
    roles: Roles = None,
) -> AccessExplanation | None:
    """None when there is no such member."""
    known = await info.context.load(load_members, member) if is_id(member) else None
    if not known:
        return None
    return await _explain(info.context, Asked(member, feature, field, at, frozenset(roles or ())))


async def explain_own_access(
    root: strawberry.Parent[Member], info: Info, feature: FeatureKey = None, field: Coordinate = None, at: At = None
) -> AccessExplanation:
    """By the roles that the caller has, where it asks of itself."""
    principal = info.context.principal
    roles = principal.roles if principal.member_id == root.id else frozenset[str]()
    return await _explain(info.context, Asked(root.id, feature, field, at, roles))


@dataclass(frozen=True, slots=True)
class Asked:
    """Either `feature` or `field`, of a caller with `roles`."""

    member_id: str
    feature: str | None
    field: str | None
    at: datetime | None
    roles: frozenset[str]


async def _explain(context: Context, asked: Asked) -> AccessExplanation:
    if (asked.feature is None) == (asked.field is None):
        raise BadInput("Name either `feature` or `field`: what is to be explained.")
    services = context.services
    catalogue, database = services.catalogue, services.database
    keys = _keys_of(catalogue, asked.feature) if asked.feature is not None else []
    rule = _rule_for(context.schema, asked, keys)
    keys = keys or [(ValueKind.FEATURE, each) for each in sorted(rule.features if rule else ())]
    instant = services.clock.now() if asked.at is None else _aware(asked.at)
    changes = await list_changes(database, asked.member_id, instant)
    snapshot = await _held_at(context, changes[0].snapshot if changes else Snapshot(asked.member_id, 0), asked.at)
    told = [explain(snapshot, kind, key, instant, catalogue.scales) for kind, key in keys]
    withheld = withheld_by(catalogue.policies, snapshot.countries, asked.roles)
    features = snapshot.features_at(instant).difference(each.feature for each in withheld)
    denied = decide(rule, Access(True, features, withheld=withheld)) if rule else None
    granted = denied is None and (rule is not None or all(_gives(each) for each in told[:1]))
    code = denied.code if denied else None if granted else DenialCode.ENTITLEMENT_REQUIRED
    values = await gather(*(_value(database, each, changes) for each in told))
    features_asked = {key for kind, key in keys if kind is ValueKind.FEATURE}
    policies = tuple(
        _applied(each, snapshot.countries, asked.roles) for each in catalogue.policies if each.feature in features_asked
    )
    return AccessExplanation(instant, snapshot.revision, granted, code, tuple(values), policies, snapshot.countries)


async def _held_at(context: Context, stored: Snapshot, at: datetime | None) -> Snapshot:
    """With what nobody stores: the present baseline, and the experiments as they were said to be at that instant."""
    services = context.services
    instant = services.clock.now() if at is None else at
    snapshot = stored.over(services.catalogue.baseline)
    plan = plan_held(snapshot, services.catalogue, instant)
    experiments = await list_experiments(services.database, at)
    variations = variations_for(stored.member_id, plan.key if plan else None, experiments, instant)
    return replace(snapshot, variations=variations)


def _applied(policy: Policy, countries: Sequence[str], roles: frozenset[str]) -> AppliedPolicy:
    withholds = bool(withheld_by([policy], countries, roles))
    denied, only = (tuple(sorted(words)) for words in (policy.denied, policy.only))
    return AppliedPolicy(policy.feature, policy.kind, denied, only, withholds)


def _rule_for(schema: GraphQLSchema, asked: Asked, keys: Sequence[tuple[ValueKind, str]]) -> Rule | None:
    """What is decided: of a field its own rule, of a feature that it be held; None of what is open, or no feature."""
    if asked.field is not None:
        return _rule_of(schema, asked.field)
    kind, key = keys[0]
    return Rule(f"feature {key}", Mode.ERROR, ((frozenset({key}),),)) if kind is ValueKind.FEATURE else None


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
    if change is not None and not isinstance(reason, Override | Variation):
        event = await find_event_behind(database, reason.source_id, change.recorded_at)
    return ExplainedReason(considered.standing, reason, change, event)

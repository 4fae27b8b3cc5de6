"""Experiments with what is free, for operators."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from billing.by_hand import WordedVariant
from gating.directives import Audience, Fresh, only_for, requires_scopes
from resolvers import experiments as resolve
from resolvers.context import Info
from schema.explain import ValueKind
from schema.fields import field
from schema.payloads import Payload

OPERATORS = only_for(Audience.OPERATOR)
T = "What to do it with."


@strawberry.type(description="What a variant gives for nothing, instead of the default plan.", directives=[OPERATORS])
class ExperimentChange:
    kind: ValueKind = field("What it is.")
    key: str = field("Its key.")
    value: str = field("`held`, `not held`, a number, `unlimited`, or a word.", resolver=resolve.value)


@strawberry.type(description="One of the things tried.", directives=[OPERATORS])
class ExperimentVariant:
    name: str = field("Its name.")
    weight: int = field("Its share of all weights is that of the members who are in it.")
    changes: list[ExperimentChange] = field("What it changes; empty: nothing, to compare with.")


@strawberry.type(
    description="For some time, some members have other things for nothing than the catalogue says.",
    directives=[OPERATORS],
)
class Experiment:
    key: str = field("Its key.")
    variants: list[ExperimentVariant] = field("What is tried. Each member is always in the same of them.")
    plans: list[str] = field("The plans whose members take part; all when empty.", resolver=resolve.plans)
    starts_at: datetime | None = field("When it begins; null when it has no beginning.")
    ends_at: datetime | None = field("When it ends; null when it has no end.")


@strawberry.input(description="Something to give for nothing.", directives=[OPERATORS])
class ExperimentChangeInput:
    key: str = field("The key of a feature, a limit or quota, or a level of the catalogue.")
    value: str = field("`on` or `off` for a feature; a number or `unlimited` for a limit; a word for a level.")


@strawberry.input(description="Something to try.", directives=[OPERATORS])
class ExperimentVariantInput:
    name: str = field("Its name.")
    weight: int = field("Its share, against the weights of the others. Raising it moves members into it alone.")
    changes: list[ExperimentChangeInput] = strawberry.field(
        default_factory=list[ExperimentChangeInput], description="What it changes; nothing when left out."
    )


@strawberry.input(description="An experiment, in place of what its key says now.", directives=[OPERATORS])
class SetExperimentInput:
    key: str = field("Its key; who is in which variant hangs on it.")
    variants: list[ExperimentVariantInput] = field("What to try.")
    plans: list[str] = strawberry.field(
        default_factory=list[str], description="The plans whose members take part; all when left out."
    )
    starts_at: datetime | None = strawberry.field(default=None, description="When it begins; at once when left out.")
    ends_at: datetime | None = strawberry.field(default=None, description="When it ends; when it is ended if left out.")
    case: str = field("What to file it under, such as a ticket.")
    reason: str = strawberry.field(default="", description="Why, for whoever asks later.")


@strawberry.input(description="What to end.", directives=[OPERATORS])
class EndExperimentInput:
    key: str = field("The key of the experiment.")
    case: str = field("What to file it under, such as a ticket.")
    reason: str = strawberry.field(default="", description="Why, for whoever asks later.")


@strawberry.type(description="What is tried now.", directives=[OPERATORS])
class SetExperimentPayload(Payload):
    entity: Experiment | None = field("The experiment; null when there are errors.", name="experiment")


@strawberry.type(description="What is tried no more.", directives=[OPERATORS])
class EndExperimentPayload(Payload):
    entity: Experiment | None = field("The experiment as it was; null when there are errors.", name="experiment")


@strawberry.type(description="What operators try.")
class ExperimentOperations:
    @strawberry.field(
        description="Sets an experiment, whole. It is so in every process within two seconds, with no deployment.",
        directives=[OPERATORS, requires_scopes("entitlements:write"), Fresh()],
        graphql_type=SetExperimentPayload,
    )
    async def set_experiment(
        self, info: Info, input: Annotated[SetExperimentInput, strawberry.argument(description=T)]
    ) -> Any:
        variants = [
            WordedVariant(each.name, each.weight, tuple((change.key, change.value) for change in each.changes))
            for each in input.variants
        ]
        dates = (input.starts_at, input.ends_at)
        return await resolve.set_experiment(info, input.key, variants, input.plans, dates, input.case, input.reason)

    @strawberry.field(
        description="Ends an experiment at once: everybody has for nothing what the default plan gives.",
        directives=[OPERATORS, requires_scopes("entitlements:write"), Fresh()],
        graphql_type=EndExperimentPayload,
    )
    async def end_experiment(
        self, info: Info, input: Annotated[EndExperimentInput, strawberry.argument(description=T)]
    ) -> Any:
        return await resolve.end_experiment(info, input.key, input.case, input.reason)

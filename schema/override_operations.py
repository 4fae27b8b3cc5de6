"""Setting by hand what members hold, for operators."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from gating.directives import Audience, Fresh, only_for, requires_scopes
from resolvers import overrides as resolve
from resolvers.context import Info
from schema.explain import ValueKind
from schema.fields import field
from schema.payloads import Payload

OPERATORS = only_for(Audience.OPERATOR)
T = "What to do it with."


@strawberry.type(description="What was set by hand, or taken back.", directives=[OPERATORS])
class OverrideSetting:
    kind: ValueKind = field("What it is.")
    key: str = field("Its key.")
    value: str | None = field("What it is now: as in `ExplainedValue.value`; null when it was taken back.")
    case: str = field("What it is filed under; explanations name it as the `sourceId`.")
    ends_at: datetime | None = field("When it ends; null when it has no end, or was taken back.")
    changed: int = field("How many members hold something else by it; of what was taken back, how many overrides.")


@strawberry.input(description="What to set, for whom, and why.", directives=[OPERATORS])
class SetOverrideInput:
    member_id: strawberry.ID | None = strawberry.field(
        default=None, description="The member it is for. Name this or `organizationId`."
    )
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="The organisation whose members it is for. Name this or `memberId`."
    )
    key: str = field("The key of a feature, a limit or quota, or a level of the catalogue.")
    value: str = field("`on` or `off` for a feature; a number or `unlimited` for a limit; a word for a level.")
    ends_at: datetime | None = strawberry.field(default=None, description="When it ends; it stands until then.")
    case: str = field("What to file it under, such as a ticket.")
    reason: str = strawberry.field(default="", description="Why, for whoever asks later.")


@strawberry.input(description="What to take back, from whom, and why.", directives=[OPERATORS])
class RemoveOverrideInput:
    member_id: strawberry.ID | None = strawberry.field(
        default=None, description="The member it was set for. Name this or `organizationId`."
    )
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="The organisation it was set for. Name this or `memberId`."
    )
    key: str = field("The key of what was set.")
    case: str = field("What to file it under, such as a ticket.")
    reason: str = strawberry.field(default="", description="Why, for whoever asks later.")


@strawberry.type(description="What was set.", directives=[OPERATORS])
class SetOverridePayload(Payload):
    entity: OverrideSetting | None = field("What was set; null when there are errors.", name="override")


@strawberry.type(description="What was taken back.", directives=[OPERATORS])
class RemoveOverridePayload(Payload):
    entity: OverrideSetting | None = field("What was taken back; null when there are errors.", name="override")


@strawberry.type(description="What operators set by hand.")
class OverrideOperations:
    @strawberry.field(
        description="Sets what a member holds of a key, whatever was bought, or all members of an organisation. Kept "
        "with who did it and why. Repeating it changes nothing.",
        directives=[OPERATORS, requires_scopes("entitlements:write"), Fresh()],
        graphql_type=SetOverridePayload,
    )
    async def set_override(
        self, info: Info, input: Annotated[SetOverrideInput, strawberry.argument(description=T)]
    ) -> Any:
        holder = resolve.Holder(input.member_id, input.organization_id)
        what = (input.key, input.value, input.ends_at)
        return await resolve.set_by_hand(info, holder, *what, input.case, input.reason)

    @strawberry.field(
        description="Takes back what was set of a key, so that what was bought counts again.",
        directives=[OPERATORS, requires_scopes("entitlements:write"), Fresh()],
        graphql_type=RemoveOverridePayload,
    )
    async def remove_override(
        self, info: Info, input: Annotated[RemoveOverrideInput, strawberry.argument(description=T)]
    ) -> Any:
        holder = resolve.Holder(input.member_id, input.organization_id)
        return await resolve.remove_by_hand(info, holder, input.key, input.case, input.reason)

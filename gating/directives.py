"""The schema directives, and the short forms that declare them beside a field.

    body: str | None = strawberry.field(resolver=..., directives=[requires("content_premium", mode=DenyMode.LOCK)])

They print in the SDL and are enforced by `execution`; nothing else has to be done to gate a field.
"""

from enum import Enum

import strawberry
from strawberry.schema_directive import Location


@strawberry.enum(description="How a denied field looks to the client.")
class DenyMode(Enum):
    ERROR = strawberry.enum_value(
        "ERROR",
        description="Null, and one error for each null position. The default: what should not have been asked for.",
    )
    LOCK = strawberry.enum_value(
        "LOCK",
        description="Null and no error; the type's `access` field says what is missing. What a screen expects locked.",
    )
    REJECT = strawberry.enum_value(
        "REJECT",
        description="The whole request is refused and nothing runs. For mutations, subscriptions, arguments, inputs.",
    )


@strawberry.enum(description="Whose schema an element belongs to.")
class Audience(Enum):
    SPA = strawberry.enum_value("SPA", description="The member's own client, in a browser or on a phone.")
    OPERATOR = strawberry.enum_value("OPERATOR", description="Those who run this service.")
    INTEGRATOR = strawberry.enum_value("INTEGRATOR", description="Third parties with a token of their own.")


@strawberry.schema_directive(
    locations=[
        Location.FIELD_DEFINITION,
        Location.OBJECT,
        Location.ARGUMENT_DEFINITION,
        Location.INPUT_FIELD_DEFINITION,
        Location.ENUM_VALUE,
    ],
    description="Resolves only for callers who hold the features: the outer list is OR, the inner lists are AND.",
)
class RequiresEntitlement:
    any_of: list[list[str]] = strawberry.directive_field(name="anyOf")
    mode: DenyMode = DenyMode.ERROR


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT],
    description="Resolves only for tokens that carry the scopes: the outer list is OR, the inner lists are AND.",
)
class RequiresScopes:
    scopes: list[list[str]]


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT],
    description="Resolves only for a verified caller of any kind.",
)
class Authenticated:
    pass


@strawberry.schema_directive(
    locations=[
        Location.FIELD_DEFINITION,
        Location.OBJECT,
        Location.INTERFACE,
        Location.UNION,
        Location.ENUM,
        Location.ENUM_VALUE,
        Location.INPUT_OBJECT,
        Location.INPUT_FIELD_DEFINITION,
        Location.ARGUMENT_DEFINITION,
        Location.SCALAR,
    ],
    description="The element exists only in the schemas of these audiences.",
)
class Audiences:
    only: list[Audience]


@strawberry.schema_directive(
    locations=[
        Location.FIELD_DEFINITION,
        Location.ARGUMENT_DEFINITION,
        Location.INPUT_FIELD_DEFINITION,
        Location.ENUM_VALUE,
    ],
    description="The element's effect depends on these fields (`Type.field`), so it must be gated as strictly.",
)
class Reads:
    fields: list[str]


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="Decided by what the database says at that moment, and refused to tokens older than the last change: "
    "for what moves money, takes data out, gives seats or administers.",
)
class Fresh:
    pass


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="A mutation that anybody may call, on purpose.",
)
class Public:
    pass


def requires(*features: str, mode: DenyMode = DenyMode.ERROR) -> RequiresEntitlement:
    """All of `features` are needed. For alternatives use `requires_any`."""
    return RequiresEntitlement(any_of=[list(features)], mode=mode)


def requires_any(*alternatives: list[str], mode: DenyMode = DenyMode.ERROR) -> RequiresEntitlement:
    """Any one of the alternatives is enough; within one, all are needed."""
    return RequiresEntitlement(any_of=list(alternatives), mode=mode)


def requires_scopes(*scopes: str) -> RequiresScopes:
    """All of `scopes` are needed."""
    return RequiresScopes(scopes=[list(scopes)])


def only_for(*audiences: Audience) -> Audiences:
    return Audiences(only=list(audiences))


def reads(*fields: str) -> Reads:
    return Reads(fields=list(fields))

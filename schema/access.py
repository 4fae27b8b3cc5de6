"""Denials as data: what a client shows in place of something locked."""

import strawberry

from execution.denials import ActionKind
from gating.model import DenialCode
from resolvers import access as resolve
from schema.fields import field, show_enum

show_enum(
    DenialCode,
    "Why something was denied. Also the `extensions.code` of errors.",
    {
        DenialCode.UNAUTHENTICATED: "Nobody is signed in, and this needs somebody.",
        DenialCode.ENTITLEMENT_REQUIRED: "The caller's plan does not include the feature.",
        DenialCode.REGION_RESTRICTED: "The feature is not given in the country of the member's address; no plan does.",
        DenialCode.ROLE_REQUIRED: "The feature is not for the role that the caller has; no plan gives it.",
        DenialCode.QUOTA_EXCEEDED: "The plan includes it, but all of it is used up for now.",
        DenialCode.SCOPE_REQUIRED: "The token lacks a scope.",
        DenialCode.FORBIDDEN: "This caller may never do this.",
        DenialCode.COST_LIMIT: "The operation asks for too much at once.",
        DenialCode.UNAVAILABLE: "What the caller holds cannot be read right now; try again, there is nothing to buy.",
    },
)

show_enum(
    ActionKind,
    "What lifts a denial.",
    {
        ActionKind.SIGN_IN: "Sign in; it may be included then.",
        ActionKind.UPGRADE: "Get the plan that is named.",
        ActionKind.REQUEST_SCOPE: "Get a token that carries the scope.",
        ActionKind.CORRECT_ADDRESS: "If the billing address names the wrong country, correct it.",
        ActionKind.REQUEST_ROLE: "Get a token that carries one of the `roles`, from whoever gives them.",
        ActionKind.RETRY: "Try again in a moment.",
    },
    name="DenialActionKind",
)


@strawberry.type(description="A plan that would lift a denial.")
class RequiredPlan:
    plan: str = field("The key of the plan, as in `Plan.key`.", name="key")
    name: str = field("The plan's name, to show.")


@strawberry.type(
    description="What to do about a denial. Following it and getting what it names makes the query succeed."
)
class DenialAction:
    kind: ActionKind = field("What to do.")
    plan: str | None = field("The key of the cheapest plan that suffices; null when no plan is needed or none has it.")
    roles: list[str] = field("The roles any of which suffices, where the denial is for the lack of one.")


@strawberry.type(description="Why something is locked and what opens it.")
class Denial:
    code: DenialCode = field("Why, for programs.")
    feature: str | None = field("The key of the missing feature; null when no feature is missing.")
    required_plans: list[RequiredPlan] = field("The plans that include it, cheapest first; each alone is enough.")
    action: DenialAction = field("What the caller can do.")
    message: str = field("Why, in words that can be shown.", resolver=resolve.message)


@strawberry.type(description="Whether the locked fields of an object are open to the caller.")
class Access:
    granted: bool = field("True when they are open; then `denial` is null.")
    denial: Denial | None = field("Why they are null; null when `granted`.")


@strawberry.interface(
    description="Has fields that are null without an error while the caller's plan does not include them."
)
class Lockable:
    access: Access = field(
        "Whether those fields are open to the caller, and what opens them.", resolver=resolve.access, columns=()
    )

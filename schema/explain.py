"""Why a member may see something, or may not."""

from datetime import datetime

import strawberry

from gating.directives import Audience, only_for
from gating.explain import Deciding, Standing
from gating.model import DenialCode, Source
from gating.policies import PolicyKind
from gating.values import ValueKind
from schema.fields import field, show_enum
from schema.subscriptions import StripeEvent

show_enum(
    Source,
    "Why a member holds a feature.",
    {
        Source.FREE: "Everybody does.",
        Source.SUBSCRIPTION: "A subscription includes it.",
        Source.ADD_ON: "It was bought in addition.",
        Source.TRIAL: "A trial includes it.",
        Source.SEAT: "An organisation gave the member a seat.",
        Source.PROMOTION: "A promotion includes it.",
        Source.GRANDFATHERED: "An older price included it, and still does.",
        Source.MANUAL: "An operator granted it.",
        Source.EXPERIMENT: "An experiment gives it for nothing to some.",
    },
    name="EntitlementSource",
)

show_enum(
    ValueKind,
    "What sort of thing a key names.",
    {
        ValueKind.FEATURE: "A feature: held or not.",
        ValueKind.LIMIT: "A limit or a monthly quota: a number, or none.",
        ValueKind.LEVEL: "A level: a word of a scale.",
    },
    name="EntitlementKind",
)

show_enum(
    Standing,
    "How a reason stood at the instant asked about.",
    {
        Standing.DECIDES: "It made the value, alone or with others.",
        Standing.COUNTS_NOT: "It was in force, but others gave more.",
        Standing.OVERRIDDEN: "It was in force, but something set by an operator, or an experiment, stood over it.",
        Standing.NOT_YET: "It had not begun.",
        Standing.ENDED: "It had ended.",
    },
    name="ReasonStanding",
)

show_enum(
    Deciding,
    "The rule by which the reasons came to the value.",
    {
        Deciding.NO_REASON: "Nothing gives it.",
        Deciding.ANY_GRANT: "A feature is held when any grant gives it.",
        Deciding.SUM: "What was granted adds up.",
        Deciding.FLOOR: "Everybody has at least this much, which was more than was granted.",
        Deciding.NO_LIMIT: "A grant without a limit beats every number.",
        Deciding.HIGHEST: "The highest level granted.",
        Deciding.EXPERIMENT: "An experiment decides how much of it is for nothing.",
        Deciding.MEMBER_OVERRIDE: "An operator set it for this member.",
        Deciding.ORGANIZATION_OVERRIDE: "An operator set it for an organisation of the member; of several the most.",
    },
    name="DecidingRule",
)


@strawberry.type(description="One grant that was considered, or something an operator set.")
class AccessReason:
    standing: Standing = field("How it stood at that instant.")
    source: Source = field("Where it comes from.")
    value: str = field("What it gives: `held`, `not held`, a number, `unlimited`, or a word of a scale.")
    plan: str | None = field("The key of the plan that included it.")
    starts_at: datetime | None = field("When it begins; null when it always was.")
    ends_at: datetime | None = field("When it ends; null when it has no end.")
    recorded_at: datetime | None = field("Since when it is held, as recorded; null for what everybody holds.")
    revision: int | None = field(
        "The revision of the member's entitlements that brought it; null for what everybody holds.",
    )
    source_id: str = field(
        "The id of what is behind it, such as the subscription at Stripe.",
        directives=[only_for(Audience.OPERATOR)],
    )
    cause: str | None = field("What was done when it was recorded.", directives=[only_for(Audience.OPERATOR)])
    event: StripeEvent | None = field(
        "The event of Stripe's by which it came; null for what did not come from Stripe.",
        name="stripeEvent",
        directives=[only_for(Audience.OPERATOR)],
    )


@strawberry.type(description="A feature, limit or level as it was for the member at that instant, and why.")
class ExplainedValue:
    kind: ValueKind = field("What it is.")
    key: str = field("Its key.")
    value: str | None = field("`held`, `not held`, a number, `unlimited`, or a word; null for a level not had.")
    rule: Deciding = field("The rule that decided.")
    reasons: list[AccessReason] = field("Every grant of it and everything set, whether it counted or not.")


show_enum(
    PolicyKind,
    "What a policy goes by.",
    {
        PolicyKind.REGION: "The countries that the member is known to be in.",
        PolicyKind.ROLE: "The roles that the caller's token carries.",
    },
)


@strawberry.type(description="A policy, which can only take a feature away, whatever gives it.")
class AppliedPolicy:
    feature: str = field("The key of the feature.")
    kind: PolicyKind = field("What it goes by.")
    denied: list[str] = field("The countries or roles that it takes the feature from.")
    only: list[str] = field("Where not empty: the countries or roles that it leaves the feature to.")
    withholds: bool = field("Whether it took the feature from the member, with the roles supposed.")


@strawberry.type(description="Why a member could see something at an instant, or could not.")
class AccessExplanation:
    at: datetime = field("The instant it speaks of.")
    revision: int = field("The revision of the member's entitlements that held then.")
    granted: bool = field("Whether the member could, with a token of its own.")
    code: DenialCode | None = field("Why not; null when granted.")
    policies: list[AppliedPolicy] = field("The present policies on the features that it hangs on.")
    countries: list[str] = field("Where the member was known to be: of its addresses at Stripe; ISO 3166-1 alpha-2.")
    values: list[ExplainedValue] = field("Everything that it hangs on; empty for what is open, or needs no feature.")

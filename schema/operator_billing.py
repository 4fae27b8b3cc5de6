"""What operators do about a member's billing: money back, a longer trial, access by hand."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from billing.operator_actions import GrantWish, RefundReason, RefundWish
from gating.directives import Audience, Fresh, only_for, requires_scopes
from resolvers import operator_billing as resolve
from resolvers.billing_changes import subscription
from resolvers.context import Info
from schema.billing_payloads import KEY, BillingPayload
from schema.fields import field, show_enum
from schema.subscriptions import PlanSubscription

OPERATORS = only_for(Audience.OPERATOR)
T = "What to do it with."

show_enum(
    RefundReason,
    "Why money is given back, for the books.",
    {
        RefundReason.DUPLICATE: "It was paid twice.",
        RefundReason.FRAUDULENT: "Somebody else paid it.",
        RefundReason.ORDER_CHANGE: "Something else was wanted.",
        RefundReason.PRODUCT_UNSATISFACTORY: "It was not good enough.",
    },
)


@strawberry.input(description="What to give back.", directives=[OPERATORS])
class RefundInput:
    invoice_id: strawberry.ID = field("The id of the invoice, at Stripe.")
    reason: RefundReason = field("Why.")
    idempotency_key: str = field(KEY)
    amount_minor: int | None = strawberry.field(
        default=None, description="In the currency's smallest unit; all that is left when left out."
    )


@strawberry.input(description="What to grant, to whom, and why.", directives=[OPERATORS])
class GrantAccessInput:
    member_id: strawberry.ID = field("The id of the member.")
    case: str = field("What to file it under, such as a ticket; another grant of the same case takes its place.")
    reason: str = field("Why, for whoever asks later.")
    idempotency_key: str = field(KEY)
    features: list[str] = strawberry.field(default_factory=list, description="The keys of features; or give `plan`.")
    plan: str | None = strawberry.field(
        default=None, description="The key of a plan or add-on, all of which is granted; or give `features`."
    )
    until: datetime | None = strawberry.field(default=None, description="When it ends; never when left out.")


@strawberry.input(description="Whose trial, and until when.", directives=[OPERATORS])
class ExtendTrialInput:
    member_id: strawberry.ID = field("The id of the member.")
    until: datetime = field("When it is to end: later than now planned, within two years.")
    idempotency_key: str = field(KEY)


@strawberry.type(description="Money that was given back.", directives=[OPERATORS])
class Refund:
    credit_note_id: str = field("The id of the credit note, at Stripe.")
    amount_minor: int = field("In the currency's smallest unit.")
    currency: str = field("ISO 4217, upper case.")


@strawberry.type(description="What a case gives a member.", directives=[OPERATORS])
class AccessGrant:
    member_id: str = field("The id of the member.")
    case: str = field("What it is filed under; explanations name it as the `sourceId`.")
    features: list[str] = field("The keys of the features, in order.")
    until: datetime | None = field("When it ends; null when it has no end.")


@strawberry.type(description="A trial that lasts longer.", directives=[OPERATORS])
class TrialExtension:
    subscription: PlanSubscription | None = field(
        "The subscription now; null until Stripe's word of it has arrived.", resolver=subscription
    )
    until: datetime = field("When the trial ends.")


@strawberry.type(description="What was given back.", directives=[OPERATORS])
class RefundPayload(BillingPayload):
    entity: Refund | None = field("The refund; null when there are errors.", name="refund")


@strawberry.type(description="What was granted.", directives=[OPERATORS])
class GrantAccessPayload(BillingPayload):
    entity: AccessGrant | None = field("The grant; null when there are errors.", name="grant")


@strawberry.type(description="What was extended.", directives=[OPERATORS])
class ExtendTrialPayload(BillingPayload):
    entity: TrialExtension | None = field("The trial; null when there are errors.", name="extension")


@strawberry.type(description="What operators do about a member's billing.")
class OperatorBilling:
    @strawberry.field(
        description="Gives back what was paid with an invoice, or part of it. The subscription goes on.",
        directives=[OPERATORS, requires_scopes("billing:write"), Fresh()],
        graphql_type=RefundPayload,
    )
    async def refund(self, info: Info, input: Annotated[RefundInput, strawberry.argument(description=T)]) -> Any:
        wish = RefundWish(input.invoice_id, input.reason, input.amount_minor)
        return await resolve.refund(info, input.idempotency_key, wish)

    @strawberry.field(
        description="Grants access by hand, beside whatever was bought, for a time. Kept with who did it and why.",
        directives=[OPERATORS, requires_scopes("entitlements:write"), Fresh()],
        graphql_type=GrantAccessPayload,
    )
    async def grant_access(
        self, info: Info, input: Annotated[GrantAccessInput, strawberry.argument(description=T)]
    ) -> Any:
        wish = GrantWish(input.member_id, input.case, input.reason, plan=input.plan, until=input.until)
        return await resolve.grant_access(info, input.idempotency_key, wish, input.features)

    @strawberry.field(
        description="Lets a trial that goes on last longer.",
        directives=[OPERATORS, requires_scopes("billing:write"), Fresh()],
        graphql_type=ExtendTrialPayload,
    )
    async def extend_trial(
        self, info: Info, input: Annotated[ExtendTrialInput, strawberry.argument(description=T)]
    ) -> Any:
        return await resolve.extend_trial(info, input.idempotency_key, input.member_id, input.until)

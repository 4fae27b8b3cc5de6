"""Changing a subscription, leaving it and coming back."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from billing.changes import AddOnWish, PlanWish, QuantityWish, Timing
from billing.leaving import Feedback, Leaving, PauseKind, Pausing
from billing.model import Interval
from billing.resubscribing import Return
from errors import BadInput
from gating.directives import Audience, Authenticated, only_for
from resolvers import billing_changes as resolve
from resolvers.context import Info
from resolvers.inputs import text_of
from schema.billing_payloads import KEY, BillingPayload
from schema.fields import field, show_enum
from schema.subscriptions import PlanSubscription

MEMBERS = only_for(Audience.SPA)
T = "What to do it with."
COUNTRY = "ISO 3166-1 alpha-2, for what is not sold everywhere."
LONGEST_COMMENT = 500

show_enum(
    Timing,
    "When a change takes effect.",
    {Timing.NOW: "At once.", Timing.AT_PERIOD_END: "When the period that is paid has ended."},
    name="ChangeTiming",
)
show_enum(
    PauseKind,
    "What becomes of the invoices of a pause.",
    {
        PauseKind.VOID: "They are void. What was paid for is held until its end.",
        PauseKind.KEEP_AS_DRAFT: "They wait, to be asked for later.",
        PauseKind.MARK_UNCOLLECTIBLE: "They are written off.",
    },
)
show_enum(
    Feedback,
    "Why somebody leaves.",
    {
        Feedback.TOO_EXPENSIVE: "It costs too much.",
        Feedback.MISSING_FEATURES: "Something is missing.",
        Feedback.SWITCHED_SERVICE: "Another service is used.",
        Feedback.UNUSED: "It is not used.",
        Feedback.CUSTOMER_SERVICE: "Help was not good enough.",
        Feedback.TOO_COMPLEX: "It is too hard to use.",
        Feedback.LOW_QUALITY: "It is not good enough.",
        Feedback.OTHER: "Something else.",
    },
    name="CancellationFeedback",
)


@strawberry.input(description="Which change to look at: to a plan, or to another number.", directives=[MEMBERS])
class PreviewChangeInput:
    plan: str | None = strawberry.field(
        default=None, description="The key of the plan to change to; with `quantity`, of what to have so many."
    )
    interval: Interval | None = strawberry.field(default=None, description="As in `changePlan`.")
    quantity: int | None = strawberry.field(default=None, description="As in `changeQuantity`.")
    timing: Timing | None = strawberry.field(default=None, description="As in `changePlan`.")
    country: str | None = strawberry.field(default=None, description=COUNTRY)
    prorated_at: datetime | None = strawberry.field(
        default=None, description="An instant of the last hour to reckon from; now when left out."
    )


@strawberry.input(description="To which plan.", directives=[MEMBERS])
class ChangePlanInput:
    plan: str = field("The key of the plan. The present one drops a change that waits for the period's end.")
    idempotency_key: str = field(KEY)
    interval: Interval | None = strawberry.field(
        default=None, description="How often to pay; as now, where that is offered, when left out."
    )
    timing: Timing | None = strawberry.field(
        default=None, description="When; what costs more at once and what costs less later, when left out."
    )
    country: str | None = strawberry.field(default=None, description=COUNTRY)
    prorated_at: datetime | None = strawberry.field(
        default=None, description="That of a preview of the last hour, whose amounts then hold."
    )


@strawberry.input(description="How many, and of what.", directives=[MEMBERS])
class ChangeQuantityInput:
    quantity: int = field("How many; 0 takes an add-on away.")
    idempotency_key: str = field(KEY)
    plan: str | None = strawberry.field(
        default=None, description="The key of the plan or add-on; not needed where only one is sold by number."
    )
    timing: Timing | None = strawberry.field(default=None, description="When; more at once, fewer later if left out.")
    prorated_at: datetime | None = strawberry.field(default=None, description="As in `changePlan`.")


@strawberry.input(description="What to have on top.", directives=[MEMBERS])
class AddAddOnInput:
    add_on: str = field("The key of the add-on.")
    idempotency_key: str = field(KEY)
    quantity: int = strawberry.field(default=1, description="How many, where it is sold by number.")
    country: str | None = strawberry.field(default=None, description=COUNTRY)


@strawberry.input(description="When to end.", directives=[MEMBERS])
class CancelSubscriptionInput:
    idempotency_key: str = field(KEY)
    timing: Timing = strawberry.field(
        default=Timing.AT_PERIOD_END,
        description="NOW gives back what was paid for and is not used, and takes what it gave away.",
    )
    feedback: Feedback | None = strawberry.field(default=None, description="Why.")
    comment: str | None = strawberry.field(default=None, description="Why, in own words; at most 500 characters.")


@strawberry.input(description="How to pause.", directives=[MEMBERS])
class PauseSubscriptionInput:
    idempotency_key: str = field(KEY)
    kind: PauseKind = strawberry.field(default=PauseKind.VOID, description="What becomes of the invoices.")
    resumes_at: datetime | None = strawberry.field(
        default=None, description="When it goes on by itself, within a year; when resumed, if left out."
    )


@strawberry.input(description="What to resume with.", directives=[MEMBERS])
class ResumeSubscriptionInput:
    idempotency_key: str = field(KEY)


@strawberry.input(description="What to come back to.", directives=[MEMBERS])
class ResubscribeInput:
    idempotency_key: str = field(KEY)
    plan: str | None = strawberry.field(default=None, description="The key of the plan; the former one if left out.")
    interval: Interval | None = strawberry.field(default=None, description="How often to pay; as before if left out.")
    promotion_code: str | None = strawberry.field(default=None, description="A code that takes something off.")
    country: str | None = strawberry.field(default=None, description=COUNTRY)


@strawberry.type(description="A line of what a change costs.", directives=[MEMBERS])
class PreviewLine:
    description: str | None = field("What it is for.")
    amount_minor: int = field("In the currency's smallest unit; below 0 it is credit.")
    proration: bool = field("Whether it is for part of a period.")
    period_start: datetime | None = field("From when on.")
    period_end: datetime | None = field("Until when.")


@strawberry.type(description="The invoice after a change.", directives=[MEMBERS])
class NextInvoice:
    total_minor: int = field("In the currency's smallest unit, without what is used until then.")
    due_at: datetime | None = field("When it comes.")


@strawberry.type(description="What a change costs; nothing was done.", directives=[MEMBERS])
class ChangePreview:
    timing: Timing = field("When it would take effect.")
    effective_at: datetime = field("The instant of that.")
    prorated_at: datetime | None = field(
        "To be given to `changePlan` for these amounts; null where none depends on it."
    )
    currency: str = field("ISO 4217, upper case.")
    due_now_minor: int = field("What is paid at once, in the smallest unit, tax and credit reckoned in.")
    tax_minor: int = field("The tax in that.")
    lines: list[PreviewLine] = field("Of what is paid at once; empty when nothing is.")
    next_invoice: NextInvoice | None = field("The invoice after that.")


@strawberry.type(description="A payment that only the buyer can confirm.", directives=[MEMBERS])
class PaymentToConfirm:
    client_secret: str | None = field("For Stripe's script in the page.")
    invoice_url: str | None = field("A page of Stripe's to do it on.")


@strawberry.type(description="What was done to a subscription.", directives=[MEMBERS])
class SubscriptionChange:
    subscription: PlanSubscription | None = field(
        "The subscription now; null until Stripe's word of it has arrived.", resolver=resolve.subscription
    )
    effective_at: datetime = field("From when on it holds.")
    confirmation: PaymentToConfirm | None = field(
        "Where only the buyer can confirm the payment: until then nothing changes. Else null."
    )
    refunded_minor: int = field("What goes back where it came from, in the currency's smallest unit.")
    credited_minor: int = field("What is kept as credit for later invoices, in the currency's smallest unit.")
    currency: str | None = field("Of these amounts, ISO 4217; null where nothing is given back.")


@strawberry.type(description="What a change would cost.", directives=[MEMBERS])
class PreviewChangePayload(BillingPayload):
    entity: ChangePreview | None = field("The preview; null when there are errors.", name="preview")


@strawberry.type(description="What was done to a subscription, or why not.", directives=[MEMBERS])
class SubscriptionChangePayload(BillingPayload):
    entity: SubscriptionChange | None = field("What was done; null when there are errors.", name="change")


@strawberry.type(description="What members do to a subscription they have.")
class BillingChanges:
    @strawberry.field(
        description="What a change would cost, now and later. Changes nothing.",
        directives=[MEMBERS, Authenticated()],
        graphql_type=PreviewChangePayload,
    )
    async def preview_change(
        self, info: Info, input: Annotated[PreviewChangeInput, strawberry.argument(description=T)]
    ) -> Any:
        return await resolve.preview_change(info, _wish(input), input.prorated_at)

    @strawberry.field(
        description="Changes the plan, or how often it is paid: what costs more at once, in proportion, and only if it"
        " is paid; what costs less when the period that is paid has ended.",
        directives=[MEMBERS, Authenticated()],
        graphql_type=SubscriptionChangePayload,
    )
    async def change_plan(
        self, info: Info, input: Annotated[ChangePlanInput, strawberry.argument(description=T)]
    ) -> Any:
        wish = PlanWish(text_of("plan", input.plan), input.interval, input.timing, input.country)
        return await resolve.change_plan(info, input.idempotency_key, wish, input.prorated_at)

    @strawberry.field(
        description="Changes how many there are of what is sold by number, such as seats.",
        directives=[MEMBERS, Authenticated()],
        graphql_type=SubscriptionChangePayload,
    )
    async def change_quantity(
        self, info: Info, input: Annotated[ChangeQuantityInput, strawberry.argument(description=T)]
    ) -> Any:
        wish = QuantityWish(input.quantity, _text("plan", input.plan), input.timing)
        return await resolve.change_quantity(info, input.idempotency_key, wish, input.prorated_at)

    @strawberry.field(
        description="Adds something to the subscription, or buys it once, with the payment method on file.",
        directives=[MEMBERS, Authenticated()],
        graphql_type=SubscriptionChangePayload,
    )
    async def add_add_on(self, info: Info, input: Annotated[AddAddOnInput, strawberry.argument(description=T)]) -> Any:
        wish = AddOnWish(text_of("addOn", input.add_on), input.quantity, input.country)
        return await resolve.add_add_on(info, input.idempotency_key, wish)

    @strawberry.field(
        description="Ends the subscription with the period that is paid; or now, and what is not used is given back.",
        directives=[MEMBERS, Authenticated()],
        graphql_type=SubscriptionChangePayload,
    )
    async def cancel_subscription(
        self, info: Info, input: Annotated[CancelSubscriptionInput, strawberry.argument(description=T)]
    ) -> Any:
        comment = None if input.comment is None else text_of("comment", input.comment, longest=LONGEST_COMMENT)
        return await resolve.cancel_subscription(
            info, input.idempotency_key, Leaving(input.timing, input.feedback, comment)
        )

    @strawberry.field(
        description="Pauses the payments, and with them what they are for.",
        directives=[MEMBERS, Authenticated()],
        graphql_type=SubscriptionChangePayload,
    )
    async def pause_subscription(
        self, info: Info, input: Annotated[PauseSubscriptionInput, strawberry.argument(description=T)]
    ) -> Any:
        return await resolve.pause_subscription(info, input.idempotency_key, Pausing(input.kind, input.resumes_at))

    @strawberry.field(
        description="Takes back a cancellation that has not come, and ends a pause.",
        directives=[MEMBERS, Authenticated()],
        graphql_type=SubscriptionChangePayload,
    )
    async def resume_subscription(
        self, info: Info, input: Annotated[ResumeSubscriptionInput, strawberry.argument(description=T)]
    ) -> Any:
        return await resolve.resume_subscription(info, input.idempotency_key)

    @strawberry.field(
        description="Begins a new subscription after one that has ended, paid at once with the payment method on file.",
        directives=[MEMBERS, Authenticated()],
        graphql_type=SubscriptionChangePayload,
    )
    async def resubscribe(
        self, info: Info, input: Annotated[ResubscribeInput, strawberry.argument(description=T)]
    ) -> Any:
        code = _text("promotionCode", input.promotion_code)
        wish = Return(_text("plan", input.plan), input.interval, code, input.country)
        return await resolve.resubscribe(info, input.idempotency_key, wish)


def _wish(input: PreviewChangeInput) -> PlanWish | QuantityWish:
    plan = _text("plan", input.plan)
    if input.quantity is not None:
        return QuantityWish(input.quantity, plan, input.timing)
    if plan is None:
        raise BadInput("`plan` is missing: give the plan to change to, or the `quantity` to have.")
    return PlanWish(plan, input.interval, input.timing, input.country)


def _text(name: str, value: str | None) -> str | None:
    return None if value is None else text_of(name, value)

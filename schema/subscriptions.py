"""Subscriptions and Stripe's events."""

from datetime import datetime

import strawberry

from billing import events as records
from billing.events import EventState
from gating.directives import Audience, only_for
from resolvers import billing_operations as resolve_billing
from resolvers import subscriptions as resolve
from resolvers.subscriptions import SubscriptionStatus
from schema.fields import field, show_enum, shows
from schema.node import Node
from schema.plans import Plan

show_enum(
    SubscriptionStatus,
    "Where a subscription stands, in Stripe's words. Which of them give access is the operator's setting.",
    {
        SubscriptionStatus.INCOMPLETE: "The first payment is still to come.",
        SubscriptionStatus.INCOMPLETE_EXPIRED: "The first payment never came. It has ended.",
        SubscriptionStatus.TRIALING: "In a trial.",
        SubscriptionStatus.ACTIVE: "Paid.",
        SubscriptionStatus.PAST_DUE: "A payment failed and is being retried.",
        SubscriptionStatus.CANCELED: "It has ended.",
        SubscriptionStatus.UNPAID: "Payments failed and are no longer retried.",
        SubscriptionStatus.PAUSED: "A trial ended without a way to pay.",
    },
)


show_enum(
    EventState,
    "What became of an event.",
    {
        EventState.WAITING: "Its customer waits for a sync, or it is about a dispute whose customer is not known yet.",
        EventState.DEAD: "Syncing its customer failed time and again: see `deadLetters`.",
        EventState.DONE: "Nothing is left to do.",
        EventState.KEPT: "It is about no customer: there was nothing to do.",
    },
    name="StripeEventState",
)


@strawberry.type(description="What a member has subscribed to.")
class PlanSubscription:
    status: SubscriptionStatus = field("Where it stands.")
    plan: Plan | None = field("The plan paid for; null when it is none of the catalogue's.", resolver=resolve.plan)
    created_at: datetime = field("When it began.")
    trial_end: datetime | None = field("When its trial ends or ended; null without a trial.", name="trialEndsAt")
    current_period_end: datetime | None = field("Until when it is paid.", name="currentPeriodEndsAt")
    ending_at: datetime | None = field("When a cancellation takes effect; null while it renews.", name="endsAt")
    ended_at: datetime | None = field("When it ended; null while it runs.")
    id: str = field("The id at Stripe.", name="stripeId", directives=[only_for(Audience.OPERATOR)])
    customer_id: str = field(
        "The id of who pays, at Stripe.", name="stripeCustomerId", directives=[only_for(Audience.OPERATOR)]
    )


@strawberry.type(description="Something Stripe told us, as it was kept.", directives=[only_for(Audience.OPERATOR)])
class StripeEvent(Node):
    is_type_of = shows(records.StripeEvent)

    type: str = field("What happened, in Stripe's words.")
    created_at: datetime = field("When it happened, says Stripe; whole seconds.")
    received_at: datetime = field("When it arrived here.")
    livemode: bool = field("Whether it was about real money.")
    object_id: str | None = field("The id of what it is about, at Stripe.")
    customer_id: str | None = field("The customer that the event names, at Stripe.")
    state: EventState = field("What became of it, or of a later one about the same customer.")
    body: str = field("All of it, as JSON text.", resolver=resolve_billing.body)

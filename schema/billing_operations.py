"""Keeping up with Stripe, for operators: dead letters, reconciliations, replays."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from billing.reconciliations import DriftKind
from gating.directives import Audience, only_for, requires_scopes
from resolvers import billing_operations as resolve
from resolvers.context import Info
from schema.fields import field, show_enum
from schema.payloads import Payload
from schema.subscriptions import StripeEvent

OPERATORS = only_for(Audience.OPERATOR)
T = "What to do it with."

show_enum(
    DriftKind,
    "What differed from what Stripe says.",
    {
        DriftKind.EVENT: "An event that never arrived.",
        DriftKind.MIRROR: "A subscription.",
        DriftKind.DISPUTE: "A dispute.",
        DriftKind.LINK: "Which member the customer is.",
        DriftKind.GRANTS: "What the member holds by it.",
        DriftKind.CACHE: "What the cache said that the member holds.",
    },
)


@strawberry.type(description="What could not be done, time and again. Nothing is lost by it.", directives=[OPERATORS])
class DeadLetter:
    id: str = field("The id of the customer or dispute, at Stripe.")
    kind: str = field("What the id names: `customer` or `dispute`.")
    attempts: int = field("How often it was tried.")
    since: datetime = field("Since when it lies here.")
    reason: str = field("What went wrong the last time; for the logs' readers.")


@strawberry.type(description="A difference that was found, and mended.", directives=[OPERATORS])
class Drift:
    kind: DriftKind = field("What differed.")
    customer_id: str | None = field("The customer, at Stripe.")
    member_id: str | None = field("The member it was about.")
    detail: str = field("What exactly, in words.")


@strawberry.type(description="A comparison of everything held with what Stripe says.", directives=[OPERATORS])
class Reconciliation:
    id: strawberry.ID = field("Opaque.")
    requested_at: datetime = field("When it was asked for; each night one is.")
    finished_at: datetime | None = field("When it was done; null while it waits or runs.")
    customers: int = field("How many customers were compared so far.")
    members: int = field("How many members' cached entitlements were compared so far.")
    drifts: list[Drift] = field("What differed, in the order found; at most 1000.", resolver=resolve.drifts)


@strawberry.input(description="What to replay.", directives=[OPERATORS])
class ReplayStripeEventInput:
    event_id: strawberry.ID = field("The id of the event.")


@strawberry.input(description="What to try again.", directives=[OPERATORS])
class ReplayDeadLetterInput:
    dead_letter_id: strawberry.ID = field("The id of the dead letter.")


@strawberry.input(description="Which run is asked for.", directives=[OPERATORS])
class StartReconciliationInput:
    idempotency_key: str = field("Any text that is the same when you repeat this call, and no other: one run for each.")


@strawberry.type(description="What was replayed.", directives=[OPERATORS])
class ReplayStripeEventPayload(Payload):
    entity: StripeEvent | None = field("The event; null when there are errors.", name="event")


@strawberry.type(description="What is tried again.", directives=[OPERATORS])
class ReplayDeadLetterPayload(Payload):
    entity: DeadLetter | None = field("As it lay there; null when there are errors.", name="deadLetter")


@strawberry.type(description="What was asked for.", directives=[OPERATORS])
class StartReconciliationPayload(Payload):
    entity: Reconciliation | None = field("The run; null when there are errors.", name="reconciliation")


@strawberry.type(description="What operators do about billing.")
class BillingOperations:
    @strawberry.field(
        description="Reads a kept event anew and has its customer synced; never applies what it says. May be repeated.",
        directives=[OPERATORS, requires_scopes("events:write")],
        graphql_type=ReplayStripeEventPayload,
    )
    async def replay_stripe_event(
        self, info: Info, input: Annotated[ReplayStripeEventInput, strawberry.argument(description=T)]
    ) -> Any:
        return await resolve.replay_stripe_event(info, input.event_id)

    @strawberry.field(
        description="Has a worker try again at once.",
        directives=[OPERATORS, requires_scopes("events:write")],
        graphql_type=ReplayDeadLetterPayload,
    )
    async def replay_dead_letter(
        self, info: Info, input: Annotated[ReplayDeadLetterInput, strawberry.argument(description=T)]
    ) -> Any:
        return await resolve.replay_dead_letter(info, input.dead_letter_id)

    @strawberry.field(
        description="Has a worker compare everything with Stripe now and mend what differs.",
        directives=[OPERATORS, requires_scopes("events:write")],
        graphql_type=StartReconciliationPayload,
    )
    async def start_reconciliation(
        self, info: Info, input: Annotated[StartReconciliationInput, strawberry.argument(description=T)]
    ) -> Any:
        return await resolve.start_reconciliation(info, input.idempotency_key)

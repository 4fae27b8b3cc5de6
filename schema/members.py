"""A member's own data. Operators see every member; everybody else only themselves."""

from datetime import date, datetime

import strawberry

from gating.directives import requires
from gating.model import Source
from identity import members as identity
from resolvers import members as resolve
from resolvers import own_billing as resolve_billing
from resolvers import subscriptions as resolve_subscriptions
from resolvers.explain import explain_own_access
from schema.content import Content
from schema.explain import AccessExplanation
from schema.fields import field, shows
from schema.invoices import MEMBERS, Invoice, PaymentMethod
from schema.node import Connection, Node
from schema.plans import Level, Limit, Plan
from schema.subscriptions import PlanSubscription

ASKS = "Stripe is asked for it: null with `UNAVAILABLE` when it does not answer, and null for all but the member."


@strawberry.type(description="A member's right to a feature, now.")
class Entitlement:
    feature: str = field("The key of the feature.")
    name: str = field("The feature's name, to show.")
    source: Source = field("Why the member holds it; of several reasons, the one that lasts longest.")
    ends_at: datetime | None = field("When it ends if nothing changes; null when it has no end.")


@strawberry.type(description="What was used of a meter in the current month, UTC.")
class Usage:
    meter: str = field("The key of the meter, which is the key of its limit.")
    used: int = field("How much was used so far.")
    limit: int | None = field("How much is included; null when there is no limit.")
    remaining: int | None = field("How much of it is left; null when there is no limit.")
    resets_at: datetime = field("When the next month begins, UTC, and with it the counting.", resolver=resolve.resets)


@strawberry.type(description="What was used of a meter on one day, UTC.")
class DailyUsage:
    day: date = field("The day.")
    meter: str = field("The key of the meter.")
    used: int = field("How much was used.")


@strawberry.type(
    description="A member's own usage over time, for plans that include it.", directives=[requires("analytics")]
)
class UsageAnalytics:
    daily: list[DailyUsage] = field(
        "Days of the last 30 on which anything was used, oldest first, then by meter.", resolver=resolve.daily
    )


@strawberry.type(
    description="What programs may do in the member's name, for plans that include it.",
    directives=[requires("api_access")],
)
class ApiAccess:
    endpoint: str = field("Where programs send GraphQL, as a path on this server.", resolver=resolve.endpoint)
    usage: Usage = field("API calls this month.", resolver=resolve.api_usage)


@strawberry.type(description="A person with an account.")
class Member(Node):
    is_type_of = shows(identity.Member)

    email: str | None = field("The address the account is known by; null until we learn it.")
    name: str | None = field("As the member wants to be called; null until we learn it.")
    created_at: datetime = field("When the account was made.")
    subscription: PlanSubscription | None = field(
        "The subscription, one that has ended when there is no other; null without any.",
        resolver=resolve_subscriptions.subscription,
    )
    plan: Plan | None = field("The plan the member is on now.", resolver=resolve.plan)
    entitlements: list[Entitlement] = field(
        "Every feature the member holds now, by key.", resolver=resolve.entitlements
    )
    limits: list[Limit] = field("Every limit that holds for the member now, by key.", resolver=resolve.limits)
    levels: list[Level] = field("At which levels the member is now, by key.", resolver=resolve.levels)
    usage: list[Usage] = field("What was used this month, for every quota and meter, by key.", resolver=resolve.usage)
    usage_analytics: UsageAnalytics | None = field(
        "Usage over time; needs the feature of its type.", resolver=resolve.usage_analytics
    )
    api_access: ApiAccess | None = field(
        "Access for programs; needs the feature of its type.", resolver=resolve.api_access
    )
    explain_access: AccessExplanation = field(
        "Why the member may see something, or may not: now, or at a past instant.", resolver=explain_own_access
    )
    invoices: Connection[Invoice] | None = field(
        f"The member's invoices, the latest first. {ASKS}", resolver=resolve_billing.invoices, directives=[MEMBERS]
    )
    preview_invoice: Invoice | None = field(
        f"What will be billed next; null when nothing will. {ASKS}",
        resolver=resolve_billing.preview_invoice,
        directives=[MEMBERS],
    )
    payment_methods: list[PaymentMethod] | None = field(
        f"How the member can pay, the default first. {ASKS}",
        resolver=resolve_billing.payment_methods,
        directives=[MEMBERS],
    )
    bookmarks: Connection[Content] = field("What the member keeps, the latest first.", resolver=resolve.bookmarks)

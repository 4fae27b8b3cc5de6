"""What is on sale."""

import strawberry

from billing.model import Interval
from resolvers import plans as resolve
from schema.access import RequiredPlan
from schema.fields import field, show_enum

show_enum(
    Interval,
    "How often a price is paid.",
    {Interval.MONTH: "Every month.", Interval.YEAR: "Every year.", Interval.ONCE: "Once."},
    name="BillingInterval",
)


@strawberry.type(description="Something a plan can include, and that fields can require.")
class Feature:
    key: str = field("The stable key, as in `@requiresEntitlement` and in denials.")
    name: str = field("As it is to be shown.")


@strawberry.type(description="A price on sale, in one currency.")
class Price:
    currency: str = field("ISO 4217, upper case.")
    amount_minor: int = field("In the currency's smallest unit, for example cents.")
    interval: Interval = field("How often it is paid.")
    lookup_key: str | None = field("The price's stable key at Stripe.")


@strawberry.type(description="A numeric limit.")
class Limit:
    key: str = field("The stable key; usage of it is metered under the same key.")
    name: str = field("As it is to be shown.")
    value: int | None = field("How much is included; null when there is no limit.")
    metered: bool = field("Whether it is a quota for a month; else it is so many at a time.")


@strawberry.type(description="A value that is one word of a scale.")
class Level:
    key: str = field("The stable key.")
    name: str = field("As it is to be shown.")
    value: str = field("The word.")


@strawberry.type(description="Something to subscribe to.")
class Plan:
    key: str = field("The stable key.")
    name: str = field("As it is to be shown.")
    description: str = field("What it is for, in a sentence; may be empty.")
    features: list[Feature] = field("What it includes, by key.", resolver=resolve.features)
    limits: list[Limit] = field("How much it includes.", resolver=resolve.limits)
    levels: list[Level] = field("At which levels it is, by key.", resolver=resolve.levels)
    prices: list[Price] = field("How it can be paid for; empty for the free plan.", resolver=resolve.prices)


@strawberry.type(description="Whether the caller holds a feature, to ask before showing a button.")
class FeatureAvailability:
    feature: Feature = field("The feature asked about.")
    available: bool = field("Whether the caller holds it now.")
    required_plans: list[RequiredPlan] = field("The plans that include it, cheapest first; empty when it is available.")

"""What is on sale."""

import strawberry

from billing.model import Interval, TaxBehavior, TierMode, TrialEnd
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


show_enum(
    TierMode,
    "How tiers count.",
    {
        TierMode.GRADUATED: "Each unit at its own tier's price.",
        TierMode.VOLUME: "All units at the price of the tier that the last one is in.",
    },
)

show_enum(
    TaxBehavior,
    "Whether amounts contain the tax.",
    {TaxBehavior.INCLUSIVE: "The tax is in it.", TaxBehavior.EXCLUSIVE: "The tax comes on top."},
)

show_enum(
    TrialEnd,
    "What becomes of a trial at whose end nobody has paid.",
    {
        TrialEnd.CANCEL: "The subscription ends.",
        TrialEnd.PAUSE: "The subscription rests until there is a way to pay.",
        TrialEnd.INVOICE: "An invoice is due.",
        TrialEnd.FREE: "The free plan is left.",
    },
)


@strawberry.type(description="A part of a price that goes by number.")
class PriceTier:
    up_to: int | None = field("The last unit that it is for; null for all others.")
    amount_minor: int = field("For each unit of it, in the currency's smallest unit.")
    flat_amount_minor: int = field("Once, as soon as there is a unit in it.")


@strawberry.type(description="A price on sale, in one currency.")
class Price:
    currency: str = field("ISO 4217, upper case.")
    amount_minor: int = field("In the currency's smallest unit, for example cents; where there are tiers, for one.")
    interval: Interval = field("How often it is paid.")
    lookup_key: str | None = field("The price's stable key at Stripe.")
    by_number: bool = field("Whether it is sold by number, such as seats; else there is one of it.")
    tiers: list[PriceTier] = field("What each unit costs where that depends on how many there are; else empty.")
    tier_mode: TierMode | None = field("How the tiers count; null without any.")
    meter: str | None = field("What is counted where usage is paid for, afterwards; null where it is not.")
    units: int = field("How many of what is counted the amount is for, rounded up.")
    tax: TaxBehavior = field("Whether the tax is in it.")
    includes: list["Price"] = field("What comes with it and is paid for besides, such as usage beyond a quota.")


@strawberry.type(description="A time in which a plan costs nothing yet, once for each member.")
class Trial:
    days: int = field("How long it lasts.")
    card_required: bool = field("Whether it begins only with a way to pay.", resolver=resolve.card_required)
    ends: TrialEnd = field("What becomes of it when nobody has paid.")


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
    prices: list[Price] = field("How it can be paid for, by currency.", resolver=resolve.prices)
    trial: Trial | None = field("The trial that it begins with; null without one.")


@strawberry.type(description="Whether the caller holds a feature, to ask before showing a button.")
class FeatureAvailability:
    feature: Feature = field("The feature asked about.")
    available: bool = field("Whether the caller holds it now.")
    required_plans: list[RequiredPlan] = field("The plans that include it, cheapest first; empty when it is available.")

"""Money, invoices and methods of payment, as Stripe tells of them while the member waits."""

from datetime import datetime

import strawberry

from billing.invoices import InvoiceStatus
from gating.directives import Audience, only_for
from resolvers import own_billing as resolve
from schema.fields import field, show_enum

MEMBERS = only_for(Audience.SPA)

show_enum(
    InvoiceStatus,
    "Where an invoice stands, in Stripe's words.",
    {
        InvoiceStatus.DRAFT: "It may still change; the next one, as it would be, too.",
        InvoiceStatus.OPEN: "It is to be paid.",
        InvoiceStatus.PAID: "It is paid.",
        InvoiceStatus.UNCOLLECTIBLE: "It is not expected to be paid any more.",
        InvoiceStatus.VOID: "It was a mistake, and counts for nothing.",
    },
)


@strawberry.type(description="An amount of money.", directives=[MEMBERS])
class Money:
    amount_minor: int = field("In the currency's smallest unit, for example cents; below zero for what is given back.")
    currency: str = field("ISO 4217, upper case.", resolver=resolve.currency)


@strawberry.type(description="What an invoice charges for.", directives=[MEMBERS])
class InvoiceLine:
    description: str | None = field("In words, as on the invoice.")
    amount: Money = field("How much, before discounts and tax that comes on top.")
    quantity: int | None = field("How many; null where that says nothing.")
    proration: bool = field("Whether it is for a part of a period, after a change.")
    period_starts_at: datetime | None = field("From when it is for.")
    period_ends_at: datetime | None = field("Until when it is for.")


@strawberry.type(description="An invoice, or what the next one would be.", directives=[MEMBERS])
class Invoice:
    id: strawberry.ID = field("The id at Stripe.")
    number: str | None = field("As printed on it; null until it has one.")
    status: InvoiceStatus = field("Where it stands.")
    created_at: datetime = field("When it was made, or will be.")
    due_at: datetime | None = field("When it has to be paid; null where it is charged by itself.")
    paid_at: datetime | None = field("When it was paid; null until then.")
    next_attempt_at: datetime | None = field("When a payment will be tried next; null when none will.")
    subtotal: Money = field("Before discounts, and tax that comes on top.")
    discount: Money = field("What was taken off.")
    tax: Money = field("The tax in it or on top.")
    total: Money = field("All of it.")
    amount_due: Money = field("What was or is to be paid, the balance considered.")
    amount_paid: Money = field("What was paid.")
    hosted_url: str | None = field("A page of Stripe's to see and pay it on; null until it has one.")
    pdf_url: str | None = field("As a document; null until there is one.")
    lines: list[InvoiceLine] = field("What it charges for; the first ten or so of very many.")


@strawberry.type(description="A way in which the member can pay; never a number or a code of it.", directives=[MEMBERS])
class PaymentMethod:
    id: strawberry.ID = field("The id at Stripe.")
    kind: str = field("What it is, in Stripe's words: `card`, `sepa_debit` and so on.")
    brand: str | None = field("Whose card; null for what is no card.")
    last4: str | None = field("The last four digits.")
    expires_month: int | None = field("The last month in which a card is good, 1 to 12.")
    expires_year: int | None = field("The year of that month.")
    is_default: bool = field("Whether the next payment is tried with it.")

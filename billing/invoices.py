"""A member's invoices, as Stripe has them: past ones, and what the next one will say. Read, never stored."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from billing.actions import Acting
from billing.asking import in_time
from billing.customers import list_customers_of
from billing.model import Money
from billing.objects import id_of, object_in, objects_in, text_in, time_in
from billing.ports import Json, Refused
from billing.state import ENDED
from billing.subscriptions import find_subscription_of

INVOICES, PREVIEW = "/v1/invoices", "/v1/invoices/create_preview"
MOST_AT_ONCE = 100
SAME_SECOND = 5
"""How many more are asked for, so that those of one second are not torn apart by a page's end."""

MOST_PAGES = 10


class InvoiceStatus(StrEnum):
    """Stripe's own words."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    UNCOLLECTIBLE = "uncollectible"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """`proration`: for a part of a period, after a change."""

    description: str | None
    amount: Money
    quantity: int | None
    proration: bool
    period_starts_at: datetime | None
    period_ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Invoice:
    """Amounts as Stripe reckoned them. `number` and the addresses are None until it is finalised."""

    id: str
    number: str | None
    status: InvoiceStatus
    created_at: datetime
    due_at: datetime | None
    paid_at: datetime | None
    next_attempt_at: datetime | None
    subtotal: Money
    discount: Money
    tax: Money
    total: Money
    amount_due: Money
    amount_paid: Money
    hosted_url: str | None
    pdf_url: str | None
    lines: tuple[InvoiceLine, ...]


async def list_invoices(
    acting: Acting, member_id: str, *, after: tuple[datetime, str] | None, limit: int
) -> Sequence[Invoice]:
    """At most `limit`, the latest first, those after (created, id); of all the member's customers.

    Raises errors.Unavailable when Stripe does not answer in time.
    """
    found: list[Invoice] = []
    async with in_time():
        for customer_id in await list_customers_of(acting.database, member_id):
            asked: dict[str, Any] = {"customer": customer_id, "limit": min(MOST_AT_ONCE, limit + SAME_SECOND)}
            if after:
                asked["created"] = {"lte": int(after[0].timestamp())}
            found += _invoices(await _page(acting, asked))
    ordered = sorted(found, key=_place, reverse=True)
    return [each for each in ordered if after is None or _place(each) < after][:limit]


async def count_invoices(acting: Acting, member_id: str) -> int:
    """All of them, up to MOST_PAGES pages of each customer's. Raises errors.Unavailable."""
    total = 0
    async with in_time():
        for customer_id in await list_customers_of(acting.database, member_id):
            page, last = 0, None
            while page < MOST_PAGES:
                more = {"starting_after": last} if last else {}
                asked = {"customer": customer_id, "limit": MOST_AT_ONCE, **more}
                answer = await _page(acting, asked)
                found = objects_in({"list": answer}, "list")
                total, page = total + len(found), page + 1
                if not found or not answer.get("has_more"):
                    break
                last = id_of(found[-1])
    return total


async def preview_invoice(acting: Acting, member_id: str) -> Invoice | None:
    """What the member's subscription will be billed next; None where nothing is to come.

    Raises errors.Unavailable when Stripe does not answer in time.
    """
    async with in_time():
        subscription = await find_subscription_of(acting.database, member_id)
        if subscription is None or subscription.status in (*ENDED, "incomplete", "paused") or subscription.ending_at:
            return None
        try:
            asked = {"customer": subscription.customer_id, "subscription": subscription.id}
            answer = await acting.read("post", PREVIEW, asked)
        except Refused as fault:
            if fault.stripe_code == NOTHING_UPCOMING:
                return None
            raise
        return invoice_from(answer) if answer else None


NOTHING_UPCOMING, UNKNOWN = "invoice_upcoming_none", "resource_missing"


def invoice_from(value: Json) -> Invoice | None:
    """Stripe's invoice in our words; None for what is none."""
    created_at, status = time_in(value, "created"), text_in(value, "status")
    if created_at is None or status not in set(InvoiceStatus):
        return None
    currency, settled = text_in(value, "currency") or "", object_in(value, "status_transitions")
    return Invoice(
        id=id_of(value),
        number=text_in(value, "number"),
        status=InvoiceStatus(status),
        created_at=created_at,
        due_at=time_in(value, "due_date"),
        paid_at=time_in(settled, "paid_at"),
        next_attempt_at=time_in(value, "next_payment_attempt"),
        subtotal=_money(value, "subtotal", currency),
        discount=_sum(value, "total_discount_amounts", currency),
        tax=_sum(value, "total_taxes", currency),
        total=_money(value, "total", currency),
        amount_due=_money(value, "amount_due", currency),
        amount_paid=_money(value, "amount_paid", currency),
        hosted_url=text_in(value, "hosted_invoice_url"),
        pdf_url=text_in(value, "invoice_pdf"),
        lines=tuple(_line(line, currency) for line in objects_in(value, "lines")),
    )


async def _page(acting: Acting, asked: Json) -> Json:
    """Nothing of a customer that Stripe has forgotten."""
    try:
        return await acting.read("get", INVOICES, asked) or {}
    except Refused as fault:
        if fault.stripe_code == UNKNOWN:
            return {}
        raise


def _invoices(answer: Json) -> list[Invoice]:
    return [found for each in objects_in({"list": answer}, "list") if (found := invoice_from(each))]


def _place(invoice: Invoice) -> tuple[datetime, str]:
    return invoice.created_at, invoice.id


def _line(value: Json, currency: str) -> InvoiceLine:
    quantity, period, parent = value.get("quantity"), object_in(value, "period"), object_in(value, "parent")
    details = [object_in(parent, f"{kind}_details") for kind in ("subscription_item", "invoice_item")]
    return InvoiceLine(
        description=text_in(value, "description"),
        amount=_money(value, "amount", currency),
        quantity=quantity if isinstance(quantity, int) else None,
        proration=any(each.get("proration") is True for each in details),
        period_starts_at=time_in(period, "start"),
        period_ends_at=time_in(period, "end"),
    )


def _money(value: Json, name: str, currency: str) -> Money:
    amount = value.get(name)
    return Money(currency, amount if isinstance(amount, int) else 0)


def _sum(value: Json, name: str, currency: str) -> Money:
    entries: Collection[Json] = value.get(name) or ()
    return Money(currency, sum(_money(each, "amount", currency).amount_minor for each in entries))

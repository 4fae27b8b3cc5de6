"""What a change would cost, before anything is done: asked of Stripe, nothing kept."""

from dataclasses import dataclass
from datetime import datetime

from billing.actions import Acting
from billing.carrying_out import fetch_current
from billing.change_actions import fetch_price_ids, quote_refusal
from billing.change_requests import PriceIds, preview_for
from billing.changes import Change, Keep, PlanWish, QuantityWish, Timing, change_plan_for, change_quantity_for
from billing.current import Current
from billing.objects import object_in, objects_in, text_in, time_in
from billing.ports import Ask, Json, Refused
from billing.refusals import NO_STRIPE, Refusal, RefusalCode, refusal_for
from billing.transitions import NO_SUBSCRIPTION, Step, refusal_to
from errors import Unavailable

PREVIEWS = "/v1/invoices/create_preview"


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """`amount_minor` below 0 is credit. `proration`: for part of a period."""

    description: str | None
    amount_minor: int
    proration: bool
    period_start: datetime | None
    period_end: datetime | None


@dataclass(frozen=True, slots=True)
class NextInvoice:
    """Without what is used until then."""

    total_minor: int
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """Amounts in minor units of `currency` (upper case). `lines` are of what is due now."""

    timing: Timing
    effective_at: datetime
    prorated_at: datetime | None
    currency: str
    due_now_minor: int
    tax_minor: int
    lines: tuple[PreviewLine, ...]
    next_invoice: NextInvoice | None


async def preview_change(
    acting: Acting, member_id: str, wish: PlanWish | QuantityWish, prorated_at: datetime | None = None
) -> ChangePreview | Refusal:
    """As `change_plan` and `change_quantity` would do it at `prorated_at`, which is now where it is left out."""
    try:
        current = await fetch_current(acting, member_id)
        if current is None:
            return NO_SUBSCRIPTION
        change = _chosen(acting, current, wish) if not (late := quote_refusal(prorated_at, acting.now())) else late
        if isinstance(change, Refusal):
            return change
        ids = await fetch_price_ids(acting.ask, change)
        if isinstance(ids, Refusal):
            return ids
        if change.timing is Timing.AT_PERIOD_END:
            return await _later(acting, current, change, ids)
        return await _now(acting.ask, current, change, ids, prorated_at or acting.now())
    except Refused as fault:
        return refusal_for(fault)
    except Unavailable:
        return NO_STRIPE


def _chosen(acting: Acting, current: Current, wish: PlanWish | QuantityWish) -> Change | Refusal:
    catalogue = acting.syncing.catalogue
    step = Step.CHANGE_PLAN if isinstance(wish, PlanWish) else Step.CHANGE_QUANTITY
    if refusal := refusal_to(step, current.standing):
        return refusal
    if isinstance(wish, PlanWish):
        change = change_plan_for(current, catalogue, wish)
    else:
        change = change_quantity_for(current, catalogue, wish)
    return NOTHING_TO_PAY if isinstance(change, Keep) else change


NOTHING_TO_PAY = Refusal(
    RefusalCode.NOTHING_CHANGES,
    "It is the present plan: `changePlan` to it drops the change that waits, and costs nothing.",
    ("plan",),
)


async def _now(ask: Ask, current: Current, change: Change, ids: PriceIds, at: datetime) -> ChangePreview:
    invoice = await _previewed(ask, preview_for(current, change, ids, now=True, prorated_at=at))
    free = current.subscription.status == "trialing"
    lines = () if free else tuple(line_from(line) for line in objects_in(invoice, "lines"))
    whole = [line for line in lines if not line.proration]
    ends_at = current.subscription.current_period_end
    if whole:  # a new period begins, and its like follows
        ends = max((line.period_end for line in whole if line.period_end), default=None)
        coming = NextInvoice(sum(line.amount_minor for line in whole), ends)
    else:
        later = await _previewed(ask, preview_for(current, change, ids, now=False, prorated_at=None))
        coming = NextInvoice(_amount(later, "total"), ends_at)
    due = 0 if free else _amount(invoice, "amount_due")
    tax = 0 if free else _tax(invoice)
    return ChangePreview(Timing.NOW, at, None if free else at, current.currency.upper(), due, tax, lines, coming)


async def _later(acting: Acting, current: Current, change: Change, ids: PriceIds) -> ChangePreview:
    coming = await _previewed(acting.ask, preview_for(current, change, ids, now=False, prorated_at=None))
    ends_at = current.subscription.current_period_end or acting.now()
    after = NextInvoice(_amount(coming, "total"), ends_at)
    return ChangePreview(Timing.AT_PERIOD_END, ends_at, None, current.currency.upper(), 0, 0, (), after)


async def _previewed(ask: Ask, parameters: Json) -> Json:
    """Raises Refused, errors.Unavailable."""
    return await ask("post", PREVIEWS, parameters) or {}


def line_from(line: Json) -> PreviewLine:
    """Of Stripe's invoice line."""
    parent = object_in(line, "parent")
    details = object_in(parent, "subscription_item_details") or object_in(parent, "invoice_item_details")
    period = object_in(line, "period")
    return PreviewLine(
        text_in(line, "description"),
        _amount(line, "amount"),
        details.get("proration") is True,
        time_in(period, "start"),
        time_in(period, "end"),
    )


def _tax(invoice: Json) -> int:
    return sum(_amount(each, "amount") for each in objects_in({"t": {"data": invoice.get("total_taxes")}}, "t"))


def _amount(value: Json, key: str) -> int:
    found: object = value.get(key)
    return found if isinstance(found, int) else 0

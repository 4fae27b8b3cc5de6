"""How members leave, for good or for a while, and come back: cancel, pause, and take either back.

Each is decided by what Stripe says of the subscription at that moment, and done once for its idempotency key. Each
raises errors.Unavailable when the database does not answer.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from billing.actions import Acting
from billing.carrying_out import SUBSCRIPTIONS, Decision, Done, Request, act_on, decision_of, released
from billing.changes import Timing
from billing.current import Current
from billing.model import PauseEffect
from billing.objects import id_of, object_in, objects_in
from billing.ports import Ask
from billing.refunds import GiveBack, PaidInvoice, give_back_for, paid_invoice_from
from billing.refusals import Refusal, RefusalCode
from billing.transitions import Step

INVOICES, CREDIT_NOTES = "/v1/invoices", "/v1/credit_notes"
LONGEST_PAUSE = timedelta(days=366)


class PauseKind(StrEnum):
    """What becomes of the invoices of a pause, in Stripe's words."""

    VOID = "void"
    KEEP_AS_DRAFT = "keep_as_draft"
    MARK_UNCOLLECTIBLE = "mark_uncollectible"


class Feedback(StrEnum):
    """Why somebody leaves, in Stripe's words."""

    TOO_EXPENSIVE = "too_expensive"
    MISSING_FEATURES = "missing_features"
    SWITCHED_SERVICE = "switched_service"
    UNUSED = "unused"
    CUSTOMER_SERVICE = "customer_service"
    TOO_COMPLEX = "too_complex"
    LOW_QUALITY = "low_quality"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Leaving:
    """`timing` NOW gives back what was paid for and is not used."""

    timing: Timing
    feedback: Feedback | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Pausing:
    """`resumes_at` None: until it is resumed."""

    kind: PauseKind = PauseKind.VOID
    resumes_at: datetime | None = None


async def cancel_subscription(acting: Acting, member_id: str, key: str, leaving: Leaving) -> Done | Refusal:
    step = Step.CANCEL_NOW if leaving.timing is Timing.NOW else Step.CANCEL_AT_PERIOD_END
    decide = partial(_ended_now if leaving.timing is Timing.NOW else _ended_later, acting, leaving)
    asked = ("cancelSubscription", key, asdict(leaving))
    return await act_on(acting, f"member:{member_id}", member_id, asked, step, decide)


async def resume_subscription(acting: Acting, member_id: str, key: str) -> Done | Refusal:
    """Takes back a cancellation that has not come, and ends a pause."""
    return await act_on(
        acting, f"member:{member_id}", member_id, ("resumeSubscription", key, {}), Step.RESUME, _resumed
    )


async def pause_subscription(acting: Acting, member_id: str, key: str, pausing: Pausing) -> Done | Refusal:
    """By the catalogue's policy: a pause that leaves access as it is would be access for nothing, so it is refused."""
    asked = ("pauseSubscription", key, asdict(pausing))
    decide = partial(_paused, acting, pausing)
    return await act_on(acting, f"member:{member_id}", member_id, asked, Step.PAUSE, decide)


async def _ended_later(_acting: Acting, leaving: Leaving, current: Current) -> Decision | Refusal:
    ends_at = current.subscription.current_period_end
    parameters = {"cancel_at_period_end": True, **_reasons(leaving)}
    update = Request("end", "post", f"{SUBSCRIPTIONS}/{current.subscription.id}", parameters)
    return decision_of(current, [*released(current), update], effective_at=ends_at and int(ends_at.timestamp()))


async def _ended_now(acting: Acting, leaving: Leaving, current: Current) -> Decision | Refusal:
    """Money first: what Stripe refuses to give back, such as a disputed payment, leaves everything as it was."""
    path = f"{SUBSCRIPTIONS}/{current.subscription.id}"
    notes = give_back_for(await fetch_paid_invoices(acting.ask, current.subscription.id, acting.now()))
    counts = current.subscription.status not in ("incomplete", "paused")
    end = Request("end", "delete", path, {**({"invoice_now": True} if counts else {}), **_reasons(leaving)})
    return decision_of(
        current,
        [*(credit_note_request(f"give back {place}", note, "order_change") for place, note in enumerate(notes)), end],
        refunded_minor=sum(note.refunded for note in notes),
        credited_minor=sum(note.credited for note in notes),
        currency=current.currency,
    )


def credit_note_request(step: str, note: GiveBack, reason: str) -> Request:
    amounts = {"refund_amount": note.refunded, "credit_amount": note.credited}
    given = {name: amount for name, amount in amounts.items() if amount}
    return Request(
        step, "post", CREDIT_NOTES, {"invoice": note.invoice_id, "amount": note.amount, "reason": reason, **given}
    )


async def fetch_paid_invoices(ask: Ask, subscription_id: str, now: datetime) -> list[PaidInvoice]:
    """Those that paid for something which is still to come, the latest first. Raises errors.Unavailable."""
    found: list[PaidInvoice] = []
    answer = await ask("get", INVOICES, {"subscription": subscription_id, "status": "paid", "limit": 100})
    for invoice in objects_in({"list": answer}, "list"):
        lines = objects_in(invoice, "lines")
        if object_in(invoice, "lines").get("has_more"):
            more = await ask("get", f"{INVOICES}/{id_of(invoice)}/lines", {"limit": 100})
            lines = objects_in({"list": more}, "list")
        found.append(paid_invoice_from(invoice, lines, now))
    return [invoice for invoice in found if invoice.unused]


def _reasons(leaving: Leaving) -> dict[str, Any]:
    details = {"comment": leaving.comment, "feedback": leaving.feedback and leaving.feedback.value}
    given = {name: value for name, value in details.items() if value}
    return {"cancellation_details": given} if given else {}


async def _resumed(current: Current) -> Decision | Refusal:
    path, subscription = f"{SUBSCRIPTIONS}/{current.subscription.id}", current.subscription
    if subscription.status == "paused":
        return decision_of(
            current, [Request("resume", "post", f"{path}/resume", {"payment_behavior": "resume_on_payment_success"})]
        )
    kept: dict[str, Any] = {}
    if subscription.ending_at:
        kept |= {"cancel_at_period_end": False} if subscription.cancel_at_period_end else {"cancel_at": ""}
    if subscription.pause_behavior:
        kept |= {"pause_collection": ""}
    return decision_of(current, [Request("keep", "post", path, kept)])


async def _paused(acting: Acting, pausing: Pausing, current: Current) -> Decision | Refusal:
    effects, now = acting.syncing.catalogue.access.paused_collection, acting.now()
    if effects.get(pausing.kind, PauseEffect.KEEP) is PauseEffect.KEEP:
        offered = ", ".join(
            kind.name for kind in PauseKind if effects.get(kind, PauseEffect.KEEP) is not PauseEffect.KEEP
        )
        remedy = f"This pause is not offered to members: choose {offered or 'to cancel instead'}."
        return Refusal(RefusalCode.PAUSE_NOT_OFFERED, remedy, ("kind",))
    resumes_at = pausing.resumes_at
    if resumes_at and not now < resumes_at <= now + LONGEST_PAUSE:
        remedy = "A pause ends in the future, within a year: choose such an instant, or leave it out."
        return Refusal(RefusalCode.DATE_NOT_ALLOWED, remedy, ("resumesAt",))
    paused: dict[str, Any] = {"behavior": pausing.kind.value}
    paused |= {"resumes_at": int(resumes_at.timestamp())} if resumes_at else {}
    path = f"{SUBSCRIPTIONS}/{current.subscription.id}"
    return decision_of(current, [Request("pause", "post", path, {"pause_collection": paused})])

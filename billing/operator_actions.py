"""What operators do for a member: money back, a longer trial, access by hand. Each once for its key, with who did it.

Each raises errors.Unavailable when the database does not answer.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from billing.access import plan_of
from billing.actions import Acting, Action, Asked, Result, run_action
from billing.carrying_out import (
    SUBSCRIPTIONS,
    Decision,
    Request,
    carry_out,
    decide_once,
    decision_of,
    done_from,
    fetch_current,
)
from billing.current import Current
from billing.model import Catalogue
from billing.objects import id_in, id_of, text_in, time_in
from billing.refunds import paid_invoice_from
from billing.refusals import Refusal, RefusalCode
from billing.transitions import NO_SUBSCRIPTION, Step, refusal_to
from billing.trials import extended, plan_trial_of
from gating.acts import Act, record_act
from gating.model import Grant, LevelGrant, LimitGrant, Source
from gating.record import record_grants
from identity.members import find_member

CREDIT_NOTES, INVOICES = "/v1/credit_notes", "/v1/invoices"
LONGEST_TRIAL = timedelta(days=730)
GRANTED = "access granted"


class RefundReason(StrEnum):
    """Stripe's words for a credit note's."""

    DUPLICATE = "duplicate"
    FRAUDULENT = "fraudulent"
    ORDER_CHANGE = "order_change"
    PRODUCT_UNSATISFACTORY = "product_unsatisfactory"


@dataclass(frozen=True, slots=True)
class RefundWish:
    """`amount_minor` None: all that is left of what was paid."""

    invoice_id: str
    reason: RefundReason
    amount_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Refunded:
    """`amount_minor` in minor units of `currency`, upper case."""

    credit_note_id: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class GrantWish:
    """Either `features` or `plan`, whose limits and levels come with it. `until` None: until it is taken back."""

    member_id: str
    case: str
    reason: str
    features: tuple[str, ...] = ()
    plan: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """What the case gives the member now, in place of what it gave before."""

    member_id: str
    case: str
    features: tuple[str, ...]
    until: datetime | None


@dataclass(frozen=True, slots=True)
class TrialExtension:
    """`until`: when the trial ends now."""

    subscription_id: str
    until: datetime


async def refund(acting: Acting, operator: str, key: str, wish: RefundWish) -> Refunded | Refusal:
    """By a credit note, so that the books agree. The subscription goes on; ending it is another thing."""

    async def work(action: Action) -> Result:
        note = await action.resume("refund") or await _noted(action, operator, wish)
        if isinstance(note, Refusal):
            return note
        await action.sync(str(id_in(note, "customer")))
        return {"id": id_of(note), "amount": note.get("amount"), "currency": note.get("currency")}

    done = await run_action(acting, Asked(f"operator:{operator}", key, "refund", asdict(wish)), work)
    if isinstance(done, Refusal):
        return done
    return Refunded(done["id"], done["amount"], done["currency"].upper())


async def _noted(action: Action, operator: str, wish: RefundWish) -> Result:
    invoice = await action.acting.ask("get", f"{INVOICES}/{wish.invoice_id}")
    if invoice is None:
        return Refusal(RefusalCode.NOT_FOUND, "There is no invoice with this id: check the id.", ("invoiceId",))
    most = paid_invoice_from(invoice, (), action.acting.now()).refundable
    amount = most if wish.amount_minor is None else wish.amount_minor
    if text_in(invoice, "status") != "paid" or not 1 <= amount <= most:
        remedy = f"At most {most} of this invoice can be given back: give 1 to {most}." if most else "Nothing is left."
        return Refusal(RefusalCode.AMOUNT_NOT_ALLOWED, remedy, ("amountMinor",))
    note = {"invoice": wish.invoice_id, "amount": amount, "refund_amount": amount, "reason": wish.reason.value}
    return await action.ask("refund", "post", CREDIT_NOTES, {**note, "metadata": {"gatehouse_operator": operator}})


async def extend_trial(
    acting: Acting, operator: str, member_id: str, key: str, until: datetime
) -> TrialExtension | Refusal:
    """Of either kind: Stripe's own, or that of another plan on top of the free one."""

    async def decision() -> Decision | Refusal:
        current = await fetch_current(acting, member_id)
        if current is None:
            return NO_SUBSCRIPTION
        ends_at, now = trial_end_of(current, acting.syncing.catalogue, acting.now()), acting.now()
        if ends_at is None:
            return refusal_to(Step.EXTEND_TRIAL, current.standing) or NO_TRIAL_END
        if not ends_at < until <= now + LONGEST_TRIAL:
            remedy = f"The trial ends {ends_at:%Y-%m-%dT%H:%M:%SZ}: give a later instant, within two years."
            return Refusal(RefusalCode.DATE_NOT_ALLOWED, remedy, ("until",))
        path = f"{SUBSCRIPTIONS}/{current.subscription.id}"
        extend = Request("extend", "post", path, extended(current.subscription, until))
        return decision_of(current, [extend], effective_at=int(until.timestamp()))

    async def work(action: Action) -> Result:
        decided = await decide_once(action, decision)
        return decided if isinstance(decided, Refusal) else await carry_out(action, decided)

    asked = Asked(f"operator:{operator}", key, "extendTrial", {"member_id": member_id, "until": until})
    done = done_from(await run_action(acting, asked, work), acting.now())
    return done if isinstance(done, Refusal) else TrialExtension(done.subscription_id, done.effective_at)


NO_TRIAL_END = Refusal(RefusalCode.NOT_IN_TRIAL, "There is no trial going on: nothing can be extended.")


def trial_end_of(current: Current, catalogue: Catalogue, now: datetime) -> datetime | None:
    """When the trial ends that goes on and may be extended; None for none."""
    subscription = current.subscription
    on_top = plan_trial_of(subscription, catalogue, plan_of(subscription, catalogue))
    if subscription.status == "active" and on_top is not None and on_top.until > now and not subscription.ending_at:
        return on_top.until
    return None if refusal_to(Step.EXTEND_TRIAL, current.standing) else subscription.trial_end


async def grant_access(acting: Acting, operator: str, key: str, wish: GrantWish) -> Granted | Refusal:
    """A grant of its own source, dated, in place of an earlier one of the same case; kept with who and why."""

    async def work(_action: Action) -> Result:
        refusal = await _problem_with(acting, wish)
        if refusal:
            return refusal
        grants, limits, levels = manual_grants_for(wish, acting.syncing.catalogue)
        act, now = Act(operator, wish.case, wish.reason), acting.now()
        detail = {"features": sorted(grant.feature for grant in grants), "plan": wish.plan, "until": wish.until}
        async with acting.database.transaction() as connection:
            await record_act(connection, act, GRANTED, wish.member_id, detail, now)
            await record_grants(
                connection,
                wish.member_id,
                owner=f"manual:{wish.member_id}:{wish.case}",
                grants=grants,
                limits=limits,
                levels=levels,
                cause=act.cause(GRANTED),
                now=now,
            )
        until = wish.until and int(wish.until.timestamp())
        return {"features": detail["features"], "until": until}

    done = await run_action(acting, Asked(f"operator:{operator}", key, "grantAccess", asdict(wish)), work)
    if isinstance(done, Refusal):
        return done
    return Granted(wish.member_id, wish.case, tuple(done["features"]), time_in(done, "until"))


async def _problem_with(acting: Acting, wish: GrantWish) -> Refusal | None:
    catalogue = acting.syncing.catalogue
    if await find_member(acting.database, wish.member_id) is None:
        return Refusal(RefusalCode.NOT_FOUND, "There is no member with this id: check the id.", ("memberId",))
    if wish.plan is not None and catalogue.find_plan(wish.plan) is None:
        return Refusal(RefusalCode.NOT_FOUND, "The catalogue has no such plan: check the key.", ("plan",))
    if unknown := sorted(set(wish.features) - catalogue.features.keys()):
        remedy = f"The catalogue has no feature {', '.join(unknown)}: check the keys."
        return Refusal(RefusalCode.NOT_FOUND, remedy, ("features",))
    if wish.until is not None and wish.until <= acting.now():
        return Refusal(RefusalCode.DATE_NOT_ALLOWED, "It would be over already: give a later instant.", ("until",))
    return None


def manual_grants_for(wish: GrantWish, catalogue: Catalogue) -> tuple[list[Grant], list[LimitGrant], list[LevelGrant]]:
    """What is granted: the features, or all that the plan gives whatever its quantity. Pure."""
    plan = catalogue.find_plan(wish.plan) if wish.plan else None
    why: dict[str, Any] = {"source": Source.MANUAL, "source_id": wish.case, "ends_at": wish.until}
    features = {*wish.features, *(plan.features if plan else ())}
    grants = [Grant(feature, plan=wish.plan, **why) for feature in sorted(features)]
    limits = [
        LimitGrant(each.limit, each.value, **why) for each in (plan.limits if plan else ()) if not each.per_quantity
    ]
    return grants, limits, [LevelGrant(each.level, each.value, **why) for each in (plan.levels if plan else ())]

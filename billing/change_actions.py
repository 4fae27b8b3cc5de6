"""What members change about their subscription: its plan, how many, what comes on top.

Each is decided by what Stripe says of it at that moment, and done once for its idempotency key. Each raises
errors.Unavailable when the database does not answer.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial

from billing.actions import Acting
from billing.carrying_out import SCHEDULES, SUBSCRIPTIONS, Decision, Done, Request, act_on, decision_of, released
from billing.change_requests import PriceIds, later_for, update_for
from billing.changes import Change, Keep, PlanWish, QuantityWish, Timing, change_plan_for, change_quantity_for
from billing.current import Current
from billing.model import Price
from billing.orders import Line
from billing.ports import Ask, Json
from billing.preparing import priced_lines
from billing.refusals import Refusal, RefusalCode
from billing.transitions import Step

QUOTED_FOR = timedelta(hours=1)
TO_CONFIRM: Json = {"payment_behavior": "pending_if_incomplete", "expand": ["latest_invoice.confirmation_secret"]}
"""Where only the buyer can confirm the payment: nothing changes until then."""


async def change_plan(
    acting: Acting, member_id: str, key: str, wish: PlanWish, prorated_at: datetime | None = None
) -> Done | Refusal:
    """`prorated_at`: the instant of a preview, at most an hour old, whose amounts are to hold."""
    asked = ("changePlan", key, {**asdict(wish), "prorated_at": prorated_at})
    decide = partial(
        _changed, acting, partial(change_plan_for, catalogue=acting.syncing.catalogue, wish=wish), prorated_at
    )
    return await act_on(acting, f"member:{member_id}", member_id, asked, Step.CHANGE_PLAN, decide)


async def change_quantity(
    acting: Acting, member_id: str, key: str, wish: QuantityWish, prorated_at: datetime | None = None
) -> Done | Refusal:
    """As `change_plan`."""
    asked = ("changeQuantity", key, {**asdict(wish), "prorated_at": prorated_at})
    choose = partial(change_quantity_for, catalogue=acting.syncing.catalogue, wish=wish)
    return await act_on(
        acting,
        f"member:{member_id}",
        member_id,
        asked,
        Step.CHANGE_QUANTITY,
        partial(_changed, acting, choose, prorated_at),
    )


async def _changed(
    acting: Acting,
    choose: Callable[[Current], Change | Keep | Refusal],
    prorated_at: datetime | None,
    current: Current,
) -> Decision | Refusal:
    change = quote_refusal(prorated_at, acting.now()) or choose(current)
    if isinstance(change, Refusal):
        return change
    if isinstance(change, Keep):
        return decision_of(current, released(current))
    return await decision_for(acting.ask, current, change, prorated_at)


async def decision_for(ask: Ask, current: Current, change: Change, prorated_at: datetime | None) -> Decision | Refusal:
    """Now by an update, after which a schedule has nothing left to say; later by a phase of a schedule."""
    ids = await fetch_price_ids(ask, change)
    if isinstance(ids, Refusal):
        return ids
    path = f"{SUBSCRIPTIONS}/{current.subscription.id}"
    if change.timing is Timing.NOW:
        confirm = None if current.subscription.status == "trialing" else TO_CONFIRM
        update = Request("update", "post", path, update_for(current, change, ids, prorated_at), confirm)
        return decision_of(current, [update, *released(current)])
    ends_at = current.subscription.current_period_end
    return Decision(
        current.subscription.customer_id,
        current.subscription.id,
        ()
        if current.schedule
        else (Request("schedule", "post", SCHEDULES, {"from_subscription": current.subscription.id}),),
        current.schedule,
        later_for(current, change, ids),
        {"effective_at": ends_at and int(ends_at.timestamp())},
    )


def quote_refusal(prorated_at: datetime | None, now: datetime) -> Refusal | None:
    """Who could choose the instant freely would choose the price."""
    if prorated_at is None or now - QUOTED_FOR <= prorated_at <= now:
        return None
    remedy = "The amounts of a preview hold for an hour: look at a new one, or leave `proratedAt` out."
    return Refusal(RefusalCode.DATE_NOT_ALLOWED, remedy, ("proratedAt",))


async def fetch_price_ids(ask: Ask, change: Change) -> PriceIds | Refusal:
    """Stripe's ids of the prices that are new to the subscription. Raises errors.Unavailable."""
    fresh = [wanted.price for wanted in change.items if isinstance(wanted.price, Price)]
    lines = await priced_lines(ask, [Line(price, None) for price in fresh])
    if isinstance(lines, Refusal):
        return lines
    return {price: line["price"] for price, line in zip(fresh, lines, strict=True)}

"""Coming back after the end: always a new subscription, for one that has ended is never revived."""

from dataclasses import asdict, dataclass

from billing.actions import Acting, Action, Asked, Result, run_action
from billing.carrying_out import (
    NO_PAYMENT_METHOD,
    SUBSCRIPTIONS,
    Decision,
    Done,
    Request,
    carry_out,
    decide_once,
    done_from,
    fetch_current,
    payment_method_for,
)
from billing.changes import base_of
from billing.current import Current
from billing.model import Catalogue, Interval
from billing.orders import Order
from billing.preparing import Prepared, prepare
from billing.refusals import Refusal
from billing.transitions import NO_SUBSCRIPTION, Step, refusal_to


@dataclass(frozen=True, slots=True)
class Return:
    """`plan` None: that of the former subscription, paid as often, with as many."""

    plan: str | None = None
    interval: Interval | None = None
    promotion_code: str | None = None
    country: str | None = None


async def resubscribe(acting: Acting, member_id: str, key: str, wish: Return) -> Done | Refusal:
    """Paid at once with what is on file, or nothing is made; without a trial. Once for its key.

    Raises errors.Unavailable when the database does not answer.
    """

    async def work(action: Action) -> Result:
        async def decision() -> Decision | Refusal:
            current = await fetch_current(acting, member_id)
            if current is None:
                return NO_SUBSCRIPTION
            return refusal_to(Step.RESUBSCRIBE, current.standing) or await _decided(action, member_id, current, wish)

        decided = await decide_once(action, decision)
        return decided if isinstance(decided, Refusal) else await carry_out(action, decided)

    asked = Asked(f"member:{member_id}", key, "resubscribe", asdict(wish))
    return done_from(await run_action(acting, asked, work), acting.now())


def order_for(current: Current, catalogue: Catalogue, wish: Return) -> Order | Refusal:
    """What is bought again. Pure."""
    if wish.plan is not None:
        return Order(plan=wish.plan, interval=wish.interval, currency=current.currency)
    held = base_of(current, catalogue)
    if held is None:
        return NO_SUBSCRIPTION
    base, sold = held
    interval = wish.interval or current.intervals.get(base.id)
    return Order(plan=sold.plan.key, interval=interval, currency=current.currency, quantity=base.quantity or 1)


async def _decided(action: Action, member_id: str, current: Current, wish: Return) -> Decision | Refusal:
    order = order_for(current, action.acting.syncing.catalogue, wish)
    if isinstance(order, Refusal):
        return order
    prepared = await prepare(action, member_id, order, wish.promotion_code, wish.country, comes_back=True)
    if isinstance(prepared, Refusal):
        return prepared
    method = await payment_method_for(action.acting.ask, prepared.customer_id, current.payment_method_id)
    if method is None and not all(line.price.is_free for line in prepared.basket.lines):
        return NO_PAYMENT_METHOD
    named = {action.acting.syncing.member_key: member_id}
    confirm = {"payment_behavior": "allow_incomplete", "expand": ["latest_invoice.confirmation_secret"]}
    create = Request("create", "post", SUBSCRIPTIONS, _parameters(prepared, method, named), confirm)
    return Decision(prepared.customer_id, "", (create,))


def _parameters(prepared: Prepared, method: str | None, named: dict[str, str]) -> dict[str, object]:
    parameters: dict[str, object] = {
        **prepared.subscribed,
        "default_payment_method": method,
        "metadata": named,
        "payment_behavior": "error_if_incomplete",
    }
    return {name: value for name, value in parameters.items() if value}

"""Stripe's hosted checkout: a page on which the member pays, after which webhooks tell what was bought.

Nothing is given here, and nothing by the page that people come back to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from billing.actions import Acting, Action, Asked, Result, run_action
from billing.customers import require_customer
from billing.model import Catalogue, Trial, TrialEnd
from billing.objects import id_of, objects_in, text_in, time_in
from billing.orders import Line, Order, Purchase, purchase_for, standing_among, trial_for
from billing.ports import Ask, Json
from billing.refusals import Refusal, RefusalCode
from billing.return_urls import return_url_for
from billing.state import Subscription
from billing.subscriptions import list_subscriptions_of

KIND = "startCheckout"
SESSIONS, PRICES, PROMOTION_CODES = "/v1/checkout/sessions", "/v1/prices", "/v1/promotion_codes"

ENDS: Mapping[TrialEnd, str] = {
    TrialEnd.CANCEL: "cancel",
    TrialEnd.PAUSE: "pause",
    TrialEnd.INVOICE: "create_invoice",
    # Nothing is left of the trial then, and the default plan is what everybody has.
    TrialEnd.FREE: "cancel",
}
"""Stripe's word for what becomes of a trial without a payment method."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A request for a page to pay on. The addresses are paths of ours, or whole, on an allowed origin."""

    order: Order
    success_url: str
    cancel_url: str | None = None
    promotion_code: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class CheckoutSession:
    """`url` is where to send the browser."""

    url: str
    session_id: str
    expires_at: datetime


async def start_checkout(acting: Acting, member_id: str, key: str, wanted: Checkout) -> CheckoutSession | Refusal:
    """Idempotent by `key`. Raises errors.Unavailable when the database does not answer."""

    async def work(action: Action) -> Result:
        made = await action.resume("session") or await _asked(action, member_id, wanted)
        if isinstance(made, Refusal):
            return made
        return {"url": made.get("url"), "session_id": made.get("id"), "expires_at": made.get("expires_at")}

    done = await run_action(acting, Asked(f"member:{member_id}", key, KIND, asdict(wanted)), work)
    if isinstance(done, Refusal):
        return done
    return CheckoutSession(done["url"], done["session_id"], time_in(done, "expires_at") or acting.now())


async def _asked(action: Action, member_id: str, wanted: Checkout) -> Result:
    acting = action.acting
    whole = _with_whole_addresses(wanted, acting.return_origins)
    if isinstance(whole, Refusal):
        return whole
    purchase = purchase_for(wanted.order, acting.syncing.catalogue, wanted.country)
    if isinstance(purchase, Refusal):
        return purchase
    lines = await priced_lines(acting.ask, purchase.lines)
    if isinstance(lines, Refusal):
        return lines
    discounts = await discounts_for(acting.ask, wanted.promotion_code, acting.syncing.catalogue)
    if isinstance(discounts, Refusal):
        return discounts
    customer_id = id_of(await require_customer(action, member_id))
    await action.sync(customer_id)
    former = await list_subscriptions_of(acting.database, member_id)
    if refusal := already_subscribed(purchase, former, acting.syncing.catalogue):
        return refusal
    named = {acting.syncing.member_key: member_id}
    parameters = {
        "customer": customer_id,
        "client_reference_id": member_id,
        "metadata": named,
        "line_items": lines,
        "currency": purchase.currency,
        "success_url": whole.success_url,
        **({"cancel_url": whole.cancel_url} if whole.cancel_url else {}),
        **discounts,
        **mode_of(purchase, trial_for(purchase.plan, former), named),
    }
    return await action.ask("session", "post", SESSIONS, parameters)


def mode_of(purchase: Purchase, trial: Trial | None, named: Mapping[str, str]) -> Json:
    """Paid once, or subscribed to; `named` goes where webhooks will find the member."""
    if purchase.once:
        return {"mode": "payment", "payment_intent_data": {"metadata": named}}
    always = trial is None or trial.card
    return {
        "mode": "subscription",
        "subscription_data": {"metadata": named, **trial_parameters(trial)},
        "payment_method_collection": "always" if always else "if_required",
    }


def trial_parameters(trial: Trial | None) -> Json:
    """Of a subscription; none for none."""
    if trial is None:
        return {}
    behavior = {"missing_payment_method": ENDS[trial.ends]}
    return {"trial_period_days": trial.days, "trial_settings": {"end_behavior": behavior}}


def already_subscribed(purchase: Purchase, former: Sequence[Subscription], catalogue: Catalogue) -> Refusal | None:
    """A plan is not bought twice; add-ons by themselves are."""
    standing = None if purchase.once or purchase.plan.add_on else standing_among(former, catalogue)
    if standing is None:
        return None
    message = f"You have a subscription already ({standing.status}): change its plan instead of buying another."
    return Refusal(RefusalCode.ALREADY_SUBSCRIBED, message)


async def priced_lines(ask: Ask, lines: Sequence[Line]) -> list[Json] | Refusal:
    """The lines with Stripe's own ids of their prices. Raises errors.Unavailable."""
    keys = [line.price.lookup_key for line in lines if line.price.lookup_key and not line.price.price_id]
    answer = await ask("get", PRICES, {"lookup_keys": keys, "active": True, "limit": 100}) if keys else None
    ids = {text_in(price, "lookup_key"): id_of(price) for price in objects_in({"list": answer}, "list")}
    priced: list[Json] = []
    for line in lines:
        id = line.price.price_id or ids.get(line.price.lookup_key)
        if id is None:
            message = (
                f"Stripe does not have the price {line.price.lookup_key}: the operator runs `gatehouse catalog apply`."
            )
            return Refusal(RefusalCode.NOT_ON_SALE, message)
        priced.append({"price": id} if line.quantity is None else {"price": id, "quantity": line.quantity})
    return priced


async def discounts_for(ask: Ask, code: str | None, catalogue: Catalogue) -> Json | Refusal:
    """What the code takes off; without one, leave to type one in where there are any. Raises errors.Unavailable."""
    if code is None:
        return {"allow_promotion_codes": True} if any(coupon.codes for coupon in catalogue.coupons) else {}
    found = objects_in({"list": await ask("get", PROMOTION_CODES, {"code": code, "active": True})}, "list")
    if not found:
        message = "This promotion code is not valid: check it, or leave it out."
        return Refusal(RefusalCode.PROMOTION_CODE_NOT_VALID, message, ("promotionCode",))
    return {"discounts": [{"promotion_code": id_of(found[0])}]}


def _with_whole_addresses(wanted: Checkout, origins: Sequence[str]) -> Checkout | Refusal:
    success = return_url_for(wanted.success_url, origins, "successUrl")
    cancel = return_url_for(wanted.cancel_url, origins, "cancelUrl") if wanted.cancel_url else None
    for each in (success, cancel):
        if isinstance(each, Refusal):
            return each
    return replace(wanted, success_url=str(success), cancel_url=cancel)

"""Stripe's hosted checkout: a page on which the member pays, after which webhooks tell what was bought.

Nothing is given here, and nothing by the page that people come back to.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from billing.actions import Acting, Action, Asked, Result, run_action
from billing.model import Catalogue, TrialEnd
from billing.objects import time_in
from billing.orders import Order
from billing.ports import Json
from billing.preparing import Prepared, prepare
from billing.refusals import Refusal
from billing.return_urls import return_url_for

KIND, SESSIONS = "startCheckout", "/v1/checkout/sessions"


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
    prepared = await prepare(action, member_id, wanted.order, wanted.promotion_code, wanted.country)
    if isinstance(prepared, Refusal):
        return prepared
    named = {acting.syncing.member_key: member_id}
    parameters = {
        "customer": prepared.customer_id,
        "client_reference_id": member_id,
        "metadata": named,
        "line_items": list(prepared.lines),
        "currency": prepared.basket.currency,
        "success_url": whole.success_url,
        **({"cancel_url": whole.cancel_url} if whole.cancel_url else {}),
        **_discounted(prepared, acting.syncing.catalogue),
        **_taxed(prepared),
        **_mode(prepared, named),
        **_explained(prepared, acting.syncing.catalogue),
    }
    return await action.ask("session", "post", SESSIONS, parameters)


def _mode(prepared: Prepared, named: Json) -> Json:
    """Paid once, or subscribed to; `named` goes where webhooks will find the member."""
    if prepared.basket.once:
        return {"mode": "payment", "payment_intent_data": {"metadata": named}}
    return {
        "mode": "subscription",
        "subscription_data": prepared.parameters_naming(named),
        "payment_method_collection": "always" if prepared.beginning.card_required else "if_required",
    }


def _explained(prepared: Prepared, catalogue: Catalogue) -> Json:
    """A trial that ends in the free plan is a subscription to that: without a word it would look like nothing else."""
    trial, free = prepared.beginning.trial, catalogue.default_plan
    if trial is None or trial.ends is not TrialEnd.FREE or free is None:
        return {}
    said = f"{prepared.basket.plan.name} for {trial.days} days, then {free.name}. Nothing is charged."
    return {"custom_text": {"submit": {"message": said}}}


def _discounted(prepared: Prepared, catalogue: Catalogue) -> Json:
    """The code's discount; without one, leave to type one in where there are any."""
    if prepared.discounts:
        return {"discounts": list(prepared.discounts)}
    return {"allow_promotion_codes": True} if any(coupon.codes for coupon in catalogue.coupons) else {}


def _taxed(prepared: Prepared) -> Json:
    """Where Stripe works taxes out it asks for the address, and keeps it with the customer."""
    taxed = prepared.tax_parameters
    return {**taxed, "customer_update": {"address": "auto"}} if taxed else {}


def _with_whole_addresses(wanted: Checkout, origins: Sequence[str]) -> Checkout | Refusal:
    success = return_url_for(wanted.success_url, origins, "successUrl")
    cancel = return_url_for(wanted.cancel_url, origins, "cancelUrl") if wanted.cancel_url else None
    for each in (success, cancel):
        if isinstance(each, Refusal):
            return each
    return replace(wanted, success_url=str(success), cancel_url=cancel)

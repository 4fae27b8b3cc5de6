"""Stripe's own pages for customers: methods of payment, invoices, cancelling; as the account's portal is set up."""

from dataclasses import dataclass

from billing.actions import Acting, Action, Asked, Result, run_action
from billing.customers import fetch_customer_of
from billing.objects import id_of
from billing.refusals import Refusal, RefusalCode
from billing.return_urls import return_url_for

KIND, SESSIONS = "openBillingPortal", "/v1/billing_portal/sessions"
NO_CUSTOMER = Refusal(RefusalCode.NO_CUSTOMER, "There is nothing to manage yet: buy something first.")


@dataclass(frozen=True, slots=True)
class BillingPortal:
    """`url` is where to send the browser, soon: it does not last."""

    url: str


async def open_billing_portal(acting: Acting, member_id: str, key: str, return_url: str) -> BillingPortal | Refusal:
    """Idempotent by `key`. Raises errors.Unavailable when the database does not answer."""

    async def work(action: Action) -> Result:
        made = await action.resume("session") or await _asked(action, member_id, return_url)
        return made if isinstance(made, Refusal) else {"url": made.get("url")}

    done = await run_action(acting, Asked(f"member:{member_id}", key, KIND, {"return_url": return_url}), work)
    return done if isinstance(done, Refusal) else BillingPortal(done["url"])


async def _asked(action: Action, member_id: str, return_url: str) -> Result:
    whole = return_url_for(return_url, action.acting.return_origins, "returnUrl")
    if isinstance(whole, Refusal):
        return whole
    customer = await fetch_customer_of(action.acting, member_id)
    if customer is None:
        return NO_CUSTOMER
    return await action.ask("session", "post", SESSIONS, {"customer": id_of(customer), "return_url": whole})

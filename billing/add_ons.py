"""Something on top of a subscription: an item of it where it is paid again and again, an invoice where it is paid once.

Done once for its idempotency key; raises errors.Unavailable when the database does not answer.
"""

from dataclasses import asdict

from billing.actions import Acting, Action, Asked, Result, run_action
from billing.carrying_out import (
    ASKS_THE_BUYER,
    NO_PAYMENT_METHOD,
    Decision,
    Done,
    carry_out,
    decide_once,
    done_from,
    fetch_current,
    payment_method_for,
)
from billing.change_actions import decision_for
from billing.changes import AddOnWish, OneTime, add_on_for
from billing.objects import id_of, object_in, text_in
from billing.orders import Line
from billing.ports import Refused
from billing.preparing import priced_lines
from billing.refusals import Refusal
from billing.transitions import NO_SUBSCRIPTION, Step, refusal_to

INVOICES, INVOICE_ITEMS = "/v1/invoices", "/v1/invoiceitems"


async def add_add_on(acting: Acting, member_id: str, key: str, wish: AddOnWish) -> Done | Refusal:
    async def decision() -> Decision | Refusal:
        current = await fetch_current(acting, member_id)
        if current is None:
            return NO_SUBSCRIPTION
        if refusal := refusal_to(Step.ADD_ADD_ON, current.standing):
            return refusal
        chosen = add_on_for(current, acting.syncing.catalogue, wish)
        if isinstance(chosen, Refusal):
            return chosen
        if not isinstance(chosen, OneTime):
            return await decision_for(acting.ask, current, chosen, None)
        lines = await priced_lines(acting.ask, [Line(chosen.price, chosen.quantity)])
        if isinstance(lines, Refusal):
            return lines
        customer_id, id = current.subscription.customer_id, current.subscription.id
        method = await payment_method_for(acting.ask, customer_id, current.payment_method_id)
        if method is None:
            return NO_PAYMENT_METHOD
        return Decision(customer_id, id, (), says={"once": lines[0], "method": method, "currency": current.currency})

    async def work(action: Action) -> Result:
        decided = await decide_once(action, decision)
        if isinstance(decided, Refusal):
            return decided
        return await (_bought(action, decided, member_id) if "once" in decided.says else carry_out(action, decided))

    asked = Asked(f"member:{member_id}", key, "addAddOn", asdict(wish))
    return done_from(await run_action(acting, asked, work), acting.now())


async def _bought(action: Action, decided: Decision, member_id: str) -> Result:
    """An invoice of its own, paid at once; one that is declined is void, so that nobody is asked for it later."""
    once, customer = decided.says["once"], decided.customer_id
    named = {action.acting.syncing.member_key: member_id}
    draft = {"customer": customer, "currency": decided.says["currency"], "auto_advance": False, "metadata": named}
    draft |= {"pending_invoice_items_behavior": "exclude", "default_payment_method": decided.says["method"]}
    invoice = await action.ask("invoice", "post", INVOICES, draft)
    item = {"customer": customer, "invoice": id_of(invoice), "pricing": {"price": once["price"]}, "metadata": named}
    await action.ask("item", "post", INVOICE_ITEMS, {**item, "quantity": once["quantity"]})
    path, shown = f"{INVOICES}/{id_of(invoice)}", {"expand": ["confirmation_secret"]}
    done = {"subscription_id": decided.subscription_id}
    try:
        await action.ask("pay", "post", f"{path}/pay", shown)
    except Refused as fault:
        if fault.stripe_code not in ASKS_THE_BUYER:
            await action.ask("void", "post", f"{path}/void")
            raise
        open_one = await action.acting.ask("get", path, shown) or {}
        secret = text_in(object_in(open_one, "confirmation_secret"), "client_secret")
        url = text_in(open_one, "hosted_invoice_url")
        return {**done, "confirmation": {"client_secret": secret, "invoice_url": url}}
    await action.sync(customer)
    return done

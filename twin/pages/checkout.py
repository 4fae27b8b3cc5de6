"""Checkout's hosted page: https://docs.stripe.com/payments/checkout"""

from collections.abc import Mapping
from html import escape

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from twin.billing.checkout import amount_of, complete, needs_method
from twin.billing.lines import named
from twin.core.errors import ApiError
from twin.core.store import Object
from twin.core.world import World
from twin.pages.html import behavior_named, card_choice, failure, field, form, is_link, money, page, table, typed_in
from twin.payments.cards import BEHAVIORS, new_method
from twin.web import Web


def routes(web: Web) -> list[Route]:
    async def show(request: Request) -> Response:
        web.catch_up()
        session = _session(web.twin.world, request)
        if session is None:
            return page("No such checkout", status=404)
        if session["status"] != "open":
            return page(f"This checkout is {session['status']}")
        if request.method == "GET":
            return _asking(web.twin.world, session)
        return _submitted(web, session, await typed_in(request))

    return [Route("/checkout/{id}", show, methods=["GET", "POST"])]


def _session(world: World, request: Request) -> Object | None:
    return world.store.find("checkout.session", request.path_params["id"])


def _asking(world: World, session: Object, problem: str | None = None) -> Response:
    customer = world.store.objects.get(session["customer"] or "") or {}
    email = customer.get("email") or session["customer_email"] or ""
    fields = [field("Email", "email", email, "email"), field("Name", "name", customer.get("name") or "A. Person")]
    if needs_method(session):
        fields.append(card_choice())
    verb = {"payment": "Pay", "setup": "Save card", "subscription": "Subscribe"}[session["mode"]]
    link = f'<p><a id="back" href="{escape(session["cancel_url"] or "")}">Back</a></p>'
    parts = [
        failure(problem) if problem else "",
        _summary(world, session),
        _own_words(session),
        form("Start trial" if _trial_days(session) else verb, *fields, id="pay"),
        link if is_link(session["cancel_url"]) else "",
    ]
    return page("Checkout", *parts, status=402 if problem else 200)


def _summary(world: World, session: Object) -> str:
    """What is bought, for how much, and what of it is due today."""
    currency, total, days = session["currency"] or "", session["amount_total"], _trial_days(session)
    rows = [_line(world, item, currency) for item in session["_items"]]
    if total is None:
        return table(rows)
    if off := session["total_details"]["amount_discount"]:
        rows.append(["Discount", f"- {money(off, currency)}"])
    if not days:
        return table(rows, ["Due today", money(total, currency)])
    note = f'<p class="note">{days} days free, then {money(total, currency)}.</p>'
    return table(rows, ["Due today", money(0, currency)]) + note


def _own_words(session: Object) -> str:
    """What the seller says beside the button."""
    said = session["custom_text"]["submit"]
    return f'<p class="note">{escape(said["message"])}</p>' if said else ""


def _line(world: World, item: Object, currency: str) -> list[str]:
    price = world.get("price", item["price"])
    every = f" every {price['recurring']['interval']}" if price["recurring"] else ""
    if item["quantity"] is None:
        return [named(world, price), f"by usage{every}"]
    count = f"{item['quantity']} x " if item["quantity"] > 1 else ""
    return [f"{count}{named(world, price)}", f"{money(amount_of(world, item, currency), currency)}{every}"]


def _trial_days(session: Object) -> int | None:
    return session["_subscription_data"].get("trial_period_days")


def _submitted(web: Web, session: Object, typed: Mapping[str, str]) -> Response:
    world, method = web.twin.world, None
    if needs_method(session):
        name = behavior_named(typed.get("card", ""))
        if name is None:
            return _asking(world, session, "Your card number is incorrect.")
        if BEHAVIORS[name].authenticate != "never" and "authenticated" not in typed:
            return _ask_bank(session, typed)
        if typed.get("authenticated") == "no":
            return _asking(world, session, "We are unable to authenticate your payment method. Please choose another.")
        method = new_method(world, name, session["_clock"])
    try:
        done = complete(world, session, method, typed.get("email"), typed.get("name"))
    except ApiError as fault:
        web.twin.settle()
        return _asking(world, session, fault.message)
    web.twin.settle()
    return RedirectResponse(done["success_url"].replace("{CHECKOUT_SESSION_ID}", done["id"]), 303)


def _ask_bank(session: Object, typed: Mapping[str, str]) -> Response:
    """3-D Secure's page; what was typed comes back with the answer."""
    kept = [*typed.items()]
    yes = form("Complete", hidden=[*kept, ("authenticated", "yes")], id="complete")
    no = form("Fail", hidden=[*kept, ("authenticated", "no")], id="fail")
    amount = money(session["amount_total"] or 0, session["currency"] or "usd")
    return page("3-D Secure", f"<p>Your bank asks: is this payment of {amount} yours?</p>", yes, no)

"""The customer portal's hosted page: https://docs.stripe.com/customer-management"""

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from twin.billing.changing import update
from twin.billing.ending import cancel_now
from twin.billing.items import period_of
from twin.billing.lines import named
from twin.billing.standing import FINAL
from twin.core.errors import ApiError, invalid
from twin.core.store import Object, entries
from twin.core.world import World
from twin.money.amounts import amount_for
from twin.pages.html import (
    behavior_named,
    card_choice,
    choice,
    failure,
    form,
    is_link,
    money,
    page,
    state,
    table,
    typed_in,
)
from twin.payments.cards import new_method
from twin.payments.setups import attach_method
from twin.web import Web


def routes(web: Web) -> list[Route]:
    async def show(request: Request) -> Response:
        web.catch_up()
        world = web.twin.world
        session = world.store.find("billing_portal.session", request.path_params["id"])
        if session is None:
            return page("No such portal session", status=404)
        if request.method == "GET":
            return _showing(world, session)
        asked = await typed_in(request)
        mark = world.store.mark()
        try:
            _act(world, session, asked)
        except ApiError as fault:
            world.store.roll_back(mark)
            return _showing(world, session, fault.message)
        web.twin.settle()
        return RedirectResponse(request.url.path, 303)

    return [Route("/portal/{id}", show, methods=["GET", "POST"])]


def _showing(world: World, session: Object, problem: str | None = None) -> Response:
    customer = world.get("customer", session["customer"])
    features = world.get("billing_portal.configuration", session["configuration"])["features"]
    parts = [failure(problem)] if problem else []
    every = world.store.children("subscription", "customer", customer["id"])
    parts += [_subscription(world, each, features) for each in every if each["status"] not in FINAL]
    if len(parts) == bool(problem):
        parts.append("<p>There is no subscription.</p>")
    if features["payment_method_update"]["enabled"]:
        card = form("Use this card", card_choice(shown=False), hidden=[("do", "method")], id="method")
        parts.append(f"<section><h2>Payment method</h2>{_method(world, customer)}{card}</section>")
    if features["invoice_history"]["enabled"]:
        found = [each for each in world.store.children("invoice", "customer", customer["id"]) if each["number"]]
        rows = [
            [_day(each["created"]), each["number"], each["status"], money(each["total"], each["currency"])]
            for each in found
        ]
        parts.append(f"<section><h2>Invoices</h2>{table(reversed(rows))}</section>")
    if is_link(session["return_url"]):
        parts.append(f'<p><a id="return" href="{escape(session["return_url"])}">Return</a></p>')
    return page(f"Billing of {customer['email'] or customer['id']}", *parts, status=402 if problem else 200)


def _subscription(world: World, subscription: Object, features: Object) -> str:
    id, end = subscription["id"], _day(period_of(subscription)[1])
    names = ", ".join(named(world, item["price"]) for item in subscription["items"]["data"])
    ends = subscription["cancel_at_period_end"]
    said = f"ends on {end}, and nothing is charged any more" if ends else f"renews on {end}"
    parts = [f"<h2>{escape(names)} {state(subscription['status'])}</h2>{_worth(subscription)}<p>It {said}.</p>"]
    if ends:
        parts.append(form("Renew", hidden=[("do", "renew"), ("subscription", id)], id="renew"))
    elif features["subscription_cancel"]["enabled"]:
        parts.append(form("Cancel plan", hidden=[("do", "cancel"), ("subscription", id)], id="cancel"))
    if features["subscription_update"]["enabled"]:
        prices = [
            world.get("price", price)
            for each in entries(features["subscription_update"], "products")
            for price in each["prices"]
        ]
        options = [
            (price["id"], f"{named(world, price)}: {money(price['unit_amount'] or 0, price['currency'])}")
            for price in prices
        ]
        plans = choice("Plan", "price", options)
        parts.append(form("Switch", plans, hidden=[("do", "switch"), ("subscription", id)], id="switch"))
    return f"<section>{''.join(parts)}</section>"


def _worth(subscription: Object) -> str:
    """What it costs, as far as that is fixed."""
    currency = subscription["currency"]
    rows = [
        f"{money(amount_for(item['price'], item['quantity'], currency), currency)}"
        f" every {item['price']['recurring']['interval']}"
        for item in subscription["items"]["data"]
        if item.get("quantity") is not None
    ]
    return f"<p>{escape(', '.join(rows))}</p>"


def _method(world: World, customer: Object) -> str:
    """What is charged: the customer's own choice, or what a running subscription was paid with."""
    every = world.store.children("subscription", "customer", customer["id"])
    ids = [each["default_payment_method"] for each in every if each["status"] not in FINAL]
    chosen = customer["invoice_settings"]["default_payment_method"]
    held = next((world.store.objects[id] for id in (*ids, chosen) if id in world.store.objects), None)
    return f"<p>{escape(held['type'])} ending in {held[held['type']]['last4']}</p>" if held else "<p>none yet</p>"


def _act(world: World, session: Object, asked: Mapping[str, str]) -> None:
    """What the person chose; only on what is their own, only what the configuration allows."""
    customer = world.get("customer", session["customer"])
    features = world.get("billing_portal.configuration", session["configuration"])["features"]
    if asked.get("do") == "method":
        _new_method(world, customer, asked.get("card", ""))
        return
    subscription = world.get("subscription", asked.get("subscription", ""))
    if subscription["customer"] != customer["id"]:
        raise invalid("This subscription is somebody else's.")
    match asked.get("do"):
        case "cancel" if features["subscription_cancel"]["enabled"]:
            if features["subscription_cancel"]["mode"] == "immediately":
                cancel_now(world, subscription)
            else:
                update(world, subscription, {"cancel_at_period_end": True})
        case "renew":
            update(world, subscription, {"cancel_at_period_end": False})
        case "switch" if features["subscription_update"]["enabled"]:
            item = {"id": subscription["items"]["data"][0]["id"], "price": asked.get("price", "")}
            behavior = features["subscription_update"]["proration_behavior"]
            update(world, subscription, {"items": [item], "proration_behavior": behavior})
        case _:
            raise invalid("The portal does not offer that.")


def _new_method(world: World, customer: Object, number: str) -> None:
    name = behavior_named(number)
    if name is None:
        raise invalid("Your card number is incorrect.")
    method = attach_method(world, world.create(new_method(world, name)), customer["id"])
    settings = customer["invoice_settings"] | {"default_payment_method": method["id"]}
    world.change(customer, "customer.updated", invoice_settings=settings)
    for subscription in world.store.children("subscription", "customer", customer["id"]):
        if subscription["status"] not in FINAL and subscription["default_payment_method"]:
            world.change(subscription, "customer.subscription.updated", default_payment_method=method["id"])


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()

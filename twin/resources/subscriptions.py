"""Subscriptions: https://docs.stripe.com/api/subscriptions"""

from twin.api.pages import page_of, within
from twin.api.routes import Params, route
from twin.api.searching import searched
from twin.billing.changing import update as update_subscription
from twin.billing.collection import settle_or_collect
from twin.billing.ending import cancel_now
from twin.billing.invoices import draft, finalize
from twin.billing.items import period_of, refuse
from twin.billing.lines import proration_of
from twin.billing.pending import attach, billed, pend_proration, pending_for
from twin.billing.renewing import pause as pause_subscription
from twin.billing.renewing import resume as resume_subscription
from twin.billing.standing import FINAL, RUNNING
from twin.billing.starting import start
from twin.billing.usage import usage_lines
from twin.core.errors import invalid, missing_object, unimplemented
from twin.core.store import Object, inside
from twin.core.world import World


@route("POST /v1/subscriptions")
def create(world: World, params: Params) -> Object:
    return start(world, params)


@route("GET /v1/subscriptions")
def list_all(world: World, params: Params) -> Object:
    """Without `status` the ended ones are left out; `ended` and `all` are not statuses but sets of them."""
    refuse(params, "subscriptions.list", "automatic_tax", "current_period_start", "current_period_end")
    found = world.store.of_kind("subscription")
    if customer := params.get("customer"):
        if world.store.find("customer", customer) is None:
            raise missing_object("customer", customer, "customer")
        found = world.store.children("subscription", "customer", customer)
    wanted, price = params.get("status"), params.get("price")
    kept = [
        each
        for each in found
        if within(each["created"], params.get("created"))
        and _of_status(each["status"], wanted)
        and params.get("test_clock") in (None, each.get("test_clock"))
        and params.get("collection_method") in (None, each.get("collection_method"))
        and (price is None or any(item["price"]["id"] == price for item in each["items"]["data"]))
    ]
    return page_of(kept, params, "/v1/subscriptions")


def _of_status(status: str, wanted: str | None) -> bool:
    if wanted in (None, "ended"):
        return (status in FINAL) == (wanted == "ended")
    return wanted in ("all", status)


@route("GET /v1/subscriptions/search")
def search(world: World, params: Params) -> Object:
    return searched(world.store.of_kind("subscription"), params, "/v1/subscriptions/search")


@route("GET /v1/subscriptions/{subscription}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("subscription", id)


@route("POST /v1/subscriptions/{subscription}")
def update(world: World, params: Params, id: str) -> Object:
    return update_subscription(world, world.get("subscription", id), params)


@route("DELETE /v1/subscriptions/{subscription}")
def cancel(world: World, params: Params, id: str) -> Object:
    """Now. `prorate` credits what was not used, `invoice_now` bills what is pending and what was counted."""
    subscription = world.get("subscription", id)
    if subscription["status"] in FINAL:
        raise invalid(f"No such subscription: {id}", "id", "resource_missing", 404)
    now = world.time_of(subscription)
    if details := params.get("cancellation_details"):
        given = {name: value or None for name, value in details.items() if name != "feedback_option"}
        held = subscription["cancellation_details"] | given
        subscription = world.change(subscription, None, cancellation_details=held)
    if params.get("prorate") and subscription["status"] in ("active", "past_due"):
        for item in subscription["items"]["data"]:
            credit = proration_of(subscription, item, now, credit=True)
            if credit:
                pend_proration(world, subscription, credit)
    if params.get("invoice_now"):
        _last_invoice(world, subscription, now)
    ended = cancel_now(world, world.store.objects[id])
    invoice = world.store.objects.get(subscription["latest_invoice"] or "")
    if subscription["status"] == "incomplete" and invoice and invoice["status"] == "open":
        world.change(invoice, None, auto_advance=False)
    return ended


def _last_invoice(world: World, subscription: Object, now: int) -> None:
    customer = world.get("customer", subscription["customer"])
    period = (period_of(subscription)[0], now)
    waiting = pending_for(world, customer, subscription)
    lines = [
        *billed(world, waiting, subscription),
        *usage_lines(world, subscription, subscription["items"]["data"], period),
    ]
    if lines:
        invoice = draft(world, customer, lines, "subscription_update", subscription=subscription, period=period)
        attach(world, waiting, invoice)
        settle_or_collect(world, finalize(world, invoice))
        world.change(world.store.objects[subscription["id"]], None, latest_invoice=invoice["id"])


@route("POST /v1/subscriptions/{subscription}/pause")
def pause(world: World, params: Params, id: str) -> Object:
    """https://docs.stripe.com/billing/subscriptions/pause: unlike `pause_collection` it changes the status."""
    subscription = world.get("subscription", id)
    refuse(params, "subscriptions.pause", "invoicing_behavior")
    for name in ("outstanding_usage_through", "unused_time_from"):
        if inside(params, "bill_for", name, "type") not in (None, "none"):
            raise unimplemented(f"subscriptions.pause with bill_for[{name}]")
    if subscription["billing_mode"]["type"] != "flexible":
        raise invalid("Only subscriptions in flexible billing mode can be paused.")
    if subscription["status"] not in RUNNING:
        raise invalid(f"You cannot pause a subscription that is {subscription['status']}.")
    return pause_subscription(world, subscription, "pause_requested")


@route("POST /v1/subscriptions/{subscription}/resume")
def resume(world: World, params: Params, id: str) -> Object:
    subscription = world.get("subscription", id)
    if inside(params, "billing_cycle_anchor", "type") == "unchanged":
        raise unimplemented("subscriptions.resume with billing_cycle_anchor unchanged")
    refuse(params, "subscriptions.resume", "proration_date")
    if subscription["status"] != "paused":
        raise invalid("You can only resume a subscription that is paused.", code="resource_missing")
    held = resume_subscription(world, subscription)
    if params.get("payment_behavior") == "resume_on_payment_attempt" and held["status"] == "paused":
        raise unimplemented("subscriptions.resume with resume_on_payment_attempt")
    return held


@route("DELETE /v1/subscriptions/{subscription_exposed_id}/discount")
def delete_discount(world: World, _params: Params, id: str) -> Object:
    subscription = world.get("subscription", id)
    if not subscription["discounts"]:
        raise invalid(f"No active discount for subscription: {id}", code="resource_missing", status=404)
    discount = world.get("discount", subscription["discounts"][0])
    world.change(subscription, "customer.subscription.updated", discounts=subscription["discounts"][1:])
    world.delete(discount, "customer.discount.deleted")
    return discount | {"deleted": True}

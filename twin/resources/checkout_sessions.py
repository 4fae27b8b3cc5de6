"""Checkout Sessions: https://docs.stripe.com/api/checkout/sessions. Their page is in `pages`."""

from typing import Any

from twin.api.expansion import includable
from twin.api.pages import list_of, page_of
from twin.api.routes import Params, route
from twin.billing.checkout import amount_of, expire, total_of
from twin.billing.items import priced, refuse
from twin.core.errors import invalid
from twin.core.store import Object, entries, inside, shown
from twin.core.world import World
from twin.money.totals import amount_off
from twin.resources.fields import listing, metadata_of, patched, required

UNSUPPORTED = ("after_expiration", "custom_fields", "invoice_creation", "optional_items", "permissions")
UNSUPPORTED_TOO = ("shipping_options", "shipping_address_collection", "setup_intent_data", "tax_id_collection")
SUBSCRIPTION_TAKES = {
    "metadata",
    "trial_period_days",
    "trial_end",
    "trial_settings",
    "description",
    "default_tax_rates",
}
TEXTS = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
PAYMENT_TAKES = {"metadata", "description", "setup_future_usage"}
UNSET = (
    "adaptive_pricing",
    "after_expiration",
    "branding_settings",
    "client_secret",
    "collected_information",
    "consent",
    "consent_collection",
    "currency_conversion",
    "customer_account",
    "customer_details",
    "integration_identifier",
    "invoice",
    "invoice_creation",
    "managed_payments",
    "origin_context",
    "payment_intent",
    "payment_link",
    "payment_method_configuration_details",
    "permissions",
    "recovered_from",
    "return_url",
    "saved_payment_method_options",
    "setup_intent",
    "shipping_address_collection",
    "shipping_cost",
    "submit_type",
    "subscription",
    "wallet_options",
)


@route("POST /v1/checkout/sessions")
def create(world: World, params: Params) -> Object:
    refuse(params, "checkout.sessions.create", *UNSUPPORTED, *UNSUPPORTED_TOO)
    for name, takes in (("subscription_data", SUBSCRIPTION_TAKES), ("payment_intent_data", PAYMENT_TAKES)):
        data: Object = params.get(name, {})
        refuse(data, f"checkout.sessions.create with {name}", *sorted(data.keys() - takes))
    required(params, "mode")
    mode: str = params["mode"]
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        refuse(params, "checkout.sessions.create", "ui_mode")
    required(params, "success_url")
    customer = world.get("customer", params["customer"], "customer") if "customer" in params else None
    if customer and "customer_email" in params:
        raise invalid("You may only specify one of these parameters: customer, customer_email.", "customer_email")
    items = [_item(world, each, mode, place) for place, each in enumerate(entries(params, "line_items"))]
    if mode != "setup" and not items:
        raise invalid("Missing required param: line_items.", "line_items", "parameter_missing")
    currency = params.get("currency") or (world.get("price", items[0]["price"])["currency"] if items else None)
    clock = customer["test_clock"] if customer else None
    now, id = world.at(clock), world.ids.new("cs_test")
    subtotal = total_of(world, items, currency) if items and currency else None
    discount = _discount(world, entries(params, "discounts"), subtotal or 0, currency or "usd")
    reduced = {"amount_discount": discount, "amount_shipping": 0, "amount_tax": 0}
    version: Object = {
        "id": id,
        "object": "checkout.session",
        **dict.fromkeys(UNSET),
        **_asked(params, mode),
        "amount_subtotal": subtotal,
        "amount_total": None if subtotal is None else subtotal - discount,
        "created": now,
        "currency": currency,
        "customer": customer["id"] if customer else None,
        "expires_at": params.get("expires_at", now + world.account.session_seconds),
        "status": "open",
        "total_details": None if subtotal is None else reduced,
        "url": f"{world.links}/checkout/{id}",
        "_clock": clock,
        "_items": items,
    }
    return world.create(version)


def _asked(params: Params, mode: str) -> Object:
    """The fields that a request alone decides."""
    tax = bool(inside(params, "automatic_tax", "enabled"))
    collects = params.get("payment_method_collection", "always") if mode == "subscription" else "if_required"
    names = ("allow_promotion_codes", "billing_address_collection", "cancel_url", "client_reference_id")
    return {
        **{name: params.get(name) for name in (*names, "customer_email", "locale", "success_url")},
        "automatic_tax": {
            "enabled": tax,
            "liability": {"type": "self"} if tax else None,
            "provider": None,
            "status": None,
        },
        "custom_fields": [],
        "custom_text": {**dict.fromkeys(TEXTS), **params.get("custom_text", {})},
        "customer_creation": params.get("customer_creation", "if_required" if mode == "payment" else "always"),
        "discounts": [],
        "livemode": False,
        "metadata": metadata_of({}, params),
        "mode": mode,
        "payment_method_collection": collects,
        "payment_method_options": {},
        "payment_method_types": ["card", "sepa_debit"],
        "payment_status": "no_payment_required" if mode == "setup" else "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "ui_mode": "hosted_page",
        "_discounts": entries(params, "discounts"),
        "_subscription_data": params.get("subscription_data", {}),
        "_payment_data": params.get("payment_intent_data", {}),
    }


def _item(world: World, wanted: Object, mode: str, place: int) -> Object:
    refuse(
        wanted,
        "checkout.sessions.create with line_items",
        "adjustable_quantity",
        "dynamic_tax_rates",
        "tax_rates",
        "metadata",
    )
    param = f"line_items[{place}][price]"
    if mode == "subscription" and inside(wanted, "price_data", "recurring"):
        price = priced(world, wanted, None, param)
    elif "price" in wanted:
        price = world.get("price", wanted["price"], param)
    else:
        refuse(wanted, "checkout.sessions.create with line_items", "price_data")
        raise invalid(f"Missing required param: {param}.", param, "parameter_missing")
    if not price["active"]:
        raise invalid("The price specified is inactive. This field only accepts active prices.", param)
    if mode == "payment" and price["recurring"]:
        raise invalid("You specified `payment` mode but passed a recurring price.", param)
    quantity = wanted.get("quantity")
    metered = inside(price, "recurring", "usage_type") == "metered"
    if quantity is None and not metered:
        raise invalid("Quantity is required.", f"line_items[{place}][quantity]", "parameter_missing")
    return {
        "id": world.ids.new("li"),
        "price": price["id"],
        "quantity": None if metered else quantity,
        "recurring": bool(price["recurring"]),
    }


def _discount(world: World, wanted: list[Object], subtotal: int, currency: str) -> int:
    """What the first discount takes off, for the page; the invoice reckons it exactly."""
    for each in wanted[:1]:
        promotion = (
            world.get("promotion_code", each["promotion_code"], "discounts[0]") if "promotion_code" in each else None
        )
        coupon = world.get("coupon", promotion["promotion"]["coupon"] if promotion else each["coupon"], "discounts[0]")
        if coupon["percent_off"] is not None:
            return round(subtotal * coupon["percent_off"] / 100)
        return min(subtotal, amount_off(coupon, currency) or 0)
    return 0


@route("GET /v1/checkout/sessions")
def list_all(world: World, params: Params) -> Object:
    refuse(params, "checkout.sessions.list", "customer_details", "payment_link")
    return listing(
        world,
        "checkout.session",
        params,
        "/v1/checkout/sessions",
        "customer",
        "status",
        "subscription",
        "payment_intent",
    )


@route("GET /v1/checkout/sessions/{session}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("checkout.session", id)


@route("POST /v1/checkout/sessions/{session}")
def update(world: World, params: Params, id: str) -> Object:
    refuse(params, "checkout.sessions.update", "collected_information", "line_items", "shipping_options")
    session = world.get("checkout.session", id)
    return world.change(session, None, **patched(session, params))


@route("POST /v1/checkout/sessions/{session}/expire")
def expire_it(world: World, _params: Params, id: str) -> Object:
    session = world.get("checkout.session", id)
    if session["status"] != "open":
        raise invalid(
            f'Only Checkout Sessions with a status in ["open"] can be expired; this one is {session["status"]}.'
        )
    expire(world, session)
    return world.get("checkout.session", id)


@route("GET /v1/checkout/sessions/{session}/line_items")
def list_items(world: World, params: Params, id: str) -> Object:
    url = f"/v1/checkout/sessions/{id}/line_items"
    return page_of(line_items_of(world, world.get("checkout.session", id)), params, url, newest_first=False)


@includable("checkout.session", "line_items")
def line_items(world: World, session: Object) -> Any:
    held = line_items_of(world, world.get("checkout.session", session["id"]))
    return list_of(held, f"/v1/checkout/sessions/{session['id']}/line_items")


def line_items_of(world: World, session: Object) -> list[Object]:
    return [_shown(world, session, each) for each in session["_items"]]


def _shown(world: World, session: Object, item: Object) -> Object:
    price = world.get("price", item["price"])
    amount = amount_of(world, item, session["currency"])
    product = world.store.objects.get(price["product"]) or {}
    return {
        "id": item["id"],
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": session["currency"],
        "description": product.get("name"),
        "metadata": None,
        "price": shown(price),
        "quantity": item["quantity"],
    }

"""Coupons and promotion codes: https://docs.stripe.com/api/coupons, …/promotion_codes"""

from typing import Any

from twin.api.expansion import includable
from twin.api.pages import matching, page_of
from twin.api.routes import Params, route
from twin.billing.items import refuse
from twin.core.errors import invalid
from twin.core.store import Object, inside
from twin.core.world import World
from twin.resources.fields import deleted, listing, metadata_of, patched


@route("POST /v1/coupons")
def create(world: World, params: Params) -> Object:
    percent, amount = params.get("percent_off"), params.get("amount_off")
    if (percent in (None, "")) == (amount in (None, "")):
        raise invalid("Must provide exactly one of percent_off or amount_off.", "percent_off", "parameter_missing")
    if amount and "currency" not in params:
        raise invalid("Missing required param: currency.", "currency", "parameter_missing")
    duration = params.get("duration", "once")
    if duration == "repeating" and "duration_in_months" not in params:
        raise invalid("Missing required param: duration_in_months.", "duration_in_months", "parameter_missing")
    id = params.get("id") or world.ids.text("coupon")
    if id in world.store.objects:
        raise invalid("Coupon already exists.", "id", "resource_already_exists")
    version: Object = {
        "id": id,
        "object": "coupon",
        "amount_off": amount or None,
        "created": int(world.now),
        "currency": params.get("currency"),
        "duration": duration,
        "duration_in_months": params.get("duration_in_months"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": metadata_of({}, params),
        "name": params.get("name"),
        "percent_off": percent or None,
        "redeem_by": params.get("redeem_by"),
        "times_redeemed": 0,
        "valid": True,
        "_applies_to": params.get("applies_to"),
        "_currency_options": params.get("currency_options", {}),
    }
    return world.create(version, "coupon.created")


@includable("coupon", "applies_to")
def applies_to(world: World, coupon: Object) -> Any:
    return world.store.objects[coupon["id"]]["_applies_to"]


@includable("coupon", "currency_options")
def currency_options(world: World, coupon: Object) -> Any:
    held = world.store.objects[coupon["id"]]
    own = {held["currency"]: {"amount_off": held["amount_off"]}} if held["currency"] else {}
    return (own | held["_currency_options"]) or None


@route("GET /v1/coupons")
def list_all(world: World, params: Params) -> Object:
    return listing(world, "coupon", params, "/v1/coupons")


@route("GET /v1/coupons/{coupon}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("coupon", id)


@route("POST /v1/coupons/{coupon}")
def update(world: World, params: Params, id: str) -> Object:
    coupon = world.get("coupon", id)
    changes = patched(coupon, params, "name")
    changes["_currency_options"] = coupon["_currency_options"] | params.get("currency_options", {})
    return world.change(coupon, "coupon.updated", **changes)


@route("DELETE /v1/coupons/{coupon}")
def delete(world: World, _params: Params, id: str) -> Object:
    """It can be redeemed no more; discounts that hold it keep it."""
    coupon = world.get("coupon", id)
    if any(each["source"]["coupon"] == id for each in world.store.of_kind("discount")):
        coupon = world.change(coupon, None, valid=False, max_redemptions=0)
        world.tell("coupon.deleted", coupon)
    else:
        world.delete(coupon, "coupon.deleted")
    return deleted(coupon)


@route("POST /v1/promotion_codes")
def create_promotion(world: World, params: Params) -> Object:
    coupon_id = inside(params, "promotion", "coupon")
    if not coupon_id:
        raise invalid("Missing required param: promotion[coupon].", "promotion[coupon]", "parameter_missing")
    world.get("coupon", coupon_id, "promotion[coupon]")
    restrictions = {"first_time_transaction": False, "minimum_amount": None, "minimum_amount_currency": None}
    code = params.get("code") or world.ids.text("promo")[:8].upper()
    if any(each["code"].lower() == code.lower() and each["active"] for each in world.store.of_kind("promotion_code")):
        raise invalid(f"An active promotion code with `code: {code}` already exists.", "code")
    version: Object = {
        "id": world.ids.new("promo"),
        "object": "promotion_code",
        "active": params.get("active", True),
        "code": code,
        "created": int(world.now),
        "customer": params.get("customer"),
        "customer_account": None,
        "expires_at": params.get("expires_at"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": metadata_of({}, params),
        "promotion": {"type": "coupon", "coupon": coupon_id},
        "restrictions": restrictions | params.get("restrictions", {}),
        "times_redeemed": 0,
    }
    return world.create(version, "promotion_code.created")


@route("GET /v1/promotion_codes")
def list_promotions(world: World, params: Params) -> Object:
    coupon = params.get("coupon")
    found = matching(world.store.of_kind("promotion_code"), params, "active", "code", "customer")
    kept = [each for each in found if coupon in (None, each["promotion"]["coupon"])]
    return page_of(kept, params, "/v1/promotion_codes")


@route("GET /v1/promotion_codes/{promotion_code}")
def retrieve_promotion(world: World, _params: Params, id: str) -> Object:
    return world.get("promotion_code", id)


@route("POST /v1/promotion_codes/{promotion_code}")
def update_promotion(world: World, params: Params, id: str) -> Object:
    refuse(params, "promotion_codes.update", "restrictions")
    held = world.get("promotion_code", id)
    return world.change(held, "promotion_code.updated", **patched(held, params, "active"))

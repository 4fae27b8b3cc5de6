"""Coupons at work: https://docs.stripe.com/billing/subscriptions/coupons"""

from collections.abc import Iterable, Sequence
from typing import Any

from twin.core.errors import invalid
from twin.core.store import Object
from twin.core.world import World
from twin.money.periods import boundary
from twin.money.totals import amount_off


def new_discounts(world: World, wanted: Iterable[Object], customer: str | None, at: int, **holder: Any) -> list[str]:
    """Redeems what `discounts[]` names (coupon, promotion_code or discount); ids of the discounts. Raises ApiError."""
    return [_redeem(world, each, customer, at, f"discounts[{place}]", **holder) for place, each in enumerate(wanted)]


def _redeem(world: World, wanted: Object, customer: str | None, at: int, param: str, **holder: Any) -> str:
    if "discount" in wanted:
        return world.get("discount", wanted["discount"], f"{param}[discount]")["id"]
    code = wanted.get("promotion_code")
    promotion = world.get("promotion_code", code, f"{param}[promotion_code]") if code else None
    coupon_id = promotion["promotion"]["coupon"] if promotion else wanted.get("coupon")
    if not coupon_id:
        raise invalid("Each discount needs one of coupon, discount or promotion_code.", param)
    coupon = world.get("coupon", coupon_id, f"{param}[coupon]")
    if not is_valid(coupon, at) or (promotion and not promotion["active"]):
        raise invalid(f"Coupon expired: {coupon_id}", param, "coupon_expired")
    _check_currency(world, coupon, customer, param)
    if promotion:
        _check_promotion(world, promotion, customer)
        world.change(promotion, times_redeemed=promotion["times_redeemed"] + 1)
    coupon = world.change(coupon, times_redeemed=coupon["times_redeemed"] + 1)
    world.change(coupon, valid=is_valid(coupon, at))
    months = coupon["duration_in_months"]
    clock = world.store.objects[customer]["test_clock"] if customer else None
    version: Object = {
        "id": world.ids.new("di"),
        "object": "discount",
        "checkout_session": None,
        "customer": customer,
        "customer_account": None,
        "end": boundary(at, "month", 1, months) if coupon["duration"] == "repeating" and months else None,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": promotion["id"] if promotion else None,
        "source": {"type": "coupon", "coupon": coupon["id"]},
        "start": at,
        "subscription": None,
        "subscription_item": None,
        "_clock": clock,
        "_once": coupon["duration"] == "once",
    }
    return world.create(version | holder, "customer.discount.created")["id"]


def is_valid(coupon: Object, at: int) -> bool:
    used_up = coupon["max_redemptions"] is not None and coupon["times_redeemed"] >= coupon["max_redemptions"]
    return not used_up and (coupon["redeem_by"] is None or at < coupon["redeem_by"])


def _check_currency(world: World, coupon: Object, customer: str | None, param: str) -> None:
    currency: str | None = world.get("customer", customer)["currency"] if customer else None
    if currency and coupon["percent_off"] is None and amount_off(coupon, currency) is None:
        raise invalid(f"The coupon {coupon['id']} has no amount in {currency}.", param)


def _check_promotion(world: World, promotion: Object, customer: str | None) -> None:
    most = promotion["max_redemptions"]
    if most is not None and promotion["times_redeemed"] >= most:
        raise invalid("This promotion code has been redeemed too often.", "promotion_code", "coupon_expired")
    if promotion["customer"] and promotion["customer"] != customer:
        raise invalid("This promotion code cannot be redeemed by this customer.", "promotion_code")
    first_only = promotion["restrictions"]["first_time_transaction"]
    if first_only and customer and any(world.store.children("charge", "customer", customer)):
        raise invalid("This promotion code is for first-time transactions only.", "promotion_code")


def coupons_of(world: World, ids: Sequence[str], at: int) -> list[tuple[str, Object]]:
    """Those discounts that still count at `at`, each with its coupon."""
    found = [world.store.objects[id] for id in ids if id in world.store.objects]
    counting = [each for each in found if each["end"] is None or at < each["end"]]
    return [(each["id"], world.store.objects[each["source"]["coupon"]]) for each in counting]


def spent(world: World, ids: Sequence[str]) -> list[str]:
    """What is left of them after one invoice: those that count once are gone."""
    kept: list[str] = []
    for id in ids:
        discount = world.store.objects[id]
        if discount["_once"]:
            world.tell("customer.discount.deleted", discount)
        else:
            kept.append(id)
    return kept

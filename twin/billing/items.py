"""Subscription items: https://docs.stripe.com/api/subscription_items"""

from collections.abc import Sequence
from typing import Any

from twin.core.errors import invalid, unimplemented
from twin.core.store import Object, entries
from twin.core.world import World
from twin.money.amounts import amount_for

MOST_ITEMS = 20
UNSUPPORTED = ("billing_thresholds", "current_trial", "plan", "trial", "clear_usage")


def refuse(params: Object, where: str, *names: str) -> None:
    """501 for parameters that real Stripe takes and the twin does nothing with."""
    for name in names:
        if params.get(name) not in (None, "", False):
            raise unimplemented(f"{where} with {name}")


def new_item(
    world: World, subscription_id: str, wanted: Object, currency: str | None, period: tuple[int, int], now: int
) -> Object:
    """An item as `items[]` asks for it. Raises ApiError for a price that cannot be subscribed to."""
    refuse(wanted, "subscription items", *UNSUPPORTED)
    price = priced(world, wanted, currency)
    return {
        "id": world.ids.new("si"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": now,
        "current_period_end": period[1],
        "current_period_start": period[0],
        "discounts": [],
        "metadata": wanted.get("metadata") or {},
        "plan": plan_of(price),
        "price": price,
        "quantity": quantity_of(wanted, price, 1),
        "subscription": subscription_id,
        "tax_rates": [world.get("tax_rate", id, "tax_rates") for id in entries(wanted, "tax_rates")],
    }


def quantity_of(wanted: Object, price: Object, otherwise: int | None) -> int | None:
    quantity: int | None = wanted.get("quantity", otherwise)
    if price["recurring"]["usage_type"] == "metered":
        if "quantity" in wanted:
            raise invalid("Quantity should not be specified where usage_type is `metered`.", "items[0][quantity]")
        return None
    if quantity is None or quantity < 0:
        raise invalid("Invalid non-negative integer", "items[0][quantity]", "parameter_invalid_integer")
    return quantity


def priced(world: World, wanted: Object, currency: str | None, param: str = "items[0][price]") -> Object:
    """The price that is named, or made from `price_data`; active, recurring, and to be had in the currency."""
    if "price_data" in wanted:
        price = price_from(world, wanted["price_data"])
    elif "price" in wanted:
        price = world.get("price", wanted["price"], param)
    else:
        raise invalid("Missing required param: items[0][price].", param, "parameter_missing")
    if not price["active"]:
        raise invalid("The price specified is inactive. This field only accepts active prices.", param)
    if price["recurring"] is None:
        raise invalid(
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
            param,
        )
    check_currency(price, currency, param)
    return price


def check_currency(price: Object, currency: str | None, param: str) -> None:
    has = {price["currency"], *price["_currency_options"]}
    if currency is not None and currency not in has:
        raise invalid(
            f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency: "
            f"`{currency}`.",
            param,
        )


def price_from(world: World, data: Object) -> Object:
    """An inline price, inactive for everyone else."""
    world.get("product", data["product"], "price_data[product]")
    recurring = data.get("recurring")
    amount = data.get("unit_amount")
    decimal = str(data.get("unit_amount_decimal", amount))
    return world.create(new_price(world, data["product"], data["currency"], amount, decimal, recurring, active=True))


def new_price(
    world: World,
    product: str,
    currency: str,
    amount: int | None,
    decimal: str | None,
    recurring: Object | None,
    **more: Any,
) -> Object:
    version: Object = {
        "id": world.ids.new("price"),
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": int(world.now),
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product,
        "recurring": recurring
        and {
            "interval": recurring["interval"],
            "interval_count": recurring.get("interval_count", 1),
            "meter": recurring.get("meter"),
            "trial_period_days": recurring.get("trial_period_days"),
            "usage_type": recurring.get("usage_type", "licensed"),
        },
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": decimal,
        "_tiers": None,
        "_currency_options": {},
    }
    return version | more


def plan_of(price: Object) -> Object:
    """The price in the shape of the older Plan, which items still show."""
    recurring = price["recurring"]
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": False,
        "metadata": price["metadata"],
        "meter": recurring["meter"],
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": price["tiers_mode"],
        "transform_usage": None,
        "trial_period_days": recurring["trial_period_days"],
        "usage_type": recurring["usage_type"],
    }


def cycle_of(items: Sequence[Object]) -> tuple[str, int]:
    """The interval that all items share."""
    found = {(item["price"]["recurring"]["interval"], item["price"]["recurring"]["interval_count"]) for item in items}
    if len(found) > 1:
        raise unimplemented("subscriptions whose items have different intervals")
    if len({item["price"]["id"] for item in items}) < len(items):
        raise invalid("Cannot add multiple subscription items with the same price.", "items")
    if len(items) > MOST_ITEMS:
        raise invalid(f"A subscription can have at most {MOST_ITEMS} items.", "items")
    return found.pop()


def period_of(subscription: Object) -> tuple[int, int]:
    first = subscription["items"]["data"][0]
    return first["current_period_start"], first["current_period_end"]


def with_period(items: Sequence[Object], period: tuple[int, int]) -> list[Object]:
    return [item | {"current_period_start": period[0], "current_period_end": period[1]} for item in items]


def item_list(subscription_id: str, items: Sequence[Object]) -> Object:
    url = f"/v1/subscription_items?subscription={subscription_id}"
    return {"object": "list", "data": list(items), "has_more": False, "total_count": len(items), "url": url}


def cost_of(items: Sequence[Object], currency: str) -> int:
    """What a period of the licensed items costs."""
    licensed = (item for item in items if item["quantity"] is not None)
    return sum(amount_for(item["price"], item["quantity"], currency) for item in licensed)

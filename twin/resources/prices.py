"""Prices: https://docs.stripe.com/api/prices. A price's amount is never changed: it is replaced."""

from decimal import Decimal
from typing import Any

from twin.api.expansion import includable
from twin.api.pages import matching, page_of
from twin.api.routes import Params, route
from twin.api.searching import searched
from twin.billing.items import new_price, refuse
from twin.core.errors import invalid
from twin.core.store import Object, entries, inside
from twin.core.world import World
from twin.resources.fields import metadata_of, patched, required


@route("POST /v1/prices")
def create(world: World, params: Params) -> Object:
    refuse(params, "prices.create", "custom_unit_amount")
    required(params, "currency")
    product = _product(world, params)
    tiers = [_tier(each) for each in entries(params, "tiers")]
    scheme: str = params.get("billing_scheme", "tiered" if tiers else "per_unit")
    amount, decimal = _amounts(params)
    if scheme == "per_unit" and decimal is None:
        raise invalid("One of unit_amount or unit_amount_decimal is required.", "unit_amount", "parameter_missing")
    if scheme == "tiered" and (not tiers or "tiers_mode" not in params):
        raise invalid("Tiered prices need tiers and tiers_mode.", "tiers", "parameter_missing")
    version = new_price(
        world,
        product,
        params["currency"].lower(),
        amount,
        decimal,
        checked_recurring(world, params.get("recurring")),
        active=params.get("active", True),
        billing_scheme=scheme,
        metadata=metadata_of({}, params),
        nickname=params.get("nickname"),
        tax_behavior=params.get("tax_behavior", "unspecified"),
        tiers_mode=params.get("tiers_mode"),
        transform_quantity=params.get("transform_quantity"),
        _tiers=tiers or None,
        _currency_options={name: _option(each) for name, each in params.get("currency_options", {}).items()},
    )
    version["lookup_key"] = _key(world, params, version["id"])
    return world.create(version, "price.created")


@route("GET /v1/prices")
def list_all(world: World, params: Params) -> Object:
    keys, recurring = params.get("lookup_keys"), params.get("recurring", {})
    found = [
        each
        for each in matching(world.store.of_kind("price"), params, "active", "currency", "product", "type")
        if (keys is None or each["lookup_key"] in keys)
        and all(inside(each, "recurring", name) == value for name, value in recurring.items())
    ]
    return page_of(found, params, "/v1/prices")


@route("GET /v1/prices/search")
def search(world: World, params: Params) -> Object:
    return searched(world.store.of_kind("price"), params, "/v1/prices/search")


@route("GET /v1/prices/{price}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("price", id)


@route("POST /v1/prices/{price}")
def update(world: World, params: Params, id: str) -> Object:
    price = world.get("price", id)
    changes = patched(price, params, "active", "nickname", "tax_behavior")
    if "lookup_key" in params:
        changes["lookup_key"] = _key(world, params, id)
    if options := params.get("currency_options"):
        changes["_currency_options"] = price["_currency_options"] | {k: _option(v) for k, v in options.items()}
    return world.change(price, "price.updated", **changes)


@includable("price", "tiers")
def tiers(world: World, price: Object) -> Any:
    return world.store.objects[price["id"]]["_tiers"]


@includable("price", "currency_options")
def currency_options(world: World, price: Object) -> Any:
    held = world.store.objects[price["id"]]
    names = ("custom_unit_amount", "tax_behavior", "unit_amount", "unit_amount_decimal")
    return {held["currency"]: {name: held[name] for name in names}, **held["_currency_options"]}


def checked_recurring(world: World, recurring: Object | None) -> Object | None:
    """A metered price names the meter that counts for it."""
    if recurring and recurring.get("usage_type") == "metered":
        if "meter" not in recurring:
            raise invalid("Metered prices need a meter.", "recurring[meter]", "parameter_missing")
        world.get("billing.meter", recurring["meter"], "recurring[meter]")
    return recurring


def _product(world: World, params: Params) -> str:
    if ("product" in params) == ("product_data" in params):
        raise invalid("You must specify either product or product_data.", "product", "parameter_missing")
    if "product" in params:
        return world.get("product", params["product"], "product")["id"]
    data = params["product_data"]
    now = int(world.now)
    version: Object = {
        "id": data.get("id") or world.ids.new("prod"),
        "object": "product",
        "active": data.get("active", True),
        "created": now,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": data.get("metadata", {}),
        "name": data["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": data.get("statement_descriptor"),
        "tax_code": data.get("tax_code"),
        "type": "service",
        "unit_label": data.get("unit_label"),
        "updated": now,
        "url": None,
    }
    return world.create(version, "product.created")["id"]


def _amounts(asked: Object) -> tuple[int | None, str | None]:
    """The amount in whole minor units, where it is whole, and as a decimal."""
    exact: Decimal | None = asked.get("unit_amount_decimal")
    whole: int | None = asked.get("unit_amount")
    if exact is not None:
        return (int(exact) if exact == int(exact) else None), str(exact)
    if whole is not None and whole < 0:
        raise invalid("Invalid non-negative integer", "unit_amount", "parameter_invalid_integer")
    return whole, None if whole is None else str(whole)


def _tier(asked: Object) -> Object:
    amount, decimal = _amounts(asked)
    flat: int | None = asked.get("flat_amount")
    exact: Decimal | None = asked.get("flat_amount_decimal")
    top: object = asked["up_to"]
    text = str(exact) if exact is not None else (None if flat is None else str(flat))
    return {
        "flat_amount": flat,
        "flat_amount_decimal": text,
        "unit_amount": amount,
        "unit_amount_decimal": decimal,
        "up_to": None if top == "inf" else top,
    }


def _option(asked: Object) -> Object:
    amount, decimal = _amounts(asked)
    tiers = [_tier(each) for each in entries(asked, "tiers")]
    tax = asked.get("tax_behavior", "unspecified")
    option: Object = {
        "custom_unit_amount": None,
        "tax_behavior": tax,
        "unit_amount": amount,
        "unit_amount_decimal": decimal,
    }
    return option | ({"tiers": tiers} if tiers else {})


def _key(world: World, params: Params, id: str) -> str | None:
    """A lookup key names one price; it moves only where `transfer_lookup_key` says so."""
    key: str | None = params.get("lookup_key") or None
    for holder in world.store.of_kind("price"):
        if key is not None and holder["lookup_key"] == key and holder["id"] != id:
            if not params.get("transfer_lookup_key"):
                raise invalid(f"A price ({holder['id']}) already uses that lookup key.", "lookup_key")
            world.change(holder, "price.updated", lookup_key=None)
    return key

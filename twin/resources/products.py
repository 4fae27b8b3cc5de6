"""Products and the features they carry: https://docs.stripe.com/api/products and …/product-feature"""

from twin.api.pages import page_of
from twin.api.routes import Params, route
from twin.api.searching import searched
from twin.billing.items import new_price, refuse
from twin.core.errors import invalid
from twin.core.store import Object, shown
from twin.core.world import World
from twin.resources.fields import deleted, given, metadata_of, patched
from twin.resources.prices import checked_recurring

PLAIN = (
    "name",
    "active",
    "description",
    "images",
    "marketing_features",
    "package_dimensions",
    "shippable",
    "statement_descriptor",
    "tax_code",
    "unit_label",
    "url",
)


@route("POST /v1/products")
def create(world: World, params: Params) -> Object:
    refuse(params, "products.create", "tax_details")
    now, id = int(world.now), params.get("id") or world.ids.new("prod")
    if id in world.store.objects:
        raise invalid("Product already exists.", "id", "resource_already_exists")
    version: Object = {
        "id": id,
        "object": "product",
        "active": True,
        "created": now,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": metadata_of({}, params),
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": params.get("type", "service"),
        "unit_label": None,
        "updated": now,
        "url": None,
        **given(params, *PLAIN),
    }
    product = world.create(version, "product.created")
    if data := params.get("default_price_data"):
        refuse(data, "products.create with default_price_data", "custom_unit_amount", "currency_options")
        amount = data.get("unit_amount")
        decimal = str(data.get("unit_amount_decimal", amount))
        recurring = checked_recurring(world, data.get("recurring"))
        price = new_price(world, id, data["currency"], amount, decimal, recurring, metadata=data.get("metadata", {}))
        world.create(price, "price.created")
        product = world.change(product, None, default_price=price["id"])
    return product


@route("GET /v1/products")
def list_all(world: World, params: Params) -> Object:
    wanted = params.get("ids")
    found = [each for each in world.store.of_kind("product") if wanted is None or each["id"] in wanted]
    names = [name for name in ("active", "shippable", "url") if name in params]
    matching = [each for each in found if all(each[name] == params[name] for name in names)]
    return page_of(matching, params, "/v1/products")


@route("GET /v1/products/search")
def search(world: World, params: Params) -> Object:
    return searched(world.store.of_kind("product"), params, "/v1/products/search")


@route("GET /v1/products/{id}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("product", id)


@route("POST /v1/products/{id}")
def update(world: World, params: Params, id: str) -> Object:
    product = world.get("product", id)
    changes = patched(product, params, *PLAIN)
    if "default_price" in params:
        changes["default_price"] = world.get("price", params["default_price"], "default_price")["id"]
    return world.change(product, "product.updated", **changes, updated=int(world.now))


@route("DELETE /v1/products/{id}")
def delete(world: World, _params: Params, id: str) -> Object:
    product = world.get("product", id)
    if any(world.store.children("price", "product", id)):
        raise invalid("This product cannot be deleted because it has one or more user-created prices.")
    world.delete(product, "product.deleted")
    return deleted(product)


@route("POST /v1/products/{product}/features")
def add_feature(world: World, params: Params, product: str) -> Object:
    world.get("product", product)
    feature = world.get("entitlements.feature", params["entitlement_feature"], "entitlement_feature")
    held = list(world.store.children("product_feature", "product", product))
    if any(each["entitlement_feature"]["id"] == feature["id"] for each in held):
        raise invalid("This feature is already attached to the product.", "entitlement_feature")
    version: Object = {
        "id": world.ids.new("prodft"),
        "object": "product_feature",
        "entitlement_feature": shown(feature),
        "livemode": False,
        "_product": product,
    }
    return world.create(version)


@route("GET /v1/products/{product}/features")
def list_features(world: World, params: Params, product: str) -> Object:
    world.get("product", product)
    found = world.store.children("product_feature", "product", product)
    return page_of(found, params, f"/v1/products/{product}/features")


@route("GET /v1/products/{product}/features/{id}")
def retrieve_feature(world: World, _params: Params, product: str, id: str) -> Object:
    world.get("product", product)
    return world.get("product_feature", id)


@route("DELETE /v1/products/{product}/features/{id}")
def delete_feature(world: World, _params: Params, _product: str, id: str) -> Object:
    held = world.get("product_feature", id)
    world.delete(held)
    return deleted(held)

"""Entitlements: https://docs.stripe.com/billing/entitlements

A product's features reach a subscription when it is next changed or renewed, not at once; a pause takes none away.
"""

from twin.api.pages import list_of, page_of
from twin.api.routes import Params, route
from twin.core.errors import invalid
from twin.core.ids import spelled
from twin.core.store import Object, shown
from twin.core.world import World, settler
from twin.resources.fields import metadata_of, patched, required

ENTITLING = ("trialing", "active", "past_due", "paused")


@route("POST /v1/entitlements/features")
def create(world: World, params: Params) -> Object:
    required(params, "lookup_key", "name")
    if any(each["lookup_key"] == params["lookup_key"] for each in world.store.of_kind("entitlements.feature")):
        raise invalid(f"A feature with lookup_key {params['lookup_key']} already exists.", "lookup_key")
    version: Object = {
        "id": world.ids.new("feat"),
        "object": "entitlements.feature",
        "active": True,
        "livemode": False,
        "lookup_key": params["lookup_key"],
        "metadata": metadata_of({}, params),
        "name": params["name"],
    }
    return world.create(version)


@route("GET /v1/entitlements/features")
def list_all(world: World, params: Params) -> Object:
    asked = {name: params[name] for name in ("lookup_key",) if name in params}
    if "archived" in params:
        asked["active"] = not params["archived"]
    found = world.store.of_kind("entitlements.feature")
    kept = [each for each in found if all(each[name] == value for name, value in asked.items())]
    return page_of(kept, params, "/v1/entitlements/features")


@route("GET /v1/entitlements/features/{id}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("entitlements.feature", id)


@route("POST /v1/entitlements/features/{id}")
def update(world: World, params: Params, id: str) -> Object:
    feature = world.get("entitlements.feature", id)
    return world.change(feature, None, **patched(feature, params, "active", "name"))


@route("GET /v1/entitlements/active_entitlements")
def list_active(world: World, params: Params) -> Object:
    required(params, "customer")
    world.get("customer", params["customer"], "customer")
    found = world.store.children("entitlements.active_entitlement", "customer", params["customer"])
    return page_of(found, params, "/v1/entitlements/active_entitlements")


@route("GET /v1/entitlements/active_entitlements/{id}")
def retrieve_active(world: World, _params: Params, id: str) -> Object:
    return world.get("entitlements.active_entitlement", id)


def features_of(world: World, customer: str) -> dict[str, Object]:
    """The features of the products that the customer's subscriptions hold, by id."""
    found: dict[str, Object] = {}
    for subscription in world.store.children("subscription", "customer", customer):
        if subscription["status"] in ENTITLING:
            for item in subscription["items"]["data"]:
                for held in world.store.children("product_feature", "product", item["price"]["product"]):
                    found[held["entitlement_feature"]["id"]] = held["entitlement_feature"]
    return found


@settler
def settle(world: World, customers: set[str]) -> None:
    """Brings active entitlements in line, and tells of the summary where they changed."""
    for customer in sorted(customers):
        wanted = features_of(world, customer)
        held = {
            each["feature"]: each
            for each in world.store.children("entitlements.active_entitlement", "customer", customer)
        }
        if wanted.keys() == held.keys():
            continue
        before = _summary(held)
        for id in held.keys() - wanted.keys():
            world.store.delete(held.pop(id)["id"], world.now)
        for id in sorted(wanted.keys() - held.keys()):
            held[id] = world.create(_entitlement(customer, wanted[id]))
        holder = world.store.objects.get(customer)
        clock = holder["test_clock"] if holder else None
        url = f"/v1/customer/{customer}/entitlements"
        summary: Object = {
            "object": "entitlements.active_entitlement_summary",
            "customer": customer,
            "entitlements": list_of(_summary(held), url),
            "livemode": False,
            "_clock": clock,
        }
        world.tell("entitlements.active_entitlement_summary.updated", summary, {"entitlements": {"data": before}})


def _summary(held: dict[str, Object]) -> list[Object]:
    every = sorted(held.values(), key=lambda each: each["lookup_key"])
    return [shown(each) for each in every]


def _entitlement(customer: str, feature: Object) -> Object:
    return {
        "id": f"ent_{spelled(customer + feature['id'], 24)}",
        "object": "entitlements.active_entitlement",
        "_customer": customer,
        "feature": feature["id"],
        "livemode": False,
        "lookup_key": feature["lookup_key"],
    }

"""Subscription items: https://docs.stripe.com/api/subscription_items. They live inside their subscription."""

from twin.api.pages import page_of
from twin.api.routes import Params, route
from twin.billing.changing import update as update_subscription
from twin.core.errors import missing_object
from twin.core.store import Object
from twin.core.world import World
from twin.resources.fields import required

OF_SUBSCRIPTION = ("payment_behavior", "proration_behavior", "proration_date", "off_session")


def _holder(world: World, id: str) -> tuple[Object, Object]:
    for subscription in world.store.of_kind("subscription"):
        for item in subscription["items"]["data"]:
            if item["id"] == id:
                return subscription, item
    raise missing_object("subscription_item", id)


def _parted(params: Params) -> tuple[Params, Params]:
    """What concerns the item, and what the subscription's change."""
    change = {name: params[name] for name in OF_SUBSCRIPTION if name in params}
    return {k: v for k, v in params.items() if k not in change and k not in ("expand", "subscription")}, change


@route("POST /v1/subscription_items")
def create(world: World, params: Params) -> Object:
    required(params, "subscription")
    subscription = world.get("subscription", params["subscription"], "subscription")
    known = {item["id"] for item in subscription["items"]["data"]}
    item, change = _parted(params)
    after = update_subscription(world, subscription, change | {"items": [item]})
    return next(each for each in after["items"]["data"] if each["id"] not in known)


@route("GET /v1/subscription_items")
def list_all(world: World, params: Params) -> Object:
    required(params, "subscription")
    subscription = world.get("subscription", params["subscription"], "subscription")
    return page_of(subscription["items"]["data"], params, "/v1/subscription_items", newest_first=False)


@route("GET /v1/subscription_items/{item}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return _holder(world, id)[1]


@route("POST /v1/subscription_items/{item}")
def update(world: World, params: Params, id: str) -> Object:
    subscription, _ = _holder(world, id)
    item, change = _parted(params)
    update_subscription(world, subscription, change | {"items": [{"id": id, **item}]})
    return _holder(world, id)[1]


@route("DELETE /v1/subscription_items/{item}")
def delete(world: World, params: Params, id: str) -> Object:
    subscription, _ = _holder(world, id)
    _, change = _parted(params)
    update_subscription(world, subscription, change | {"items": [{"id": id, "deleted": True}]})
    return {"id": id, "object": "subscription_item", "deleted": True}

"""Test clocks: https://docs.stripe.com/billing/testing/test-clocks"""

from twin.api.routes import Params, route
from twin.billing.items import cycle_of
from twin.billing.standing import RUNNING
from twin.core.errors import ApiError, invalid
from twin.core.settings import DAY
from twin.core.store import Object
from twin.core.world import World
from twin.money.periods import longest_step
from twin.resources.fields import deleted, listing

KIND = "test_helpers.test_clock"


@route("POST /v1/test_helpers/test_clocks")
def create(world: World, params: Params) -> Object:
    now = int(world.now)
    version: Object = {
        "id": world.ids.new("clock"),
        "object": KIND,
        "created": now,
        "deletes_after": now + 30 * DAY,
        "frozen_time": params["frozen_time"],
        "livemode": False,
        "name": params.get("name"),
        "status": "ready",
        "status_details": {},
    }
    return world.create(version, "test_helpers.test_clock.created")


@route("GET /v1/test_helpers/test_clocks")
def list_all(world: World, params: Params) -> Object:
    return listing(world, KIND, params, "/v1/test_helpers/test_clocks")


@route("GET /v1/test_helpers/test_clocks/{test_clock}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get(KIND, id)


@route("DELETE /v1/test_helpers/test_clocks/{test_clock}")
def delete(world: World, _params: Params, id: str) -> Object:
    """Its customers go with it, with all that is theirs."""
    clock = world.get(KIND, id)
    for version in list(world.store.objects.values()):
        if id in (version.get("test_clock"), version.get("_clock")) and version["object"] != "event":
            world.store.delete(version["id"], world.now)
    world.delete(clock, "test_helpers.test_clock.deleted")
    return deleted(clock)


@route("POST /v1/test_helpers/test_clocks/{test_clock}/advance")
def advance(world: World, params: Params, id: str) -> Object:
    """All that is due until then happens before the answer, which still says `advancing`, as Stripe's does."""
    clock = world.get(KIND, id)
    to: int = params["frozen_time"]
    if to <= clock["frozen_time"]:
        raise invalid("The frozen time must be later than the test clock's.", "frozen_time")
    shortest = min((_two_intervals(each) for each in _subscriptions(world, id)), default=None)
    if shortest is not None and to > clock["frozen_time"] + shortest:
        raise ApiError(
            400,
            "invalid_request_error",
            "You can only advance a test clock by two intervals of its shortest subscription at a time.",
            param="frozen_time",
        )
    world.tell("test_helpers.test_clock.advancing", clock | {"status": "advancing"})
    world.run_due(id, to)
    world.move(id, to)
    world.tell("test_helpers.test_clock.ready", world.get(KIND, id))
    return world.get(KIND, id) | {"status": "advancing"}


def _subscriptions(world: World, clock: str) -> list[Object]:
    every = world.store.of_kind("subscription")
    return [each for each in every if each["test_clock"] == clock and each["status"] in RUNNING]


def _two_intervals(subscription: Object) -> int:
    return longest_step(*cycle_of(subscription["items"]["data"]))

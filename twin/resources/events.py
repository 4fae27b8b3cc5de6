"""Events: https://docs.stripe.com/api/events. Kept for 30 days."""

from fnmatch import fnmatchcase

from twin.api.pages import page_of, within
from twin.api.routes import Params, route
from twin.core.errors import invalid, missing_object
from twin.core.settings import DAY
from twin.core.store import Object
from twin.core.world import World

KEPT_SECONDS = 30 * DAY


@route("GET /v1/events")
def list_all(world: World, params: Params) -> Object:
    """Newest first; `types` up to 20, each may end in `*`; `delivery_success` says whether every endpoint took it."""
    types = params.get("types") or ([params["type"]] if "type" in params else None)
    if types and len(types) > 20:
        raise invalid("You may pass up to 20 types.", "types")
    wanted = params.get("delivery_success")
    found = [
        each
        for each in world.store.of_kind("event")
        if _kept(world, each)
        and within(each["created"], params.get("created"))
        and (types is None or any(fnmatchcase(each["type"], type) for type in types))
        and (wanted is None or (each["pending_webhooks"] == 0) == wanted)
    ]
    return page_of(found, params, "/v1/events")


@route("GET /v1/events/{id}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    event = world.get("event", id)
    if not _kept(world, event):
        raise missing_object("event", id)
    return event


def _kept(world: World, event: Object) -> bool:
    return event["_moment"] > world.now - KEPT_SECONDS

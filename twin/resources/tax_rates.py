"""Tax rates: https://docs.stripe.com/api/tax_rates"""

from twin.api.routes import Params, route
from twin.billing.taxes import new_rate
from twin.core.store import Object
from twin.core.world import World
from twin.resources.fields import given, listing, metadata_of, patched, required

PLAIN = ("active", "country", "description", "display_name", "jurisdiction", "state", "tax_type")


@route("POST /v1/tax_rates")
def create(world: World, params: Params) -> Object:
    required(params, "display_name", "percentage", "inclusive")
    id = world.ids.new("txr")
    more = given(params, *PLAIN, "inclusive") | {"metadata": metadata_of({}, params)}
    rate = new_rate(world, id, params["display_name"], params["percentage"])
    return world.create(rate | more, "tax_rate.created")


@route("GET /v1/tax_rates")
def list_all(world: World, params: Params) -> Object:
    return listing(world, "tax_rate", params, "/v1/tax_rates", "active", "inclusive")


@route("GET /v1/tax_rates/{tax_rate}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("tax_rate", id)


@route("POST /v1/tax_rates/{tax_rate}")
def update(world: World, params: Params, id: str) -> Object:
    held = world.get("tax_rate", id)
    return world.change(held, "tax_rate.updated", **patched(held, params, *PLAIN))

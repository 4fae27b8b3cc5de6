"""Webhook endpoints: https://docs.stripe.com/api/webhook_endpoints. The secret is shown once, when it is made."""

from twin.api.routes import Params, route
from twin.billing.items import refuse
from twin.core.errors import invalid, unimplemented
from twin.core.settings import API_VERSION
from twin.core.store import Object
from twin.core.world import World
from twin.resources.fields import deleted, given, listing, metadata_of, patched, required


@route("POST /v1/webhook_endpoints")
def create(world: World, params: Params) -> Object:
    required(params, "url", "enabled_events")
    refuse(params, "webhook_endpoints.create", "connect")
    if params.get("api_version", API_VERSION) != API_VERSION:
        raise unimplemented(f"events in API version {params['api_version']}: it renders {API_VERSION} alone")
    _check_url(params["url"])
    secret = world.ids.new("whsec")
    version: Object = {
        "id": world.ids.new("we"),
        "object": "webhook_endpoint",
        "api_version": params.get("api_version"),
        "application": None,
        "created": int(world.now),
        "description": None,
        "enabled_events": params["enabled_events"],
        "livemode": False,
        "metadata": metadata_of({}, params),
        "status": "enabled",
        "url": params["url"],
        **given(params, "description"),
        "_secret": secret,
    }
    return world.create(version) | {"secret": secret}


@route("GET /v1/webhook_endpoints")
def list_all(world: World, params: Params) -> Object:
    return listing(world, "webhook_endpoint", params, "/v1/webhook_endpoints")


@route("GET /v1/webhook_endpoints/{webhook_endpoint}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("webhook_endpoint", id)


@route("POST /v1/webhook_endpoints/{webhook_endpoint}")
def update(world: World, params: Params, id: str) -> Object:
    endpoint = world.get("webhook_endpoint", id)
    changes = patched(endpoint, params, "description", "enabled_events", "url")
    if "url" in changes:
        _check_url(changes["url"])
    if "disabled" in params:
        changes["status"] = "disabled" if params["disabled"] else "enabled"
    return world.change(endpoint, None, **changes)


@route("DELETE /v1/webhook_endpoints/{webhook_endpoint}")
def delete(world: World, _params: Params, id: str) -> Object:
    endpoint = world.get("webhook_endpoint", id)
    world.delete(endpoint)
    return deleted(endpoint)


def _check_url(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise invalid("Invalid URL: URL must begin with http:// or https://.", "url", "url_invalid")

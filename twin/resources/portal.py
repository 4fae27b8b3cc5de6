"""The customer portal: https://docs.stripe.com/customer-management. Its page is in `pages`."""

from typing import Any

from twin.api.routes import Params, route
from twin.billing.items import refuse
from twin.core.store import Object, entries
from twin.core.world import World
from twin.resources.fields import listing, metadata_of, patched, required

SESSION, CONFIGURATION = "billing_portal.session", "billing_portal.configuration"
DEFAULTS: Object = {
    "customer_update": {"allowed_updates": ["email", "tax_id"], "enabled": True},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "options": ["too_expensive", "unused", "other"]},
        "enabled": True,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {"duration": {"interval_options": [], "type": "indefinite"}, "enabled": False},
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": [],
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}


@route("POST /v1/billing_portal/configurations")
def create_configuration(world: World, params: Params) -> Object:
    refuse(params, "billing_portal.configurations.create", "login_page")
    return _configure(world, params, is_default=False)


def _configure(world: World, params: Params, *, is_default: bool) -> Object:
    now = int(world.now)
    profile: Object = params.get("business_profile", {})
    version: Object = {
        "id": world.ids.new("bpc"),
        "object": CONFIGURATION,
        "active": True,
        "application": None,
        "business_profile": {
            name: profile.get(name) for name in ("headline", "privacy_policy_url", "terms_of_service_url")
        },
        "created": now,
        "default_return_url": params.get("default_return_url"),
        "features": _features(DEFAULTS, params),
        "is_default": is_default,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": metadata_of({}, params),
        "name": params.get("name"),
        "updated": now,
    }
    return world.create(version, "billing_portal.configuration.created")


def _features(held: Object, params: Params) -> Object:
    asked: Object = params.get("features", {})
    merged = {name: held[name] | asked.get(name, {}) for name in held}
    update = merged["subscription_update"]
    products = [
        {"adjustable_quantity": {"enabled": False, "maximum": None, "minimum": 0}, **each}
        for each in entries(update, "products")
    ]
    return merged | {"subscription_update": update | {"products": products}}


@route("GET /v1/billing_portal/configurations")
def list_configurations(world: World, params: Params) -> Object:
    return listing(world, CONFIGURATION, params, "/v1/billing_portal/configurations", "active", "is_default")


@route("GET /v1/billing_portal/configurations/{configuration}")
def retrieve_configuration(world: World, _params: Params, id: str) -> Object:
    return world.get(CONFIGURATION, id)


@route("POST /v1/billing_portal/configurations/{configuration}")
def update_configuration(world: World, params: Params, id: str) -> Object:
    refuse(params, "billing_portal.configurations.update", "login_page")
    held = world.get(CONFIGURATION, id)
    changes = patched(held, params, "active", "default_return_url", "name")
    if "features" in params:
        changes["features"] = _features(held["features"], params)
    if "business_profile" in params:
        changes["business_profile"] = held["business_profile"] | params["business_profile"]
    return world.change(held, "billing_portal.configuration.updated", **changes, updated=int(world.now))


@route("POST /v1/billing_portal/sessions")
def create(world: World, params: Params) -> Object:
    refuse(params, "billing_portal.sessions.create", "flow_data", "on_behalf_of")
    required(params, "customer")
    customer = world.get("customer", params["customer"], "customer")
    named = params.get("configuration")
    configuration = world.get(CONFIGURATION, named, "configuration") if named else _default(world)
    id = world.ids.new("bps")
    version: Object = {
        "id": id,
        "object": SESSION,
        "after_expiration": None,
        "configuration": configuration["id"],
        "created": world.time_of(customer),
        "customer": customer["id"],
        "customer_account": None,
        "flow": None,
        "livemode": False,
        "locale": params.get("locale"),
        "on_behalf_of": None,
        "return_url": params.get("return_url") or configuration["default_return_url"],
        "url": f"{world.links}/portal/{id}",
        "_clock": customer["test_clock"],
    }
    return world.create(version, "billing_portal.session.created")


def _default(world: World) -> Any:
    held = (each for each in world.store.of_kind(CONFIGURATION) if each["is_default"])
    return next(held, None) or _configure(world, {}, is_default=True)

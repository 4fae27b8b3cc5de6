"""SetupIntents: https://docs.stripe.com/api/setup_intents"""

from twin.api.routes import Params, route
from twin.billing.items import refuse
from twin.core.errors import invalid
from twin.core.store import Object
from twin.core.world import World
from twin.payments.setups import confirm_setup, new_setup, setup_error
from twin.resources.fields import given, listing, metadata_of, patched
from twin.resources.payment_methods import named_method

UNSUPPORTED = ("attach_to_self", "flow_directions", "on_behalf_of", "payment_method_data", "single_use", "mandate_data")


@route("POST /v1/setup_intents")
def create(world: World, params: Params) -> Object:
    refuse(params, "setup_intents.create", *UNSUPPORTED)
    customer = world.get("customer", params["customer"], "customer") if "customer" in params else None
    intent = new_setup(
        world,
        customer["id"] if customer else None,
        customer["test_clock"] if customer else None,
        **given(params, "description", "usage"),
        metadata=metadata_of({}, params),
        _return_url=params.get("return_url"),
    )
    if method := params.get("payment_method"):
        held = named_method(world, method, "payment_method")
        intent = world.change(intent, None, status="requires_confirmation", payment_method=held["id"])
    return _confirmed(world, intent, params) if params.get("confirm") else intent


@route("GET /v1/setup_intents")
def list_all(world: World, params: Params) -> Object:
    return listing(world, "setup_intent", params, "/v1/setup_intents", "customer", "payment_method")


@route("GET /v1/setup_intents/{intent}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("setup_intent", id)


@route("POST /v1/setup_intents/{intent}")
def update(world: World, params: Params, id: str) -> Object:
    refuse(params, "setup_intents.update", *UNSUPPORTED)
    intent = world.get("setup_intent", id)
    changes = patched(intent, params, "description", "customer")
    if method := params.get("payment_method"):
        changes |= {
            "payment_method": named_method(world, method, "payment_method")["id"],
            "status": "requires_confirmation",
        }
    return world.change(intent, None, **changes)


@route("POST /v1/setup_intents/{intent}/confirm")
def confirm(world: World, params: Params, id: str) -> Object:
    refuse(params, "setup_intents.confirm", *UNSUPPORTED)
    return _confirmed(world, world.get("setup_intent", id), params)


def _confirmed(world: World, intent: Object, params: Params) -> Object:
    name = params.get("payment_method") or intent["payment_method"]
    if not name:
        raise invalid(
            "You cannot confirm this SetupIntent because it's missing a payment method.",
            code="setup_intent_unexpected_state",
        )
    intent = world.change(intent, None, _return_url=params.get("return_url", intent["_return_url"]))
    intent = confirm_setup(world, intent, named_method(world, name, "payment_method"))
    if intent["status"] == "requires_payment_method":
        raise setup_error(intent)
    return intent


@route("POST /v1/setup_intents/{intent}/cancel")
def cancel(world: World, params: Params, id: str) -> Object:
    intent = world.get("setup_intent", id)
    if intent["status"] in ("succeeded", "canceled"):
        raise invalid(
            f"You cannot cancel this SetupIntent: its status is {intent['status']}.",
            code="setup_intent_unexpected_state",
        )
    intent = world.change(
        intent, None, status="canceled", next_action=None, cancellation_reason=params.get("cancellation_reason")
    )
    world.tell("setup_intent.canceled", intent)
    return intent

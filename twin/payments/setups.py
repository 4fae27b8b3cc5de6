"""SetupIntents: https://docs.stripe.com/payments/setup-intents"""

from typing import Any

from twin.core.errors import ApiError, invalid
from twin.core.store import Object
from twin.core.world import World
from twin.payments.cards import behavior_of, message_for


def new_setup(world: World, customer: str | None, clock: str | None, **more: Any) -> Object:
    id = world.ids.new("seti")
    version: Object = {
        "id": id,
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{id}_secret_{world.ids.text('secret')}",
        "created": world.at(clock),
        "customer": customer,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card", "sepa_debit"],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": "off_session",
        "_clock": clock,
        "_return_url": None,
    }
    return world.create(version | more, "setup_intent.created")


def confirm_setup(world: World, intent: Object, method: Object, *, authenticated: bool = False) -> Object:
    """Attaches the method to the intent's customer, after 3-D Secure where the card asks for it."""
    behavior = behavior_of(method)
    if intent["status"] in ("succeeded", "canceled"):
        raise invalid(f"This SetupIntent has a status of {intent['status']}.", code="setup_intent_unexpected_state")
    if behavior.authenticate != "never" and not authenticated:
        url = f"{world.links}/authenticate/{intent['id']}"
        action = {"type": "redirect_to_url", "redirect_to_url": {"return_url": intent["_return_url"], "url": url}}
        intent = world.change(intent, status="requires_action", payment_method=method["id"], next_action=action)
        world.tell("setup_intent.requires_action", intent)
        return intent
    if not behavior.attaches:
        return _refused(world, intent, behavior.decline, behavior.decline_code, message_for(behavior))
    if intent["customer"] and method["customer"] is None:
        method = attach_method(world, method, intent["customer"])
    world.change(method, None, _set_up=True)
    changes = {"status": "succeeded", "payment_method": method["id"], "next_action": None, "last_setup_error": None}
    intent = world.change(intent, **changes)
    world.tell("setup_intent.succeeded", intent)
    return intent


def authenticate_setup(world: World, intent: Object, *, passes: bool = True) -> Object:
    if intent["status"] != "requires_action":
        raise invalid(f"{intent['id']} does not wait for authentication: its status is {intent['status']}.")
    if not passes:
        message = "The provided PaymentMethod has failed authentication."
        return _refused(world, intent, "setup_intent_authentication_failure", None, message)
    method = world.get("payment_method", intent["payment_method"])
    return confirm_setup(world, intent, method, authenticated=True)


def setup_error(intent: Object) -> ApiError:
    """402 with what the intent says."""
    failure: Object = intent["last_setup_error"]
    fields = {name: failure[name] for name in ("code", "decline_code") if failure.get(name)}
    return ApiError(402, "card_error", failure["message"], keeps=True, **fields, setup_intent={"id": intent["id"]})


def attach_method(world: World, method: Object, customer: str) -> Object:
    """https://docs.stripe.com/api/payment_methods/attach; a card that refuses verification is refused with 402."""
    behavior = behavior_of(method)
    if not behavior.attaches:
        fields: Object = {"code": behavior.decline, "decline_code": behavior.decline_code}
        raise ApiError(402, "card_error", message_for(behavior), **{k: v for k, v in fields.items() if v})
    if method["customer"] not in (None, customer):
        raise invalid(
            "The payment method you provided has already been attached to a customer.",
            "payment_method",
            "payment_method_unexpected_state",
        )
    clock = world.get("customer", customer)["test_clock"]
    method = world.change(method, None, customer=customer, _clock=clock)
    world.tell("payment_method.attached", method)
    return method


def _refused(world: World, intent: Object, code: str | None, why: str | None, message: str) -> Object:
    failure = {"type": "card_error", "code": code, "decline_code": why, "message": message}
    changes = {"status": "requires_payment_method", "payment_method": None, "next_action": None}
    intent = world.change(intent, **changes, last_setup_error=failure)
    world.tell("setup_intent.setup_failed", intent)
    return intent

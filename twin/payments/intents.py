"""PaymentIntents: https://docs.stripe.com/payments/paymentintents/lifecycle

`settled` functions hear of every outcome; an intent that pays an invoice names it in `_invoice`.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from twin.core.errors import ApiError, invalid
from twin.core.store import Object
from twin.core.world import World, timer
from twin.payments.cards import Behavior, behavior_of, message_for
from twin.payments.charges import charge, settle_charge

SETTLED: list[Callable[[World, Object], None]] = []


def settled(run: Callable[[World, Object], None]) -> Callable[[World, Object], None]:
    """Declares who hears that an intent succeeded, failed, waits for the customer or for the bank."""
    SETTLED.append(run)
    return run


def new_intent(
    world: World, amount: int, currency: str, customer: str | None, clock: str | None, **more: Any
) -> Object:
    id = world.ids.new("pi")
    version: Object = {
        "id": id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{id}_secret_{world.ids.text('secret')}",
        "confirmation_method": "automatic",
        "created": world.at(clock),
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "managed_payments": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card", "sepa_debit"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
        "_clock": clock,
        "_invoice": None,
        "_return_url": None,
    }
    return world.create(version | more, "payment_intent.created")


def confirm(world: World, intent: Object, method: Object, *, authenticated: bool = False) -> Object:
    """Tries to take the money. The answer is the intent's new state; a refusal is no exception here."""
    behavior = refusing(method, world.time_of(intent))
    if not authenticated and _asks_customer(behavior, method):
        url = f"{world.links}/authenticate/{intent['id']}"
        action = {"type": "redirect_to_url", "redirect_to_url": {"return_url": intent["_return_url"], "url": url}}
        intent = world.change(intent, status="requires_action", payment_method=method["id"], next_action=action)
        world.tell("payment_intent.requires_action", intent)
        return _done(world, intent)
    if behavior.type == "sepa_debit":
        return _done(world, _await_bank(world, intent, method))
    if behavior.decline:
        made = charge(world, intent, method, declined=behavior)
        return _done(world, _refused(world, intent, behavior, made["id"], method))
    made = charge(world, intent, method, declined=None)
    if intent["setup_future_usage"] or authenticated:
        world.change(method, _set_up=True)
    return _done(world, _succeeded(world, intent, made, method["id"]))


def fail_authentication(world: World, intent: Object) -> Object:
    """The customer did not pass 3-D Secure, or went away from it."""
    code = "payment_intent_authentication_failure"
    message = "The provided PaymentMethod has failed authentication."
    failure = {"type": "invalid_request_error", "code": code, "message": message}
    changes = {"status": "requires_payment_method", "payment_method": None, "next_action": None}
    intent = world.change(intent, **changes, last_payment_error=failure)
    world.tell("payment_intent.payment_failed", intent)
    return _done(world, intent)


def authenticate(world: World, intent: Object, *, passes: bool = True) -> Object:
    """What the customer does on the bank's page. Raises ApiError unless the intent waits for it."""
    if intent["status"] != "requires_action":
        raise invalid(f"{intent['id']} does not wait for authentication: its status is {intent['status']}.")
    if not passes:
        return fail_authentication(world, intent)
    method = world.get("payment_method", intent["payment_method"])
    return confirm(world, world.change(intent, next_action=None), method, authenticated=True)


def cancel_intent(world: World, intent: Object, reason: str | None) -> Object:
    if intent["status"] in ("succeeded", "canceled", "processing"):
        raise invalid(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    changes = {"status": "canceled", "canceled_at": world.time_of(intent), "next_action": None}
    intent = world.change(intent, **changes, cancellation_reason=reason)
    world.tell("payment_intent.canceled", intent)
    return intent


def card_error(intent: Object, *, keeps: bool = True) -> ApiError:
    """402 with what the intent says; what the attempt left behind stays, unless told otherwise."""
    failure: Object = intent["last_payment_error"]
    fields = {name: failure[name] for name in ("code", "decline_code") if failure.get(name)}
    return ApiError(402, "card_error", failure["message"], keeps=keeps, **fields, payment_intent={"id": intent["id"]})


def refusing(method: Object, at: int) -> Behavior:
    """The method's behavior now: an expired card refuses whatever it did before."""
    behavior = behavior_of(method)
    if behavior.type != "card":
        return behavior
    card = method["card"]
    now = datetime.fromtimestamp(at, UTC)
    if (now.year, now.month) > (card["exp_year"], card["exp_month"]):
        return Behavior(behavior.last4, "expired_card")
    return behavior


def _asks_customer(behavior: Behavior, method: Object) -> bool:
    asked = behavior.authenticate
    return asked == "always" or (asked in ("unless_set_up", "on_session") and not method["_set_up"])


def _await_bank(world: World, intent: Object, method: Object) -> Object:
    made = charge(world, intent, method, declined=None, pending=True)
    at = world.time_of(intent) + world.account.sepa_seconds
    changes = {"status": "processing", "payment_method": method["id"], "latest_charge": made["id"]}
    intent = world.change(intent, **changes, last_payment_error=None, _settles_at=at)
    world.tell("payment_intent.processing", intent)
    return intent


def _refused(world: World, intent: Object, behavior: Behavior, charge_id: str, method: Object) -> Object:
    failure = {
        "type": "card_error",
        "charge": charge_id,
        "code": behavior.decline,
        "decline_code": behavior.decline_code,
        "message": message_for(behavior),
        "payment_method": {name: value for name, value in method.items() if name[0] != "_"},
    }
    changes = {"status": "requires_payment_method", "payment_method": None, "latest_charge": charge_id}
    intent = world.change(intent, **changes, last_payment_error=failure, next_action=None, _settles_at=None)
    world.tell("payment_intent.payment_failed", intent)
    return intent


def _succeeded(world: World, intent: Object, made: Object, method_id: str) -> Object:
    changes = {"status": "succeeded", "amount_received": intent["amount"], "latest_charge": made["id"]}
    clean = {"last_payment_error": None, "next_action": None, "_settles_at": None}
    intent = world.change(intent, **changes, **clean, payment_method=method_id)
    world.tell("payment_intent.succeeded", intent)
    return intent


def _done(world: World, intent: Object) -> Object:
    for run in SETTLED:
        run(world, intent)
    return world.store.objects[intent["id"]]


@timer("payment_intent", lambda intent: intent.get("_settles_at"))
def bank_answers(world: World, intent: Object) -> None:
    """A direct debit's result, days later: https://docs.stripe.com/payments/sepa-debit"""
    method = world.get("payment_method", intent["payment_method"])
    behavior = behavior_of(method)
    refused = behavior if behavior.decline else None
    made = settle_charge(world, world.get("charge", intent["latest_charge"]), refused)
    if refused:
        _done(world, _refused(world, intent, behavior, made["id"], method))
    else:
        _done(world, _succeeded(world, intent, made, method["id"]))

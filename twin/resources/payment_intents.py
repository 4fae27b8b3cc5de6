"""PaymentIntents and what they leave behind: https://docs.stripe.com/api/payment_intents, …/charges"""

from twin.api.expansion import includable
from twin.api.pages import list_of
from twin.api.routes import Params, route
from twin.api.searching import searched
from twin.billing.items import refuse
from twin.core.errors import invalid
from twin.core.store import Object, shown
from twin.core.world import World
from twin.payments.intents import cancel_intent, card_error, confirm, new_intent
from twin.payments.setups import attach_method
from twin.resources.fields import given, listing, metadata_of, patched, required
from twin.resources.payment_methods import named_method

PLAIN = ("description", "receipt_email", "setup_future_usage", "statement_descriptor", "transfer_group", "shipping")
UNSUPPORTED = ("application_fee_amount", "transfer_data", "on_behalf_of", "payment_method_data", "mandate_data")
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


@route("POST /v1/payment_intents")
def create(world: World, params: Params) -> Object:
    refuse(params, "payment_intents.create", *UNSUPPORTED)
    required(params, "amount", "currency")
    if params["amount"] < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    if params.get("capture_method", "automatic") == "manual":
        refuse(params, "payment_intents.create", "capture_method")
    customer = world.get("customer", params["customer"], "customer") if "customer" in params else None
    automatic = params.get("automatic_payment_methods")
    intent = new_intent(
        world,
        params["amount"],
        params["currency"].lower(),
        customer["id"] if customer else None,
        customer["test_clock"] if customer else None,
        **given(params, *PLAIN),
        metadata=metadata_of({}, params),
        automatic_payment_methods=automatic and {"allow_redirects": "always", **automatic},
        _return_url=params.get("return_url"),
    )
    if method := params.get("payment_method"):
        held = named_method(world, method, "payment_method")
        intent = world.change(intent, None, status="requires_confirmation", payment_method=held["id"])
    return _confirmed(world, intent, params) if params.get("confirm") else intent


@route("GET /v1/payment_intents")
def list_all(world: World, params: Params) -> Object:
    return listing(world, "payment_intent", params, "/v1/payment_intents", "customer")


@route("GET /v1/payment_intents/search")
def search(world: World, params: Params) -> Object:
    return searched(world.store.of_kind("payment_intent"), params, "/v1/payment_intents/search")


@route("GET /v1/payment_intents/{intent}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("payment_intent", id)


@route("POST /v1/payment_intents/{intent}")
def update(world: World, params: Params, id: str) -> Object:
    refuse(params, "payment_intents.update", *UNSUPPORTED)
    intent = world.get("payment_intent", id)
    if intent["status"] not in OPEN and params.keys() - {"metadata", "description", "expand"}:
        raise invalid(
            f"This PaymentIntent could not be updated: its status is {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    changes = patched(intent, params, *PLAIN, "amount", "currency", "customer")
    if method := params.get("payment_method"):
        changes |= {
            "payment_method": named_method(world, method, "payment_method")["id"],
            "status": "requires_confirmation",
        }
    return world.change(intent, None, **changes)


@route("POST /v1/payment_intents/{intent}/confirm")
def confirm_it(world: World, params: Params, id: str) -> Object:
    refuse(params, "payment_intents.confirm", *UNSUPPORTED)
    intent = world.get("payment_intent", id)
    if intent["status"] not in OPEN:
        raise invalid(
            f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    return _confirmed(world, intent, params)


def _confirmed(world: World, intent: Object, params: Params) -> Object:
    name = params.get("payment_method") or intent["payment_method"]
    if not name:
        raise invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    method = named_method(world, name, "payment_method")
    saves = params.get("setup_future_usage") or intent["setup_future_usage"]
    if saves and intent["customer"] and method["customer"] is None:
        method = attach_method(world, method, intent["customer"])
    intent = world.change(intent, None, _return_url=params.get("return_url", intent["_return_url"]))
    intent = confirm(world, intent, method)
    off_session = params.get("off_session") is True and intent["status"] == "requires_action"
    if off_session:
        message = "Your card was declined. This transaction requires authentication."
        failure = {
            "type": "card_error",
            "code": "authentication_required",
            "decline_code": "authentication_required",
            "message": message,
        }
        intent = world.change(
            intent, None, status="requires_payment_method", next_action=None, last_payment_error=failure
        )
    if intent["status"] == "requires_payment_method":
        raise card_error(intent)
    return intent


@route("POST /v1/payment_intents/{intent}/cancel")
def cancel(world: World, params: Params, id: str) -> Object:
    intent = world.get("payment_intent", id)
    if intent["_invoice"]:
        raise invalid("You cannot cancel a PaymentIntent of an invoice; void the invoice instead.")
    return cancel_intent(world, intent, params.get("cancellation_reason"))


@route("GET /v1/charges")
def list_charges(world: World, params: Params) -> Object:
    return listing(world, "charge", params, "/v1/charges", "customer", "payment_intent")


@route("GET /v1/charges/search")
def search_charges(world: World, params: Params) -> Object:
    return searched(world.store.of_kind("charge"), params, "/v1/charges/search")


@route("GET /v1/charges/{charge}")
def retrieve_charge(world: World, _params: Params, id: str) -> Object:
    return world.get("charge", id)


@route("POST /v1/charges/{charge}")
def update_charge(world: World, params: Params, id: str) -> Object:
    refuse(params, "charges.update", "transfer_group", "shipping", "fraud_details")
    charge = world.get("charge", id)
    return world.change(charge, "charge.updated", **patched(charge, params, "description", "receipt_email"))


@includable("charge", "refunds")
def refunds(world: World, charge: Object) -> Object:
    found = [shown(each) for each in world.store.children("refund", "charge", charge["id"])]
    return list_of(found[::-1][:10], f"/v1/charges/{charge['id']}/refunds", has_more=len(found) > 10)


@route("GET /v1/balance_transactions")
def list_balance(world: World, params: Params) -> Object:
    return listing(world, "balance_transaction", params, "/v1/balance_transactions", "source", "type", "currency")


@route("GET /v1/balance_transactions/{id}")
def retrieve_balance(world: World, _params: Params, id: str) -> Object:
    return world.get("balance_transaction", id)

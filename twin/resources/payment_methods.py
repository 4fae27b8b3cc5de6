"""Payment methods: https://docs.stripe.com/api/payment_methods, with the tokens of https://docs.stripe.com/testing"""

from twin.api.pages import page_of
from twin.api.routes import Params, route
from twin.core.errors import ApiError, invalid, missing_object, unimplemented
from twin.core.store import Object, inside, is_object
from twin.core.world import World
from twin.payments.cards import IBANS, NUMBERS, TOKENS, new_method
from twin.payments.setups import attach_method
from twin.resources.fields import listing, metadata_of, patched


def named_method(world: World, id: str, param: str) -> Object:
    """The method of that id, or a new one that behaves as the test token of that name."""
    if id in TOKENS:
        return world.create(new_method(world, TOKENS[id]))
    found = world.store.find("payment_method", id)
    if found is None:
        raise missing_object("payment_method", id, param)
    return found


@route("POST /v1/payment_methods")
def create(world: World, params: Params) -> Object:
    if "type" not in params:
        raise invalid("Missing required param: type.", "type", "parameter_missing")
    type: str = params["type"]
    if type == "card":
        method = _card(world, params.get("card") or {})
    elif type == "sepa_debit":
        iban: str = inside(params, "sepa_debit", "iban") or ""
        if iban.replace(" ", "") not in IBANS:
            raise invalid("The IBAN you provided is invalid.", "sepa_debit[iban]", "invalid_bank_account_iban")
        method = new_method(world, IBANS[iban.replace(" ", "")])
    else:
        raise unimplemented(f"payment methods of type {type}")
    billing = method["billing_details"]
    asked: object = params.get("billing_details")
    if is_object(asked):
        address = billing["address"] | (asked.get("address") or {})
        billing = billing | asked | {"address": address}
    return world.create(method | {"billing_details": billing, "metadata": metadata_of({}, params)})


def _card(world: World, card: Object) -> Object:
    expires = (card["exp_month"], card["exp_year"]) if "exp_month" in card and "exp_year" in card else None
    if token := card.get("token"):
        if token not in TOKENS:
            raise missing_object("token", token, "card[token]")
        return new_method(world, TOKENS[token], expires=expires)
    number: str = str(card.get("number", "")).replace(" ", "")
    if not number:
        raise invalid("Missing required param: card[number].", "card[number]", "parameter_missing")
    if number not in NUMBERS:
        raise ApiError(402, "card_error", "Your card number is incorrect.", code="incorrect_number", param="number")
    return new_method(world, NUMBERS[number], expires=expires)


@route("GET /v1/payment_methods")
def list_all(world: World, params: Params) -> Object:
    if "customer" not in params:
        return page_of([], params, "/v1/payment_methods")
    return listing(world, "payment_method", params, "/v1/payment_methods", "customer", "type")


@route("GET /v1/payment_methods/{payment_method}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("payment_method", id)


@route("POST /v1/payment_methods/{payment_method}")
def update(world: World, params: Params, id: str) -> Object:
    method = world.get("payment_method", id)
    changes = patched(method, params, "allow_redisplay")
    if "billing_details" in params:
        changes["billing_details"] = method["billing_details"] | params["billing_details"]
    if "card" in params:
        dates = {name: params["card"][name] for name in ("exp_month", "exp_year") if name in params["card"]}
        changes["card"] = method["card"] | dates
    return world.change(method, "payment_method.updated", **changes)


@route("POST /v1/payment_methods/{payment_method}/attach")
def attach(world: World, params: Params, id: str) -> Object:
    customer = params.get("customer")
    if not customer:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    world.get("customer", customer, "customer")
    return attach_method(world, named_method(world, id, "id"), customer)


@route("POST /v1/payment_methods/{payment_method}/detach")
def detach(world: World, _params: Params, id: str) -> Object:
    method = world.get("payment_method", id)
    if method["customer"] is None:
        raise invalid(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            "payment_method",
        )
    customer = world.get("customer", method["customer"])
    _forget(world, customer, id)
    before = {"customer": method["customer"]}
    method = world.change(method, None, customer=None)
    world.tell("payment_method.detached", method, before)
    return method


def _forget(world: World, customer: Object, id: str) -> None:
    """A detached method is nobody's default any more."""
    settings: Object = customer["invoice_settings"]
    if settings["default_payment_method"] == id:
        world.change(customer, "customer.updated", invoice_settings=settings | {"default_payment_method": None})
    for subscription in world.store.children("subscription", "customer", customer["id"]):
        if subscription["default_payment_method"] == id:
            world.change(subscription, "customer.subscription.updated", default_payment_method=None)

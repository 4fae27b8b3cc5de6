"""Customers: https://docs.stripe.com/api/customers"""

from twin.api.expansion import includable
from twin.api.pages import list_of, matching, page_of
from twin.api.routes import Params, route
from twin.api.searching import searched
from twin.billing.ending import cancel_now
from twin.billing.items import refuse
from twin.billing.payers import EMPTY_SETTINGS, new_customer
from twin.billing.standing import FINAL
from twin.core.errors import invalid
from twin.core.store import Object, inside, is_object, shown
from twin.core.world import World
from twin.payments.setups import attach_method
from twin.resources.fields import deleted, given, metadata_of, patched
from twin.resources.payment_methods import named_method

PLAIN = (
    "description",
    "email",
    "name",
    "phone",
    "preferred_locales",
    "tax_exempt",
    "balance",
    "next_invoice_sequence",
    "invoice_prefix",
    "business_name",
    "individual_name",
)
UNSUPPORTED = ("cash_balance", "source", "tax_id_data")


@route("POST /v1/customers")
def create(world: World, params: Params) -> Object:
    refuse(params, "customers.create", *UNSUPPORTED)
    clock: str | None = params.get("test_clock")
    if clock:
        world.get("test_helpers.test_clock", clock, "test_clock")
    plain = given(params, *PLAIN) | {
        "address": _address(params.get("address")),
        "invoice_settings": _settings({}, params),
        "metadata": metadata_of({}, params),
        "shipping": params.get("shipping") or None,
    }
    customer = new_customer(world, plain, clock)
    id = customer["id"]
    if method := params.get("payment_method"):
        attach_method(world, named_method(world, method, "payment_method"), id)
    if default := inside(params, "invoice_settings", "default_payment_method"):
        _check_method(world, id, default)
    return world.store.objects[customer["id"]]


@route("GET /v1/customers")
def list_all(world: World, params: Params) -> Object:
    found = (each for each in world.store.of_kind("customer") if not each.get("deleted"))
    return page_of(matching(found, params, "email", "test_clock"), params, "/v1/customers")


@route("GET /v1/customers/search")
def search(world: World, params: Params) -> Object:
    return searched(world.store.of_kind("customer"), params, "/v1/customers/search")


@route("GET /v1/customers/{customer}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    """One that was deleted is still known, as that."""
    customer = world.store.find("customer", id)
    return deleted(customer) if customer and customer.get("deleted") else world.get("customer", id)


@route("POST /v1/customers/{customer}")
def update(world: World, params: Params, id: str) -> Object:
    refuse(params, "customers.update", *UNSUPPORTED)
    customer = world.get("customer", id)
    changes = patched(customer, params, *PLAIN, "shipping")
    if "address" in params:
        changes["address"] = _address(params["address"])
    if "invoice_settings" in params:
        changes["invoice_settings"] = _settings(customer["invoice_settings"], params)
        if default := changes["invoice_settings"]["default_payment_method"]:
            _check_method(world, id, default)
    return world.change(customer, "customer.updated", **changes)


@route("DELETE /v1/customers/{customer}")
def delete(world: World, _params: Params, id: str) -> Object:
    """Its subscriptions end with it."""
    customer = world.get("customer", id)
    for subscription in world.store.children("subscription", "customer", id):
        if subscription["status"] not in FINAL:
            cancel_now(world, subscription)
    customer = world.change(world.store.objects[id], None, deleted=True)
    world.tell("customer.deleted", customer)
    return deleted(customer)


@route("GET /v1/customers/{customer}/payment_methods")
def list_payment_methods(world: World, params: Params, id: str) -> Object:
    world.get("customer", id)
    found = world.store.children("payment_method", "customer", id)
    wanted = params.get("type")
    return page_of(
        [each for each in found if wanted in (None, each["type"])], params, f"/v1/customers/{id}/payment_methods"
    )


@includable("customer", "subscriptions")
def subscriptions(world: World, customer: Object) -> Object:
    found = world.store.children("subscription", "customer", customer["id"])
    running = [shown(each) for each in found if each["status"] not in FINAL]
    return list_of(running[::-1][:10], f"/v1/customers/{customer['id']}/subscriptions", has_more=len(running) > 10)


def _address(asked: object) -> Object | None:
    if not is_object(asked):
        return None
    return {name: asked.get(name) or None for name in ("city", "country", "line1", "line2", "postal_code", "state")}


def _settings(held: Object, params: Params) -> Object:
    asked: Object = params.get("invoice_settings", {})
    return EMPTY_SETTINGS | held | {name: value or None for name, value in asked.items()}


def _check_method(world: World, customer: str, id: str) -> None:
    if world.get("payment_method", id, "invoice_settings[default_payment_method]")["customer"] != customer:
        raise invalid(
            f"The customer does not have a payment method with the ID {id}. The payment method must be attached to the "
            "customer.",
            "invoice_settings[default_payment_method]",
            "resource_missing",
        )

"""Customer balance transactions: https://docs.stripe.com/api/customer_balance_transactions"""

from twin.api.pages import page_of
from twin.api.routes import Params, route
from twin.billing.balances import book
from twin.core.errors import invalid
from twin.core.store import Object
from twin.core.world import World
from twin.resources.fields import given, metadata_of, patched


@route("POST /v1/customers/{customer}/balance_transactions")
def create(world: World, params: Params, customer: str) -> Object:
    holder = world.get("customer", customer)
    if holder["currency"] not in (None, params["currency"]):
        raise invalid(f"The customer's currency is {holder['currency']}.", "currency")
    holder = world.change(holder, None, currency=params["currency"])
    entry = book(world, holder, params["amount"], "adjustment")
    return world.change(entry, None, **given(params, "description"), metadata=metadata_of({}, params))


@route("GET /v1/customers/{customer}/balance_transactions")
def list_all(world: World, params: Params, customer: str) -> Object:
    world.get("customer", customer)
    found = world.store.children("customer_balance_transaction", "customer", customer)
    wanted = params.get("invoice")
    kept = [each for each in found if wanted in (None, each["invoice"])]
    return page_of(kept, params, f"/v1/customers/{customer}/balance_transactions")


@route("GET /v1/customers/{customer}/balance_transactions/{transaction}")
def retrieve(world: World, _params: Params, customer: str, id: str) -> Object:
    world.get("customer", customer)
    return world.get("customer_balance_transaction", id)


@route("POST /v1/customers/{customer}/balance_transactions/{transaction}")
def update(world: World, params: Params, customer: str, id: str) -> Object:
    world.get("customer", customer)
    entry = world.get("customer_balance_transaction", id)
    return world.change(entry, None, **patched(entry, params, "description"))

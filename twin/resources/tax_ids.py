"""Customers' tax ids, and the account itself: https://docs.stripe.com/api/customer_tax_ids, …/accounts/retrieve"""

from twin.api.pages import page_of
from twin.api.routes import Params, route
from twin.core.ids import spelled
from twin.core.store import Object
from twin.core.world import World
from twin.resources.fields import deleted


@route("POST /v1/customers/{customer}/tax_ids")
def create(world: World, params: Params, customer: str) -> Object:
    """Verification stays pending: the twin asks no tax authority."""
    holder = world.get("customer", customer)
    version: Object = {
        "id": world.ids.new("txi"),
        "object": "tax_id",
        "country": params["value"][:2] if params["value"][:2].isalpha() else None,
        "created": world.time_of(holder),
        "customer": customer,
        "customer_account": None,
        "livemode": False,
        "owner": {"customer": customer, "customer_account": None, "type": "customer"},
        "type": params["type"],
        "value": params["value"],
        "verification": {"status": "pending", "verified_address": None, "verified_name": None},
        "_clock": holder["test_clock"],
    }
    return world.create(version, "customer.tax_id.created")


@route("GET /v1/customers/{customer}/tax_ids")
def list_all(world: World, params: Params, customer: str) -> Object:
    world.get("customer", customer)
    return page_of(world.store.children("tax_id", "customer", customer), params, f"/v1/customers/{customer}/tax_ids")


@route("GET /v1/customers/{customer}/tax_ids/{id}")
def retrieve(world: World, _params: Params, customer: str, id: str) -> Object:
    world.get("customer", customer)
    return world.get("tax_id", id)


@route("DELETE /v1/customers/{customer}/tax_ids/{id}")
def delete(world: World, _params: Params, customer: str, id: str) -> Object:
    world.get("customer", customer)
    held = world.get("tax_id", id)
    world.delete(held, "customer.tax_id.deleted")
    return deleted(held)


@route("GET /v1/account")
def retrieve_account(world: World, _params: Params) -> Object:
    return {
        "id": f"acct_{spelled(world.ids.seed, 16)}",
        "object": "account",
        "business_profile": None,
        "business_type": None,
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": world.account.country,
        "default_currency": "usd",
        "details_submitted": True,
        "email": None,
        "metadata": {},
        "payouts_enabled": False,
        "settings": None,
        "type": "standard",
    }

"""Customers as they begin: https://docs.stripe.com/api/customers/object"""

from twin.core.store import Object
from twin.core.world import World

EMPTY_SETTINGS: Object = {
    "custom_fields": None,
    "default_payment_method": None,
    "footer": None,
    "rendering_options": None,
}


def new_customer(world: World, plain: Object, clock: str | None = None) -> Object:
    """A customer with the fields that are given. Makes `customer.created`."""
    version: Object = {
        "id": world.ids.new("cus"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "business_name": None,
        "created": world.at(clock),
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "individual_name": None,
        "invoice_prefix": world.ids.text("prefix")[:8].upper(),
        "invoice_settings": EMPTY_SETTINGS,
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": clock,
    }
    return world.create(version | plain, "customer.created")

"""What a customer is owed or owes, entry by entry: https://docs.stripe.com/billing/customer/balance"""

from twin.core.store import Object
from twin.core.world import World


def book(world: World, customer: Object, amount: int, type: str, *, invoice: str | None = None) -> Object:
    """Adds `amount` to the balance (negative: owed to them) and tells of it. Returns the entry."""
    ending = customer["balance"] + amount
    version: Object = {
        "id": world.ids.new("cbtxn"),
        "object": "customer_balance_transaction",
        "amount": amount,
        "checkout_session": None,
        "created": world.time_of(customer),
        "credit_note": None,
        "currency": customer["currency"] or "usd",
        "customer": customer["id"],
        "customer_account": None,
        "description": None,
        "ending_balance": ending,
        "invoice": invoice,
        "livemode": False,
        "metadata": {},
        "type": type,
        "_clock": customer["test_clock"],
    }
    world.change(world.get("customer", customer["id"]), "customer.updated", balance=ending)
    return world.create(version)

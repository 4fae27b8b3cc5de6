"""Steps that many scenarios begin with."""

from typing import Any

from tests.twin.stage import Stage

DAY = 86_400
MONTH = 32 * DAY


def price(stage: Stage, amount: int = 2900, **more: Any) -> Any:
    """A price of a product of its own, monthly unless told otherwise."""
    product = stage.v1.products.create({"name": "Pro"})
    recurring = more.pop("recurring", {"interval": "month"})
    asked = {"currency": "usd", "product": product.id, "unit_amount": amount, **more}
    return stage.v1.prices.create(asked | ({"recurring": recurring} if recurring else {}))


def customer(stage: Stage, method: str | None = "pm_card_visa", **more: Any) -> Any:
    """A customer; `method` becomes their default payment method."""
    made = stage.v1.customers.create({"email": "someone@example.test", "name": "Someone", **more})
    if method:
        attached = stage.v1.payment_methods.attach(method, {"customer": made.id})
        return stage.v1.customers.update(made.id, {"invoice_settings": {"default_payment_method": attached.id}})
    return made


def subscription(stage: Stage, method: str | None = "pm_card_visa", amount: int = 2900, **more: Any) -> Any:
    """A subscription to one price, on a test clock of its own."""
    clock = stage.clock()
    payer = customer(stage, method, test_clock=clock)
    return stage.v1.subscriptions.create({"customer": payer.id, "items": [{"price": price(stage, amount).id}], **more})


def status(stage: Stage, held: Any) -> str:
    return stage.v1.subscriptions.retrieve(held.id).status


def types(stage: Stage, held: Any) -> list[str]:
    """The types of the events about the customer of `held`, oldest first."""
    customer_id = held.id if held.object == "customer" else held.customer
    found: list[str] = []
    for event in stage.v1.events.list({"limit": 100}).auto_paging_iter():
        subject = event.data.object
        if customer_id in (getattr(subject, "customer", None), getattr(subject, "id", None)):
            found.append(event.type)
    return found[::-1]

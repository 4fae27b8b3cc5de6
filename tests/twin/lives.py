"""Lives in process: a shop, and what may happen to those who buy there."""

from typing import Any

from twin.account import Twin

DAY = 86_400


class Shop:
    """A twin with three plans, each with a feature of its own name."""

    def __init__(self, seed: str = "shop", twin: Twin | None = None, **options: Any) -> None:
        self.twin = twin or Twin(seed, **options)
        self.prices: dict[str, str] = {}
        self.features: dict[str, tuple[str]] = {}
        for key, amount in (("basic", 900), ("pro", 2900), ("team", 9900)):
            product = self.twin.call("POST /v1/products", name=key.title())["id"]
            feature = self.twin.call("POST /v1/entitlements/features", name=key, lookup_key=key)["id"]
            self.twin.call(f"POST /v1/products/{product}/features", entitlement_feature=feature)
            asked = {"currency": "usd", "unit_amount": amount, "recurring": {"interval": "month"}, "lookup_key": key}
            self.prices[key] = self.twin.call("POST /v1/prices", product=product, **asked)["id"]
            self.features[product] = (key,)

    def customer(self, card: str | None = "pm_card_visa", **more: Any) -> str:
        id = self.twin.call("POST /v1/customers", email="someone@example.test", **more)["id"]
        if card:
            self.use(id, card)
        return id

    def use(self, customer: str, card: str) -> None:
        method = self.twin.call(f"POST /v1/payment_methods/{card}/attach", customer=customer)["id"]
        self.twin.call(f"POST /v1/customers/{customer}", invoice_settings={"default_payment_method": method})

    def subscribe(self, customer: str, plan: str = "pro", **more: Any) -> str:
        asked = {"customer": customer, "items": [{"price": self.prices[plan]}], **more}
        return self.twin.call("POST /v1/subscriptions", **asked)["id"]

    def status(self, subscription: str) -> str:
        return self.twin.call(f"GET /v1/subscriptions/{subscription}")["status"]

    def told(self, since: int = 0) -> list[str]:
        return [event["type"] for event in self.twin.events()[since:]]

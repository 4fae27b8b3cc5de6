"""What may happen to one who buys: acts drawn by dice, refused where Stripe refuses them."""

import random
from collections.abc import Callable
from typing import Any

from tests.twin.lives import Shop
from twin.core.errors import ApiError
from twin.core.settings import Account

CARDS = (
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_chargeCustomerFail",
    "pm_card_insufficientFundsLater",
    "pm_card_lostLater",
    "pm_card_authenticationRequired",
    "pm_card_authenticationRequiredOnSetup",
    "pm_card_createDispute",
    "pm_card_sepa",
    "pm_card_sepa_fails",
    "pm_card_updatesItself",
)


class Life:
    """One customer's life, in a shop of its own or among others in `shop`."""

    def __init__(self, seed: int, shop: Shop | None = None, **more: Any) -> None:
        self.dice = random.Random(seed)
        after = self.dice.choice(["cancel", "unpaid", "past_due"])
        account = Account(after_retries=after, retry_after_days=(1, 3, 5))
        self.shop = shop or Shop(f"life {seed}", account=account)
        self.customer = self.shop.customer(self.dice.choice([None, *CARDS]), **more)
        self.refused = 0

    def call(self, route: str, **params: Any) -> Any:
        """What is not allowed is refused, never a fault of the twin's."""
        try:
            return self.shop.twin.call(route, **params)
        except ApiError as fault:
            if fault.status not in (400, 402, 404):
                raise
            self.refused += 1
            return None

    def one(self, kind: str) -> str:
        every = self.shop.twin.world.store.children(kind, "customer", self.customer)
        found = [each["id"] for each in every]
        return self.dice.choice(found) if found else "none"

    def plan(self) -> str:
        return self.shop.prices[self.dice.choice(["basic", "pro", "team"])]

    def subscribe(self) -> None:
        asked: dict[str, Any] = {"items": [{"price": self.plan(), "quantity": self.dice.randint(0, 4)}]}
        if self.dice.random() < 0.4:
            end = {"missing_payment_method": self.dice.choice(["cancel", "pause", "create_invoice"])}
            asked |= {"trial_period_days": self.dice.randint(1, 20), "trial_settings": {"end_behavior": end}}
        behavior = self.dice.choice(["allow_incomplete", "default_incomplete", "error_if_incomplete"])
        self.call("POST /v1/subscriptions", customer=self.customer, payment_behavior=behavior, **asked)

    def change(self) -> None:
        id = self.one("subscription")
        held = self.call(f"GET /v1/subscriptions/{id}")
        if held:
            item = {"id": held["items"]["data"][0]["id"], "price": self.plan(), "quantity": self.dice.randint(0, 5)}
            proration = self.dice.choice(["none", "create_prorations", "always_invoice"])
            paying = self.dice.choice(
                ["allow_incomplete", "pending_if_incomplete", "error_if_incomplete", "default_incomplete"]
            )
            asked = {"items": [item], "proration_behavior": proration, "payment_behavior": paying}
            self.call(f"POST /v1/subscriptions/{id}", **asked)

    def end(self) -> None:
        id = self.one("subscription")
        if self.dice.random() < 0.5:
            self.call(f"POST /v1/subscriptions/{id}", cancel_at_period_end=self.dice.random() < 0.6)
        else:
            self.call(
                f"DELETE /v1/subscriptions/{id}", prorate=self.dice.random() < 0.5, invoice_now=self.dice.random() < 0.5
            )

    def pause(self) -> None:
        id = self.one("subscription")
        behavior = self.dice.choice(["void", "keep_as_draft", "mark_uncollectible"])
        choices: list[Callable[[], Any]] = [
            lambda: self.call(f"POST /v1/subscriptions/{id}", pause_collection={"behavior": behavior}),
            lambda: self.call(f"POST /v1/subscriptions/{id}", pause_collection=""),
            lambda: self.call(f"POST /v1/subscriptions/{id}/pause"),
            lambda: self.call(f"POST /v1/subscriptions/{id}/resume"),
        ]
        self.dice.choice(choices)()

    def pay(self) -> None:
        id, intent = self.one("invoice"), self.one("payment_intent")
        choices: list[Callable[[], Any]] = [
            lambda: self.call(f"POST /v1/invoices/{id}/pay"),
            lambda: self.call(f"POST /v1/invoices/{id}/void"),
            lambda: self.call(f"POST /v1/invoices/{id}/mark_uncollectible"),
            lambda: self.call("POST /v1/refunds", charge=self.one("charge")),
            lambda: self.call("POST /v1/credit_notes", invoice=id, amount=100, credit_amount=100),
            lambda: self.call(f"POST /v1/payment_intents/{intent}/confirm", payment_method=self.dice.choice(CARDS)),
        ]
        self.dice.choice(choices)()

    def use(self) -> None:
        method = self.call(f"POST /v1/payment_methods/{self.dice.choice(CARDS)}/attach", customer=self.customer)
        if method:
            self.call(f"POST /v1/customers/{self.customer}", invoice_settings={"default_payment_method": method["id"]})

    def answer_the_bank(self) -> None:
        waiting = [
            each["id"] for each in self.shop.twin.objects("payment_intent") if each["status"] == "requires_action"
        ]
        if waiting:
            self.shop.twin.authenticate(self.dice.choice(waiting), passes=self.dice.random() < 0.7)

    def plan_ahead(self) -> None:
        self.call("POST /v1/subscription_schedules", from_subscription=self.one("subscription"))

    def wait(self) -> None:
        self.shop.twin.advance(days=self.dice.choice([0.1, 1, 3, 10, 31, 45]))

    def act(self) -> None:
        """Anything but waiting."""
        acts = [self.subscribe, self.change, self.end, self.pause, self.pay, self.use, self.answer_the_bank]
        self.dice.choice([*acts, self.plan_ahead])()

    def live(self, steps: int) -> None:
        for _ in range(steps):
            self.dice.choice([self.act, self.act, self.wait])()

"""One member's life: what it does in each round is drawn by a seed of its own, whatever the others do.

What Stripe does not allow is refused, and leaves nothing behind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.chaos.shop import ADD_ONS, MEMBER_KEY, PLANS
from twin.account import Twin
from twin.billing.checkout import complete
from twin.core.errors import ApiError
from twin.core.store import Object
from twin.payments.cards import new_method

GOOD = ("visa", "mastercard", "updatesItself", "sepa", "authenticationRequiredOnSetup")
BAD = (
    "chargeCustomerFail",
    "insufficientFundsLater",
    "lostLater",
    "authenticationRequired",
    "threeDSecure2Required",
    "createDispute",
    "sepa_fails",
    "chargeDeclined",
)
FREE_SHARE = 0.08
Act = Callable[[], None]


@dataclass
class Person:
    """`free`: buys nothing but what costs nothing. `story` is what was asked of the twin, and what came of it."""

    member: str
    seed: str
    twin: Twin
    prices: Mapping[str, str]
    customer: str = ""
    story: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)
        self.free = self.dice.random() < FREE_SHARE

    def act(self, name: str) -> None:
        """What is drawn by that name; at first it comes to be a customer."""
        self.dice = Random(f"{self.seed} {name}")
        if not self.customer:
            self.come()
        elif self.free:
            self.dice.choice([self.use_a_card, self.subscribe_free, self.cancel, self.pause])()
        elif not self.ids("subscription"):
            self.subscribe()
        else:
            weighted: list[tuple[Act, int]] = self.weighted()
            acts, weights = zip(*weighted, strict=True)
            self.dice.choices(acts, weights)[0]()

    def weighted(self) -> list[tuple[Act, int]]:
        return [
            (self.subscribe, 3),
            (self.check_out, 2),
            (self.change_plan, 4),
            (self.change_quantity, 2),
            (self.add_on, 3),
            (self.cancel, 4),
            (self.pause, 4),
            (self.use_a_card, 3),
            (self.fail, 2),
            (self.recover, 3),
            (self.get_money_back, 2),
            (self.answer_dispute, 2),
            (self.answer_bank, 2),
            (self.plan_ahead, 1),
            (self.leave, 1),
        ]

    def ask(self, route: str, **params: Any) -> Object | None:
        told = f"{route} {params}" if params else route
        try:
            made = self.twin.call(route, **params)
        except ApiError as fault:
            if fault.status not in (400, 402, 404):
                raise
            self.story.append(f"{told}: {fault.status} {fault.message}")
            return None
        self.story.append(f"{told}: {made['object']} {made.get('id', '')} {made.get('status', '')}")
        return made

    def ids(self, kind: str) -> list[str]:
        return [each["id"] for each in self.twin.world.store.children(kind, "customer", self.customer)]

    def one(self, kind: str) -> str:
        """One of the customer's; the newest is the likeliest."""
        found = self.ids(kind)
        return found[-1] if found and self.dice.random() < 0.6 else self.dice.choice(found or ["none"])

    def come(self) -> None:
        if not self.free and self.dice.random() < 0.4:
            self.check_out()
        if not self.customer:
            asked = {"email": f"{self.member}@example.test", "metadata": {MEMBER_KEY: self.member}}
            self.customer = (self.ask("POST /v1/customers", **asked) or {})["id"]
            self.attach(self.dice.choice(GOOD))
            (self.subscribe_free if self.free else self.subscribe)()

    def attach(self, name: str) -> None:
        method = self.ask(f"POST /v1/payment_methods/pm_card_{name}/attach", customer=self.customer)
        if method:
            settings = {"default_payment_method": method["id"]}
            self.ask(f"POST /v1/customers/{self.customer}", invoice_settings=settings)

    def use_a_card(self) -> None:
        self.attach(self.dice.choice((*GOOD, *BAD)))

    def subscribe_free(self) -> None:
        self.ask("POST /v1/subscriptions", customer=self.customer, items=[{"price": self.prices["free"]}])

    def subscribe(self) -> None:
        asked: dict[str, Any] = {"items": [{"price": self.prices[self.dice.choice(PLANS)]}], **self.trial()}
        behavior = self.dice.choice(
            ["allow_incomplete", "allow_incomplete", "default_incomplete", "error_if_incomplete"]
        )
        self.ask("POST /v1/subscriptions", customer=self.customer, payment_behavior=behavior, **asked)

    def trial(self) -> dict[str, Any]:
        if self.dice.random() >= 0.3:
            return {}
        end = {"missing_payment_method": self.dice.choice(["cancel", "pause", "create_invoice"])}
        return {"trial_period_days": self.dice.randint(1, 20), "trial_settings": {"end_behavior": end}}

    def check_out(self) -> None:
        """On the hosted page; a newcomer becomes a customer by it."""
        asked: dict[str, Any] = {"line_items": [{"price": self.prices[self.dice.choice(PLANS)], "quantity": 1}]}
        asked |= {"customer": self.customer} if self.customer else {"customer_email": f"{self.member}@example.test"}
        asked |= {"mode": "subscription", "client_reference_id": self.member, "success_url": "http://shop.test/back"}
        session = self.ask("POST /v1/checkout/sessions", subscription_data=self.trial(), **asked)
        if session is None:
            return
        world, card = self.twin.world, self.dice.choice((*GOOD, *GOOD, *BAD))
        try:
            done = complete(world, world.store.objects[session["id"]], new_method(world, card))
            self.customer = done["customer"]
            self.story.append(f"pays by {card}")
        except ApiError as fault:
            self.story.append(f"pays by {card}: {fault.message}")
        self.twin.settle()

    def change_plan(self) -> None:
        id, item = self.item()
        prorated = self.dice.choice(["none", "create_prorations", "always_invoice"])
        paying = ["allow_incomplete", "pending_if_incomplete", "error_if_incomplete", "default_incomplete"]
        asked = {"items": [{"id": item, "price": self.prices[self.dice.choice(PLANS)]}]}
        behavior = self.dice.choice(paying)
        self.ask(f"POST /v1/subscriptions/{id}", proration_behavior=prorated, payment_behavior=behavior, **asked)

    def item(self) -> tuple[str, str]:
        """A subscription and its first item."""
        id = self.one("subscription")
        held = self.twin.world.store.objects.get(id)
        return id, held["items"]["data"][0]["id"] if held else "none"

    def change_quantity(self) -> None:
        id, item = self.item()
        self.ask(f"POST /v1/subscriptions/{id}", items=[{"id": item, "quantity": self.dice.randint(0, 5)}])

    def add_on(self) -> None:
        """Adds one, or takes it away again."""
        id, key = self.one("subscription"), self.dice.choice(ADD_ONS)
        held = self.twin.world.store.objects.get(id, {"items": {"data": []}})["items"]["data"]
        there = [each["id"] for each in held if each["price"]["lookup_key"] == key]
        if there:
            items: list[dict[str, Any]] = [{"id": there[0], "deleted": True}]
        else:
            items = [{"price": self.prices[key], "quantity": self.dice.randint(1, 4)}]
        self.ask(f"POST /v1/subscriptions/{id}", items=items)

    def cancel(self) -> None:
        id = self.one("subscription")
        chance = self.dice.random()
        if chance < 0.3:
            self.ask(f"DELETE /v1/subscriptions/{id}", prorate=self.dice.random() < 0.5)
        elif chance < 0.4:
            self.ask(f"POST /v1/subscriptions/{id}", cancel_at=int(self.twin.now) + self.dice.randint(1, 20) * 86_400)
        else:
            self.ask(f"POST /v1/subscriptions/{id}", cancel_at_period_end=chance < 0.8)

    def pause(self) -> None:
        id = self.one("subscription")
        held = self.twin.world.store.objects.get(id) or {"status": "", "pause_collection": None}
        behavior = self.dice.choice(["void", "void", "keep_as_draft", "mark_uncollectible"])
        if held["status"] == "paused":
            self.ask(f"POST /v1/subscriptions/{id}/resume")
        elif held["pause_collection"] and self.dice.random() < 0.7:
            self.ask(f"POST /v1/subscriptions/{id}", pause_collection="")
        elif self.dice.random() < 0.7:
            self.ask(f"POST /v1/subscriptions/{id}", pause_collection={"behavior": behavior})
        else:
            self.ask(f"POST /v1/subscriptions/{id}/pause")

    def fail(self) -> None:
        """From now on nothing can be taken."""
        self.attach(self.dice.choice(["chargeCustomerFail", "insufficientFundsLater", "lostLater"]))

    def recover(self) -> None:
        self.attach("visa")
        for invoice in self.ids("invoice"):
            if self.twin.world.store.objects[invoice]["status"] in ("open", "uncollectible"):
                self.ask(f"POST /v1/invoices/{invoice}/pay")

    def get_money_back(self) -> None:
        id = self.one("invoice")
        choices: list[tuple[str, dict[str, Any]]] = [
            ("POST /v1/refunds", {"charge": self.one("charge")}),
            ("POST /v1/credit_notes", {"invoice": id, "amount": 100, "credit_amount": 100}),
            (f"POST /v1/invoices/{id}/void", {}),
            (f"POST /v1/invoices/{id}/mark_uncollectible", {}),
        ]
        route, params = self.dice.choice(choices)
        self.ask(route, **params)

    def answer_dispute(self) -> None:
        charges = self.ids("charge")
        disputes = [each for each in self.twin.world.store.of_kind("dispute") if each["charge"] in charges]
        if disputes:
            words = self.dice.choice(["winning_evidence", "losing_evidence", "not yet"])
            evidence = {"uncategorized_text": words}
            self.ask(f"POST /v1/disputes/{disputes[-1]['id']}", evidence=evidence, submit=words != "not yet")
        else:
            self.attach("createDispute")

    def answer_bank(self) -> None:
        intents = [self.twin.world.store.objects[id] for id in self.ids("payment_intent")]
        waiting = [each["id"] for each in intents if each["status"] == "requires_action"]
        if waiting:
            passes = self.dice.random() < 0.7
            self.twin.authenticate(waiting[-1], passes=passes)
            self.story.append(f"answers the bank about {waiting[-1]}: {passes}")

    def plan_ahead(self) -> None:
        self.ask("POST /v1/subscription_schedules", from_subscription=self.one("subscription"))

    def leave(self) -> None:
        """And may come again, as another customer."""
        if self.dice.random() < 0.5:
            self.ask(f"DELETE /v1/customers/{self.customer}")
            self.customer = ""

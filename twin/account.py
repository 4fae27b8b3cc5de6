"""A Stripe account in process: requests without HTTP, time that is told to pass, and the truth about both.

    twin = Twin(seed="7", now=1_767_225_600)
    customer = twin.call("POST /v1/customers", email="a@example.test")
    twin.advance(days=30)
    twin.objects("subscription"), twin.log, twin.events()

The same seed, start and requests give the same ids, events and log, to the byte.
"""

from collections.abc import Sequence
from typing import Any

from twin.api.desk import Answer, Desk, Request
from twin.core.errors import ApiError
from twin.core.ids import Ids
from twin.core.settings import DAY, Account
from twin.core.store import Entry, Object, shown
from twin.core.world import World
from twin.hooks.chaos import Chaos
from twin.hooks.deliveries import Delivery, Post, request_for
from twin.hooks.deliveries import Request as Webhook
from twin.payments.intents import authenticate
from twin.payments.setups import authenticate_setup
from twin.resources.every import declared_routes

START = 1_767_225_600
"""2026-01-01T00:00:00Z."""


class Twin:
    """`now` is the twin's own time, in seconds since 1970. It only moves by `advance` and `advance_to`."""

    def __init__(
        self,
        seed: str = "twin",
        now: float = START,
        *,
        account: Account | None = None,
        chaos: Chaos | None = None,
        links: str = "http://127.0.0.1:8001",
    ) -> None:
        self.world = World(Ids(seed), now, account or Account(), links=links)
        self.chaos = chaos or Chaos()
        self.post = Post(self.chaos)
        self.desk = Desk(self.world, self._after_request)

    @property
    def now(self) -> float:
        return self.world.now

    @property
    def log(self) -> Sequence[Entry]:
        """Every version of every object, in the order in which they were saved: the true state, and all it was."""
        return self.world.store.log

    @property
    def counted(self) -> dict[str, int]:
        """How often each implemented route was asked."""
        return {name: self.desk.counted.get(name, 0) for name in declared_routes()}

    def answer(self, request: Request) -> Answer:
        """As over HTTP, without chaos."""
        return self.desk.answer(request)

    def call(self, route: str, /, **params: Any) -> Object:
        """`call("POST /v1/customers/cus_1", email="…")`: the object that answers. Raises ApiError."""
        method, path = route.split(" ")
        answer = self.desk.answer(Request(method, path, params))
        if answer.status != 200:
            raise ApiError(answer.status, **answer.body["error"])
        return answer.body

    def advance(self, seconds: float = 0, *, days: float = 0) -> None:
        """Lets time pass, and everything happen that is due in it, in order."""
        self.advance_to(self.world.now + seconds + days * DAY)

    def advance_to(self, at: float) -> None:
        self.world.run_due(None, int(at))
        self.world.move(None, at)
        self.world.store.commit()
        self.post.plan(self.world)

    def authenticate(self, id: str, *, passes: bool = True) -> Object:
        """What the customer does on their bank's 3-D Secure page, for a payment or setup intent."""
        intent = self.world.store.objects[id]
        act = authenticate if intent["object"] == "payment_intent" else authenticate_setup
        act(self.world, intent, passes=passes)
        self.settle()
        return shown(self.world.store.objects[id])

    def objects(self, kind: str) -> list[Object]:
        """All of a kind as they truly are now, oldest first."""
        return [shown(each) for each in self.world.store.of_kind(kind)]

    def events(self) -> list[Object]:
        """All events, oldest first, as they were rendered."""
        return self.objects("event")

    def deliver_to(self, url: str, name: str) -> str:
        """Delivers every event to `url` from now on; an endpoint made under `name` before moves there. Its secret."""
        made = next((each for each in self.objects("webhook_endpoint") if each["description"] == name), None)
        if made is None:
            made = self.call("POST /v1/webhook_endpoints", url=url, enabled_events=["*"], description=name)
        elif made["url"] != url:
            self.call(f"POST /v1/webhook_endpoints/{made['id']}", url=url)
        return self.world.store.objects[made["id"]]["_secret"]

    def take_deliveries(self) -> list[Delivery]:
        """The webhooks that are due now. Send each by `webhook`, and say by `record` what came of it."""
        return self.post.take(self.world)

    def webhook(self, delivery: Delivery, signed_at: float) -> Webhook | None:
        """The signed request of a delivery; None when its endpoint is gone."""
        return request_for(self.world, delivery, signed_at)

    def record(self, delivery: Delivery, status: int | None) -> None:
        self.post.record(self.world, delivery, status)

    def _after_request(self) -> None:
        """What a request made due at once happens now, on every timeline."""
        for clock in list(self.world.agenda.heaps):
            if clock is None or clock in self.world.store.objects:
                self.world.run_due(clock, self.world.at(clock))
        self.settle()

    def settle(self) -> None:
        """Ends what was done outside a request: derived things are brought up to date, webhooks addressed."""
        self.world.settle()
        self.world.store.commit()
        self.post.plan(self.world)

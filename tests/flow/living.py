"""A shop on the twin with the demo catalogue, our side of it, and people who buy there: real HTTP, real worker.

Time passes for everybody at once; the worker works only when told to, so that a test can have it stand still.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from billing.catalogue import load_catalogue
from billing.messages import record_messages, show_messages
from billing.model import Catalogue
from billing.offers import changes_between, offers_for
from billing.stripe import StripeApi
from billing.stripe_offers import StripeOffers
from billing.trials import Beginning, beginning_for, had_trial
from gating.postgres import PostgresSnapshots
from gating.publish import publish_pending
from gating.redis import RedisSnapshots
from gating.store import EntitlementStore
from identity.model import Kind, Principal
from storage.database import Database
from storage.redis import connect_redis
from storage.rows import Row
from tests.clock import FixedClock
from tests.flow.replay import MEMBER_KEY, SECRET, Gatehouse, gatehouse, post
from tests.parts import PATIENT_SECONDS
from twin.account import Twin
from twin.core.settings import Account
from twin.hooks.chaos import Chaos
from twin.server import Options, Running, serving

HOOK = "http://gatehouse.test/webhooks/stripe"
DEMO = Path("catalogue.yaml")


@dataclass(frozen=True)
class Shop:
    """`store` is what a served process would ask; `stripe` is our own client of the twin."""

    running: Running
    ours: Gatehouse
    store: EntitlementStore
    cache: RedisSnapshots
    stripe: StripeApi
    catalogue: Catalogue

    @property
    def twin(self) -> Twin:
        return self.running.twin

    @property
    def clock(self) -> FixedClock:
        return self.ours.clock

    def call(self, route: str, **parameters: Any) -> Any:
        return self.twin.call(route, **parameters)

    def price(self, lookup_key: str) -> str:
        [found] = self.call("GET /v1/prices", lookup_keys=[lookup_key])["data"]
        return found["id"]

    def customer(self, member: str, card: str | None = "pm_card_visa") -> str:
        id = self.call("POST /v1/customers", email=f"{member}@example.test", metadata={MEMBER_KEY: member})["id"]
        if card:
            self.use(id, card)
        return id

    def use(self, customer: str, card: str) -> str:
        method = self.call(f"POST /v1/payment_methods/{card}/attach", customer=customer)["id"]
        self.call(f"POST /v1/customers/{customer}", invoice_settings={"default_payment_method": method})
        return method

    def subscribe(self, customer: str, lookup_key: str = "pro_monthly", **more: Any) -> str:
        asked = {"customer": customer, "items": [{"price": self.price(lookup_key)}], **more}
        return self.call("POST /v1/subscriptions", **asked)["id"]

    async def begin(self, member: str, customer: str, lookup_key: str) -> tuple[str, Beginning]:
        """As the catalogue's terms say, for one who may have had a trial before."""
        sold = self.catalogue.find_sold(price_id="", lookup_key=lookup_key, product_id="")
        assert sold is not None
        assert sold.price is not None
        had = await had_trial(self.ours.database, member)
        begun = beginning_for(sold.plan, sold.price, self.catalogue, had_trial=had)
        assert begun.price.lookup_key is not None
        return self.subscribe(customer, begun.price.lookup_key, **begun.parameters), begun

    def passes(self, by: timedelta) -> None:
        """Time, for everybody; nobody tells us anything, and nobody works."""
        self.clock.advance(by)
        self.running.web.catch_up()

    def passes_until(self, instant: datetime) -> None:
        self.passes(instant - self.clock.now())

    async def deliver(self) -> None:
        """Everything that is due goes to our endpoint; nobody works on it."""
        while due := self.twin.take_deliveries():
            for delivery in due:
                request = self.twin.webhook(delivery, self.clock.now().timestamp())
                assert request is not None
                status = await post(self.ours.app, request.body, request.headers["stripe-signature"].encode())
                assert status == 200
                self.twin.record(delivery, status)

    async def work(self) -> None:
        await self.deliver()
        await self.ours.worker.run_until_idle()
        await publish_pending(self.ours.database, PostgresSnapshots(self.ours.database), self.cache)

    async def holds(self, member: str) -> frozenset[str]:
        """What the gate would let through at this instant."""
        return (await self.store.access_for(Principal(Kind.MEMBER, member))).features

    async def told(self) -> list[str]:
        """What a worker's turn shows of messages, by kind."""
        shown: list[Row] = []
        await record_messages(self.ours.database, self.catalogue, self.clock.now())
        await show_messages(self.ours.database, shown.append)
        return [row.kind for row in shown]

    async def days(self, count: int) -> list[str]:
        """Passes them one by one, everybody at work; what is told meanwhile, by kind."""
        told: list[str] = []
        for _ in range(count):
            self.passes(timedelta(days=1))
            await self.work()
            told += await self.told()
        return told


@asynccontextmanager
async def living(
    database: Database,
    redis_url: str,
    clock: FixedClock,
    catalogue: Catalogue | None = None,
    *,
    chaos: Chaos | None = None,
    **account: Any,
) -> AsyncGenerator[Shop]:
    """`account` are the twin's settings, such as what becomes of a subscription after the last retry."""
    sold = catalogue or load_catalogue(DEMO)
    options = Options(
        port=0,
        webhooks={HOOK: SECRET.decode()},
        sends=False,
        chaos=chaos,
        clock=lambda: clock.now().timestamp(),
        account=Account(**account),
    )
    redis = connect_redis(redis_url, timeout_seconds=PATIENT_SECONDS)
    cache = RedisSnapshots(redis, clock)
    source, later = PostgresSnapshots(database), _always_later()
    store = EntitlementStore(source, cache, clock, baseline=sold.baseline, monotonic=later)
    async with serving(options) as running, gatehouse(database, running, sold, clock, page_size=100) as ours:
        stripe = StripeApi("sk_test_of_the_tests", base_address=running.url)
        offers, wanted = StripeOffers(stripe.ask), offers_for(sold)
        for change in changes_between(wanted, await offers.fetch_offers(wanted)):
            await offers.make(change)
        yield Shop(running, ours, store, cache, stripe, sold)
        await stripe.close()
    await redis.aclose()


def _always_later() -> Any:
    """Memory never lasts: what a process remembers for a second is not what is shown here."""
    moments = iter(range(0, 10**9, 10))
    return lambda: float(next(moments))

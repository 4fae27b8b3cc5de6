"""Where a member is, is where its customer's address at Stripe is: learnt with the subscriptions, and followed."""

from random import Random

from billing.catalogue import parse_catalogue
from storage.database import Database
from tests.clock import FixedClock
from tests.flow.replay import SECRET, gatehouse
from tests.twin.lives import Shop
from tests.twin.test_followed import CATALOGUE, HOOK, settle
from twin.server import Options, serving


async def test_the_country_follows_the_address(database: Database, clock: FixedClock) -> None:
    options = Options(port=0, webhooks={HOOK: SECRET.decode()}, sends=False, clock=lambda: clock.now().timestamp())
    async with serving(options) as running:
        shop = Shop(twin=running.twin)
        customer = shop.customer(address={"country": "DE"}, metadata={"user_id": "ann"})
        shop.subscribe(customer, "pro")
        async with gatehouse(database, running, parse_catalogue("c.yaml", CATALOGUE), clock, page_size=100) as ours:
            await settle(running, ours, clock, Random(1))
            first = await ours.snapshot_of("ann")
            assert (first.countries, first.features_at(clock.now())) == (("DE",), {"pro"})
            running.twin.call(f"POST /v1/customers/{customer}", address={"country": "FR"})
            await settle(running, ours, clock, Random(1))
            moved = await ours.snapshot_of("ann")
            assert (moved.countries, moved.grants) == (("FR",), first.grants)
            assert moved.revision == first.revision + 1
            running.twin.call(f"POST /v1/customers/{customer}", name="Ann")
            await settle(running, ours, clock, Random(1))
            assert await ours.snapshot_of("ann") == moved, "what did not change is not recorded again"

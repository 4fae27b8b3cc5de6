"""The whole of it, selling: the twin, the served application and a worker, all over real HTTP, on one clock."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from app import build_worker
from billing.catalogue import load_catalogue
from billing.offers import changes_between, offers_for
from billing.stripe import StripeApi
from billing.stripe_offers import StripeOffers
from identity.model import Kind, Principal
from settings import load_settings
from tests.clock import FixedClock
from tests.flow.between import Between, between
from tests.flow.edge import CATALOGUE, Edge, serving
from tests.parts import SessionParts
from tests.twin.forms import Forms
from twin.account import Twin
from twin.server import Options, Running
from twin.server import serving as serving_twin

SECRET = "whsec_of_the_tests"
KEY = "sk_test_of_the_tests"
OUR_ADDRESS = "https://members.example"
PATIENCE_SECONDS = 15.0


def member(name: str) -> Principal:
    return Principal(Kind.MEMBER, name)


@dataclass
class Visitor:
    """Somebody at a page of Stripe's, with a browser without script."""

    client: httpx.AsyncClient
    url: str
    page: httpx.Response

    async def send(self, form: str, **typed: str) -> httpx.Response:
        fields = Forms(self.page.text).found[form]
        assert typed.keys() <= fields.keys()
        self.page = await self.client.post(self.url, data=fields | typed)
        return self.page


@dataclass(frozen=True)
class Selling:
    """`stripe` is the twin, reached over the `wire`; its time and ours are one."""

    edge: Edge
    running: Running
    wire: Between
    client: httpx.AsyncClient

    @property
    def stripe(self) -> Twin:
        return self.running.twin

    async def ask(self, caller: Principal, query: str, path: str = "/spa/graphql", **variables: Any) -> Any:
        """The data of an answer without errors."""
        answer = (await self.edge.ask(query, caller, path=path, variables=variables)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def visit(self, url: str) -> Visitor:
        return Visitor(self.client, url, await self.client.get(url))

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Waits for the worker, as a client would."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await is_so():  # noqa: ASYNC110 - what is waited for is seen from outside alone
                await asyncio.sleep(0.05)

    async def holds(self, caller: Principal, feature: str) -> bool:
        data = await self.ask(caller, "query($key: String!) { feature(key: $key) { available } }", key=feature)
        return data["feature"]["available"]

    async def advance(self, by: timedelta) -> None:
        """Lets time pass for everybody, and everything happen at Stripe that is due in it."""
        self.edge.clock.advance(by)
        self.running.web.catch_up()

    def of(self, caller: Principal, kind: str) -> list[Any]:
        """The objects of a kind at Stripe that name the member."""
        return [each for each in self.stripe.objects(kind) if each["metadata"].get("member_id") == caller.subject]

    def requests(self, route: str) -> int:
        """How often Stripe was asked this."""
        return self.stripe.counted[route]


@asynccontextmanager
async def selling(parts: SessionParts, folder: Path, **more: str) -> AsyncGenerator[Selling]:
    """With the demo catalogue applied. `more` are settings, such as STRIPE_API_KEY=""."""
    clock = FixedClock()
    options = Options(port=0, clock=lambda: clock.now().timestamp())
    async with (
        parts.database() as urls,
        serving_twin(options) as running,
        between(running.url) as wire,
        httpx.AsyncClient(timeout=10) as client,
    ):
        await _apply(running)
        stripe = {
            "STRIPE_API_KEY": KEY,
            "STRIPE_API_BASE": wire.url,
            "STRIPE_WEBHOOK_SECRETS": SECRET,
            "RETURN_ORIGINS": OUR_ADDRESS,
            "LOG_LEVEL": "warning",
        } | more
        redis_url = await parts.empty_redis()
        async with serving(urls.app, redis_url, clock, folder, **stripe) as edge:
            _hook(running, f"http://127.0.0.1:{edge.port}/webhooks/stripe")
            environ = {"DATA_DIR": str(folder), "DATABASE_URL": urls.app, "REDIS_URL": redis_url, **stripe}
            environ["CATALOG"] = str(CATALOGUE)
            async with _working({f"GATEHOUSE_{name}": value for name, value in environ.items()}, clock):
                yield Selling(edge, running, wire, client)


@asynccontextmanager
async def _working(environ: dict[str, str], clock: FixedClock) -> AsyncGenerator[None]:
    stop = asyncio.Event()
    working = asyncio.create_task(build_worker(load_settings(environ), clock=clock).run(stop))
    try:
        yield
    finally:
        stop.set()
        await working


async def _apply(running: Running) -> None:
    stripe = StripeApi(KEY, base_address=running.url)
    offers, wanted = StripeOffers(stripe.ask), offers_for(load_catalogue(CATALOGUE))
    for change in changes_between(wanted, await offers.fetch_offers(wanted)):
        await offers.make(change)
    await stripe.close()


def _hook(running: Running, url: str) -> None:
    twin = running.twin
    made = twin.call("POST /v1/webhook_endpoints", url=url, enabled_events=["*"])
    twin.world.change(twin.world.store.objects[made["id"]], None, _secret=SECRET)

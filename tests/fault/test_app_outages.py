"""The whole application while its servers die and come back: what a client is answered over HTTP meanwhile."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from app import build_app, build_worker
from clock import SystemClock
from content.seed import seed_content
from identity.keys import ensure_development_keys
from identity.model import Kind, Principal
from identity.tokens import mint
from settings import load_settings
from storage.database import connect
from tests.fault.breakable import Breakable, eventually
from tests.fault.truth import Truth
from webhooks.signature import signed_header

pytestmark = pytest.mark.alone

SECRET = "whsec_of_the_tests"
ARTICLES = "{ articles(first: 3) { edges { node { slug body access { granted denial { code } } } } } }"


@dataclass
class Client:
    """Asks as members over HTTP and judges every answer."""

    http: httpx.AsyncClient
    truth: Truth
    tokens: dict[str, str]
    wrong: list[str] = field(default_factory=list[str])
    answered: int = 0
    refused: int = 0
    slowest: float = 0.0
    resting: bool = False

    async def ask(self, member_id: str) -> bool:
        """Whether the articles came."""
        asked_at = time.monotonic()
        headers = {"authorization": f"Bearer {self.tokens[member_id]}"}
        response = await self.http.post("/spa/graphql", json={"query": ARTICLES}, headers=headers)
        self.slowest = max(self.slowest, time.monotonic() - asked_at)
        answer: dict[str, Any] = response.json() if response.status_code == 200 else {}
        data: Any = answer.get("data")
        articles: Any = data and data["articles"]
        codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
        if response.status_code != 200 or codes - {"UNAVAILABLE"} or not (codes or articles):
            self.wrong.append(f"{member_id}: {response.status_code} {response.text[:500]}")
        elif articles is None:
            self.refused += 1
        else:
            self.answered += 1
            for edge in articles["edges"]:
                self._judge(member_id, asked_at, edge["node"], unknown=bool(codes))
        return articles is not None

    def _judge(self, member_id: str, asked_at: float, article: Any, *, unknown: bool) -> None:
        """`unknown`: something did not answer, so that what is held may be missing; what is not held never comes."""
        possible = {"content_premium" in features for features in self.truth.possible(member_id, asked_at)}
        came, granted, denial = article["body"] is not None, article["access"]["granted"], article["access"]["denial"]
        unknown = unknown or (denial is not None and denial["code"] == "UNAVAILABLE")
        if (came and not granted) or not (came in possible or (unknown and not came)):
            self.wrong.append(f"{member_id}: {article} while premium may be {possible}")

    async def read(self, member_id: str) -> None:
        while not self.resting:
            await self.ask(member_id)
            await asyncio.sleep(0.05)

    async def change(self) -> None:
        while not self.resting:
            await self.truth.change()
            await asyncio.sleep(0.4)

    async def under_load(self, body: Awaitable[None], *, changing: bool) -> None:
        async with asyncio.TaskGroup() as group:
            if changing:
                group.create_task(self.change())
            for member_id in self.truth.members:
                group.create_task(self.read(member_id))
            await body
            self.resting = True

    async def all_answer(self) -> bool:
        return all([await self.ask(member_id) for member_id in self.truth.members])

    async def deliver(self, event_id: str) -> int:
        """A signed event of Stripe's; the status it is answered with."""
        subscription = {"id": "sub_1", "object": "subscription", "customer": "cus_1"}
        event = {"id": event_id, "object": "event", "type": "customer.subscription.updated", "livemode": False}
        event |= {"created": int(SystemClock().now().timestamp()), "data": {"object": subscription}}
        body = orjson.dumps(event)
        headers = {"stripe-signature": signed_header(body, [SECRET.encode()], SystemClock().now()).decode()}
        return (await self.http.post("/webhooks/stripe", content=body, headers=headers)).status_code


@pytest.fixture
async def client(breakable: Breakable, tmp_path: Path) -> AsyncIterator[Client]:
    settings = load_settings(
        {
            "GATEHOUSE_DATA_DIR": str(tmp_path),
            "GATEHOUSE_DATABASE_URL": breakable.addresses.app_url,
            "GATEHOUSE_REDIS_URL": breakable.addresses.redis_url,
            "GATEHOUSE_STRIPE_WEBHOOK_SECRETS": SECRET,
        }
    )
    database = connect(breakable.addresses.app_url)
    clock = SystemClock()
    await seed_content(database, clock.now())
    truth = Truth(database, clock, seed=7)
    always, never, *changing = (f"mem_{secrets.token_hex(4)}" for _ in range(6))
    await truth.introduce(always, never, *changing)
    await truth.give(always, "content_premium")
    await truth.give(never, "downloads")
    key = ensure_development_keys(tmp_path).signing
    tokens = {
        each: mint(Principal(Kind.MEMBER, each), key, timedelta(minutes=5), issuer="gatehouse", now=clock.now())
        for each in truth.members
    }
    app, stop = build_app(settings), asyncio.Event()
    worker = asyncio.create_task(build_worker(settings).run(stop))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield Client(http, truth, tokens)
    stop.set()
    await worker
    await database.close()


async def test_redis_killed_and_restarted_under_load(client: Client, breakable: Breakable) -> None:
    async def outages() -> None:
        for down_seconds in (2.5, 0.0):
            await asyncio.sleep(1)
            breakable.kill_redis()
            await asyncio.sleep(down_seconds)
            assert await client.deliver(f"evt_{secrets.token_hex(8)}") == 200
            await breakable.start_redis()
            await asyncio.sleep(2)

    await client.under_load(outages(), changing=True)
    assert client.wrong == []
    assert client.refused == 0
    assert client.answered > 100


@pytest.mark.parametrize("how", ["killed", "paused"])
async def test_postgres_unreachable_under_load(client: Client, breakable: Breakable, how: str) -> None:
    lost = f"evt_{secrets.token_hex(8)}"

    async def outage() -> None:
        assert await client.all_answer()
        await asyncio.to_thread(breakable.kill_postgres if how == "killed" else breakable.pause_postgres)
        assert await client.deliver(lost) == 503
        await asyncio.sleep(1)
        answered = client.answered
        await asyncio.sleep(2)
        assert client.answered == answered
        await (breakable.start_postgres() if how == "killed" else asyncio.to_thread(breakable.resume_postgres))
        await eventually(client.all_answer)
        assert await client.deliver(lost) == 200

    await client.under_load(outage(), changing=False)
    assert client.wrong == []
    assert client.refused > 0
    assert client.slowest < 1

"""Everything at work at once, with a cut to make at every joint: readers, changes, deliveries, a worker process.

Readers and the publisher are in this process, the worker in another; PostgreSQL, Redis and Stripe are reached through
proxies. What is delivered are histories under new names, each to end in the rows that it ends in undisturbed.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import orjson
from sqlalchemy import make_url

from storage.database import connect
from tests.clock import FixedClock
from tests.fault.breakable import Breakable, eventually
from tests.fault.figures.model import Scale
from tests.fault.load import Scene, playing
from tests.fault.proxy import Proxy, proxied
from tests.fault.worker_processes import Nursery, Task, kill, nursery
from tests.flow.replay import SECRET, Gatehouse, at, final_rows, gatehouse, post
from tests.flow.shuffles import final_rows_in_order
from tests.stripe_server.catalogues import catalogue_of
from tests.stripe_server.history import History, Step, load_histories
from tests.stripe_server.server import StripeServer, serving
from tests.stripe_server.world import World
from webhooks.signature import signed_header

HEALED_SECONDS = 60.0
DUE = "SELECT count(*) AS due FROM customer_sync WHERE dirty > clean"


@dataclass
class Deliveries:
    """What Stripe sends: again and again until it is answered with 200."""

    statuses: list[tuple[float, int, float]] = field(default_factory=list[tuple[float, int, float]])
    """When, what it was answered with, and how many seconds that took."""
    unanswered: list[Step] = field(default_factory=list[Step])
    customers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Id and suffix."""

    def between(self, start: float, end: float) -> list[tuple[int, float]]:
        return [(status, took) for when, status, took in self.statuses if start <= when and when + took < end]


@dataclass
class Plant:
    breakable: Breakable
    proxies: dict[str, Proxy]
    server: StripeServer
    children: Nursery
    task: Task
    house: Gatehouse
    scene: Scene
    history: History
    expected: bytes
    worker: int = 0
    number: int = 0
    changing: bool = True
    resting: bool = False
    change_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a change is being made, which nobody may interrupt: whether it was committed would not be known."""
    deliveries: Deliveries = field(default_factory=Deliveries)

    async def break_part(self, part: str, how: str) -> None:
        match part, how:
            case ("redis" | "postgres" | "stripe", "cut"):
                await self.proxies[part].refuse()
            case ("redis" | "postgres" | "stripe", "silent"):
                self.proxies[part].fall_silent()
            case "stripe", status:
                self.server.failing_with = int(status)
            case "worker", "killed":
                kill(self.worker)
            case "worker", _:
                os.kill(self.worker, signal.SIGSTOP)
            case "redis", "killed":
                await asyncio.to_thread(self.breakable.kill_redis)
            case "redis", _:
                self.breakable.pause_redis()
            case "postgres", "killed":
                await asyncio.to_thread(self.breakable.kill_postgres)
            case _:
                self.breakable.pause_postgres()

    async def mend(self, part: str, how: str) -> None:
        match part, how:
            case ("redis" | "postgres" | "stripe", "cut" | "silent"):
                await self.proxies[part].mend()
            case "stripe", _:
                self.server.failing_with = None
            case "worker", "killed":
                self.worker = await self.children.start(self.task)
            case "worker", _:
                os.kill(self.worker, signal.SIGCONT)
            case "redis", "killed":
                await self.breakable.start_redis()
            case "redis", _:
                self.breakable.resume_redis()
            case "postgres", "killed":
                await self.breakable.start_postgres()
            case _:
                self.breakable.resume_postgres()

    async def change(self) -> None:
        while not self.resting:
            async with self.change_lock:
                if self.changing:
                    await self.scene.load.truth.change()
            await asyncio.sleep(0.05)

    async def stop_changing(self) -> None:
        """Returns when no change is being made any more."""
        self.changing = False
        async with self.change_lock:
            pass

    async def read(self, rate: float) -> None:
        """So many decisions a second, whether or not those before have been made."""
        load, members = self.scene.load, self.scene.load.truth.members
        started = time.monotonic()
        async with asyncio.TaskGroup() as group:
            turn = 0
            while not self.resting:
                turn += 1
                group.create_task(load.ask(load.processes[turn % 2], members[turn % len(members)]))
                await asyncio.sleep(max(0.0, started + turn / rate - time.monotonic()))

    async def deliver(self) -> None:
        """A customer's whole history, over and over, each under another name."""
        while not self.resting:
            await self.deliver_customer()
            await asyncio.sleep(0.2)

    async def deliver_customer(self) -> None:
        self.number += 1
        own = self.history.renamed(f"p{self.number:05}p")
        self.server.add(World(own, len(own.steps)))
        self.deliveries.customers.append((own.customer_id, f"p{self.number:05}p"))
        for step in own.steps:
            await self.send(step)

    async def send(self, step: Step) -> None:
        body = orjson.dumps(step.event)
        sent_at = time.monotonic()
        status = await post(self.house.app, body, signed_header(body, [SECRET], self.house.clock.now()))
        self.deliveries.statuses.append((sent_at, status, time.monotonic() - sent_at))
        if status != 200:
            self.deliveries.unanswered.append(step)

    async def send_again(self) -> None:
        async with asyncio.timeout(HEALED_SECONDS):
            while self.deliveries.unanswered:
                again, self.deliveries.unanswered = self.deliveries.unanswered, []
                for step in again:
                    await self.send(step)
                await asyncio.sleep(0.2 if self.deliveries.unanswered else 0)

    async def is_synced(self) -> bool:
        return (await self.house.database.fetch(DUE))[0].due == 0

    async def count_wrong_customers(self) -> int:
        """Customers whose rows are not those of their history."""
        direct = connect(self.breakable.addresses.app_url)
        try:
            rows = [await final_rows(direct, *customer) for customer in self.deliveries.customers]
        finally:
            await direct.close()
        return sum(each != self.expected for each in rows)

    async def heal(self) -> float:
        """Seconds until all that was sent is applied, every decision available, and the cache true."""
        began = time.monotonic()
        await self.send_again()
        await eventually(self.is_synced, HEALED_SECONDS)
        await eventually(self.scene.load.all_available, HEALED_SECONDS)
        await eventually(self.scene.cache_agrees, HEALED_SECONDS)
        return time.monotonic() - began

    @asynccontextmanager
    async def at_work(self, scale: Scale) -> AsyncGenerator[None]:
        """Whatever has been begun is ended, not broken off."""
        self.resting, self.changing = False, True
        async with asyncio.TaskGroup() as group:
            for doing in (self.change(), self.read(scale.rate), self.deliver()):
                group.create_task(doing)
            yield
            self.resting = True


@asynccontextmanager
async def planted(breakable: Breakable) -> AsyncGenerator[Plant]:
    history = load_histories()[0]
    clock = FixedClock(at(history.steps[-1].created))
    catalogue = catalogue_of(history.catalogue, history.policy)
    direct = connect(breakable.addresses.app_url)
    expected = await final_rows_in_order(history, direct, clock)
    await direct.close()
    clock.at = at(history.steps[-1].created)
    socket = breakable.addresses.postgres.sockets / ".s.PGSQL.5432"
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving(StripeServer()))
        stripe_port = urlsplit(server.url).port
        ways = {
            "postgres": lambda: asyncio.open_unix_connection(socket),
            "redis": lambda: asyncio.open_unix_connection(breakable.addresses.valkey.socket),
            "stripe": lambda: asyncio.open_connection("127.0.0.1", stripe_port),
        }
        proxies = {part: await stack.enter_async_context(proxied(dial)) for part, dial in ways.items()}
        url = make_url(breakable.addresses.app_url).set(host="127.0.0.1", port=proxies["postgres"].port, query={})
        database_url = url.render_as_string(hide_password=False)
        redis_url = f"redis://127.0.0.1:{proxies['redis'].port}"
        database = connect(database_url)
        stack.push_async_callback(database.close)
        house = await stack.enter_async_context(gatehouse(database, server, catalogue, clock))
        children = await stack.enter_async_context(nursery())
        task = Task(database_url, f"http://127.0.0.1:{proxies['stripe'].port}", history.name, history.steps[-1].created)
        own_url = breakable.addresses.app_url
        scene = await stack.enter_async_context(playing(database_url, redis_url, clock, own_url=own_url))
        plant = Plant(breakable, proxies, server, children, task, house, scene, history, expected)
        plant.worker = await children.start(task)
        try:
            yield plant
        finally:
            kill(plant.worker)

"""A3: web, worker and publisher killed by SIGKILL at each of their steps, and what is left brought to its end."""

import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import orjson

from gating.model import Grant, Source
from gating.postgres import PostgresSnapshots
from gating.publish import publish_pending
from gating.record import record_grants
from gating.redis import RedisSnapshots
from identity.members import ensure_member
from storage.database import Database, connect
from storage.redis import connect_redis
from tests.clock import FixedClock
from tests.fault.breakable import Breakable, eventually
from tests.fault.dying import Life, Nursery, Role, dying_processes
from tests.fault.figures.model import Figure, Scale
from tests.flow.replay import Gatehouse, at, final_rows, gatehouse
from tests.flow.shuffles import final_rows_in_order
from tests.stripe_server.catalogues import catalogue_of
from tests.stripe_server.history import History, load_histories
from tests.stripe_server.server import StripeServer, serving
from tests.stripe_server.world import World

REST_SECONDS = 30.0
LEAST_POINTS: Mapping[Role, int] = {"web": 4, "worker": 40, "publisher": 10}
"""The bar asks for 25 in all."""

DUE = "SELECT count(*) AS due FROM customer_sync WHERE dirty > clean"
STORED = "SELECT count(*) AS stored FROM stripe_event WHERE id = :id"


@dataclass
class Toll:
    """Kills by role and step, and everything that was wrong afterwards."""

    kills: Counter[tuple[Role, str]] = field(default_factory=Counter[tuple[Role, str]])
    wrong: list[str] = field(default_factory=list[str])
    slowest: float = 0.0


@dataclass
class Scaffold:
    """What the processes work on; `expected` are the rows that every customer has to end in."""

    database: Database
    house: Gatehouse
    server: StripeServer
    children: Nursery
    cache: RedisSnapshots
    life: Life
    history: History
    expected: bytes
    role: Role
    number: int = 0

    def another(self) -> tuple[History, str]:
        self.number += 1
        suffix = f"{self.role}{self.number:05}k"
        own = self.history.renamed(suffix)
        self.server.add(World(own, len(own.steps)))
        return own, suffix


async def measure_kills(
    name: Role, breakable: Breakable, scale: Scale, *, first: int = 1, every: int = 1
) -> list[Figure]:
    """Of its steps the first one and each so many further: the longest life is measured in parts, side by side."""
    toll, kill = Toll(), KILLS[name]
    async with scaffolded(breakable, name) as scaffold:
        steps = await kill(scaffold, 0, toll)
        for number in range(first, len(steps) + 1, every):
            for _ in range(scale.kills):
                await kill(scaffold, number, toll)
    points, total = len(toll.kills), toll.kills.total()
    which = "each" if every == 1 else f"each {every}th (from {first})"
    bar = f"{name} killed at {which} of its named steps, x 200: no answered event lost, at rest within 30 s"
    measured = f"{total} kills at {points} steps; {len(toll.wrong)} wrong; at rest in {toll.slowest:.1f} s at most"
    well = points >= LEAST_POINTS[name] / every and not toll.wrong and toll.slowest <= REST_SECONDS
    return [Figure("A3", bar, measured, well)]


async def kill_web(scaffold: Scaffold, dies_at: int, toll: Toll) -> tuple[str, ...]:
    """A delivery whose process dies, and Stripe's next attempt: stored once, whatever was answered."""
    own, suffix = scaffold.another()
    first, *rest = own.steps
    life = replace(scaffold.life, role="web", dies_at=dies_at, body=orjson.dumps(first.event).decode())
    death = await scaffold.children.live(life)
    [row] = await scaffold.database.fetch(STORED, {"id": first.id})
    _count(toll, "web", dies_at, death.steps)
    if death.status == 200 and row.stored != 1:
        toll.wrong.append(f"I6: web killed at {death.steps[-1]}: answered and not stored")
    began = time.monotonic()
    if death.status != 200:
        await scaffold.house.deliver(first)
    await scaffold.house.deliver_all(rest)
    await scaffold.house.worker.run_until_idle()
    await _judge(scaffold, own, suffix, toll, f"web killed at {death.steps[-1]}", began)
    return death.steps


async def kill_worker(scaffold: Scaffold, dies_at: int, toll: Toll) -> tuple[str, ...]:
    """A worker dies in the middle of a customer; another one finishes when the lease has ended."""
    own, suffix = scaffold.another()
    await scaffold.house.deliver_all(own.steps)
    death = await scaffold.children.live(replace(scaffold.life, role="worker", dies_at=dies_at))
    _count(toll, "worker", dies_at, death.steps)
    began = time.monotonic()

    async def rests() -> bool:
        await scaffold.house.worker.run_until_idle()
        return (await scaffold.database.fetch(DUE))[0].due == 0

    await eventually(rests, REST_SECONDS)
    await _judge(scaffold, own, suffix, toll, f"worker killed at {death.steps[-1]}", began)
    return death.steps


async def kill_publisher(scaffold: Scaffold, dies_at: int, toll: Toll) -> tuple[str, ...]:
    """A publisher dies between outbox and cache; another one leaves the cache true."""
    scaffold.number += 1
    member_id, now = f"mem_k{scaffold.number}", scaffold.house.clock.now()
    async with scaffold.database.transaction() as connection:
        await ensure_member(connection, member_id)
    source = PostgresSnapshots(scaffold.database)
    for feature in ("downloads", "analytics"):
        grant = Grant(feature, Source.MANUAL, "gift")
        async with scaffold.database.transaction() as connection:
            await record_grants(
                connection, member_id, owner=member_id, grants=[grant], limits=(), cause="test", now=now
            )
        if feature == "downloads":
            await publish_pending(scaffold.database, source, scaffold.cache)
    death = await scaffold.children.live(replace(scaffold.life, role="publisher", dies_at=dies_at))
    _count(toll, "publisher", dies_at, death.steps)
    began = time.monotonic()
    await publish_pending(scaffold.database, source, scaffold.cache)
    toll.slowest = max(toll.slowest, time.monotonic() - began)
    if await scaffold.cache.find(member_id) not in (None, await source.get_snapshot(member_id)):
        toll.wrong.append(f"I2: publisher killed at {death.steps[-1]}: the cache is stale")
    return death.steps


KILLS: Mapping[Role, Callable[[Scaffold, int, Toll], Awaitable[tuple[str, ...]]]] = {
    "web": kill_web,
    "worker": kill_worker,
    "publisher": kill_publisher,
}


def _count(toll: Toll, role: Role, dies_at: int, steps: tuple[str, ...]) -> None:
    if dies_at:
        toll.kills[role, f"{len(steps)} {steps[-1]}"] += 1


async def _judge(scaffold: Scaffold, own: History, suffix: str, toll: Toll, name: str, began: float) -> None:
    toll.slowest = max(toll.slowest, time.monotonic() - began)
    if await final_rows(scaffold.database, own.customer_id, suffix) != scaffold.expected:
        toll.wrong.append(f"I9: {name}: other rows than undisturbed")


@asynccontextmanager
async def scaffolded(breakable: Breakable, role: Role) -> AsyncGenerator[Scaffold]:
    history = load_histories()[0]
    now = history.steps[-1].created
    clock, catalogue = FixedClock(at(now)), catalogue_of(history.catalogue, history.policy)
    database_url, redis_url = breakable.addresses.app_url, breakable.addresses.redis_url
    database = connect(database_url)
    expected = await final_rows_in_order(history, database, clock)
    clock.at = at(now)
    client = connect_redis(redis_url, timeout_seconds=5)
    async with (
        serving(StripeServer()) as server,
        dying_processes() as children,
        gatehouse(database, server, catalogue, clock) as house,
    ):
        life = Life("web", database_url, redis_url, server.url, history.name, now)
        cache = RedisSnapshots(client, clock)
        yield Scaffold(database, house, server, children, cache, life, history, expected, role)
    await client.aclose()
    await database.close()

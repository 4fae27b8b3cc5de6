"""A4, A11, A13 and A14: each part killed, paused, cut off and silent, alone and in pairs, with everything at work."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import asyncpg

from tests.fault.breakable import Breakable, eventually
from tests.fault.figures.model import Figure, Scale, percentile
from tests.fault.figures.plant import Plant, planted

Fault = tuple[str, str]
REDIS: tuple[Fault, ...] = (("redis", "killed"), ("redis", "paused"), ("redis", "cut"), ("redis", "silent"))
POSTGRES: tuple[Fault, ...] = (
    ("postgres", "killed"),
    ("postgres", "paused"),
    ("postgres", "cut"),
    ("postgres", "silent"),
)
STRIPE: tuple[Fault, ...] = (("stripe", "429"), ("stripe", "500"), ("stripe", "cut"), ("stripe", "silent"))
WORKER: tuple[Fault, ...] = (("worker", "killed"), ("worker", "paused"))
PARTS: Mapping[str, Sequence[Fault]] = {"redis": REDIS, "postgres": POSTGRES, "stripe": STRIPE, "worker": WORKER}
PAIRS = tuple(combinations(PARTS, 2))
ONE_WAY: Mapping[tuple[str, str], tuple[Fault, Fault]] = {
    ("redis", "postgres"): (("redis", "killed"), ("postgres", "cut")),
    ("redis", "stripe"): (("redis", "silent"), ("stripe", "500")),
    ("redis", "worker"): (("redis", "cut"), ("worker", "killed")),
    ("postgres", "stripe"): (("postgres", "killed"), ("stripe", "cut")),
    ("postgres", "worker"): (("postgres", "silent"), ("worker", "paused")),
    ("stripe", "worker"): (("stripe", "429"), ("worker", "killed")),
}
"""Of each pair of parts, where not every way is measured."""
PAIR_SECONDS = 10.0
"""Of each outage of two parts, at most."""
CRASH_PARTS = 2
REST_SECONDS = 30.0
OPENED_SECONDS = 1.0
"""In which a breaker has to open."""
HANDLES = 6
CONNECTIONS = HANDLES * 21
"""To PostgreSQL at most: each handle has ten for transactions, ten for reads and one to listen."""


@dataclass(frozen=True)
class Outage:
    """What one outage did; `decided` counts the decisions asked for after the breaker's second. Milliseconds."""

    name: str
    wrong: int
    unavailable: int
    decided: int
    p99: float
    longest: float
    healed_seconds: float
    statuses: frozenset[int]
    ack_p99: float
    usual_ack_p99: float
    wrong_customers: int
    connections: int = 0


async def suffer(plant: Plant, faults: tuple[Fault, ...], scale: Scale) -> Outage:
    """Everything at work, the faults for so many seconds, then healing; judged from beginning to end."""
    load = plant.scene.load
    wrong, unavailable, started = len(load.wrong), load.unavailable, time.monotonic()
    async with plant.at_work(scale):
        await asyncio.sleep(1)
        if any(part == "postgres" for part, _ in faults):
            await plant.stop_changing()  # entries decide for up to a minute then, so that they must be the latest
            await eventually(plant.scene.cache_agrees, 30)
        for fault in faults:
            await plant.break_part(*fault)
        began = time.monotonic()
        await asyncio.sleep(scale.outage_seconds + OPENED_SECONDS)
        ended = time.monotonic()
        connections = 0 if any(part == "postgres" for part, _ in faults) else await count_connections(plant)
        for fault in faults:
            await plant.mend(*fault)
        await asyncio.sleep(0.5)
    healed = await plant.heal()
    took = [seconds for asked_at, seconds in load.took if began + OPENED_SECONDS <= asked_at < ended]
    answered = plant.deliveries.between(began + OPENED_SECONDS, ended)
    return Outage(
        " and ".join(f"{part} {how}" for part, how in faults),
        len(load.wrong) - wrong,
        load.unavailable - unavailable,
        len(took),
        percentile(took, 0.99),
        percentile(took, 1),
        healed,
        frozenset(status for status, _ in answered),
        percentile([seconds for _, seconds in answered], 0.99),
        percentile([seconds for _, seconds in plant.deliveries.between(started, began)], 0.99),
        await plant.count_wrong_customers(),
        connections,
    )


async def count_connections(plant: Plant) -> int:
    """All that the application's login has to PostgreSQL now: of three readers, the endpoint, a writer, a worker."""
    direct = await asyncpg.connect(plant.breakable.addresses.app_url)
    try:
        return await direct.fetchval("SELECT count(*) - 1 FROM pg_stat_activity WHERE usename = current_user")
    finally:
        await direct.close()


async def measure_alone(part: str, ways: Sequence[Fault], breakable: Breakable, scale: Scale) -> list[Figure]:
    return await measure_some(part, breakable, scale, [(way,) for way in ways])


async def measure_pair(parts: tuple[str, str], breakable: Breakable, scale: Scale) -> list[Figure]:
    shorter = replace(scale, outage_seconds=min(scale.outage_seconds, PAIR_SECONDS))
    one, other = parts
    every = [*product(PARTS[one], PARTS[other])] if scale.every_pair else [ONE_WAY[parts]]
    return await measure_some(f"{one} and {other}", breakable, shorter, every)


async def measure_crashes(part: int, breakable: Breakable, scale: Scale) -> list[Figure]:
    """Killed and started again at once, over and over, with everything at work; `part` of CRASH_PARTS."""
    brief = replace(scale, outage_seconds=0.0)
    async with planted(breakable) as plant:
        times = range(part, scale.crashes + 1, CRASH_PARTS)
        every = [((each, "killed"),) for _ in times for each in ("redis", "postgres")]
        outages = [await suffer(plant, faults, brief) for faults in every]
    wrong, lost = sum(each.wrong for each in outages), outages[-1].wrong_customers
    slowest = max(each.healed_seconds for each in outages)
    share = f"{part} of {CRASH_PARTS}"
    bar = (
        f"Redis and PostgreSQL killed, x 200 ({share}): no answered event lost, no wrong decision, at rest within 30 s"
    )
    measured = f"{len(outages)} kills; {wrong} decisions and {lost} customers wrong; at rest in {slowest:.1f} s at most"
    return [Figure("A3", bar, measured, wrong == lost == 0 and slowest <= REST_SECONDS)]


async def measure_some(
    parts: str, breakable: Breakable, scale: Scale, every: Sequence[tuple[Fault, ...]]
) -> list[Figure]:
    async with planted(breakable) as plant:
        outages = [await suffer(plant, faults, scale) for faults in every]
        examples = "; ".join(plant.scene.load.wrong[:3])
    return list(figures_of(parts, outages, scale, examples))


def figures_of(parts: str, outages: Sequence[Outage], scale: Scale, examples: str) -> Iterator[Figure]:
    wrong, lost = sum(each.wrong for each in outages), sum(each.wrong_customers for each in outages)
    decided = sum(each.decided for each in outages)
    named = f"{len(outages)} outages of {scale.outage_seconds:.0f} s"
    bar = f"no decision leaks beyond 2 s or locks out who paid: outages of {parts}"
    yield Figure("A4", bar, f"{wrong} wrong of {decided} decisions in {named} {examples}".strip(), wrong == 0)
    healed = max(each.healed_seconds for each in outages)
    bar = f"each heals by itself, and every event is applied: outages of {parts}"
    yield Figure("3.4", bar, f"after {healed:.1f} s at most; {lost} customers wrong", lost == 0)
    for each in outages:
        match [name.split()[0] for name in each.name.split(" and ")]:
            case ["redis"]:
                yield from redis_figures(each)
            case ["postgres"]:
                yield postgres_figure(each)
            case ["stripe"]:
                yield from stripe_figures(each)
            case _:
                yield from other_figures(each)


def redis_figures(outage: Outage) -> Iterator[Figure]:
    right = outage.wrong == outage.unavailable == 0
    bar = f"{outage.name}: all decisions right, none refused, connections to PostgreSQL <= pools"
    measured = (
        f"{outage.wrong} wrong, {outage.unavailable} refused of {outage.decided}, {outage.connections} connections"
    )
    yield Figure("A11", bar, f"{measured} of {CONNECTIONS}", right and outage.connections <= CONNECTIONS)
    bar = f"{outage.name}: p99 <= 50 ms from 1 s on"
    yield Figure("A11", bar, f"{outage.p99:.1f} ms, the longest {outage.longest:.1f} ms", outage.p99 <= 50, timing=True)


def postgres_figure(outage: Outage) -> Figure:
    bar = f"{outage.name}: no wrong grant, deliveries answered 503, all of them applied afterwards"
    measured = f"{outage.wrong} wrong, answers {sorted(outage.statuses)}, {outage.wrong_customers} customers wrong"
    right = outage.wrong == outage.wrong_customers == 0
    return Figure("A13", bar, measured, right and outage.statuses == frozenset({503}))


def stripe_figures(outage: Outage) -> Iterator[Figure]:
    bar = f"{outage.name}: deliveries answered 200, the backlog drained within N/20 + 60 s"
    measured = f"answers {sorted(outage.statuses)}, drained in {outage.healed_seconds:.1f} s"
    yield Figure("A14", bar, measured, outage.statuses == frozenset({200}) and outage.healed_seconds <= 60)
    bar = f"{outage.name}: deliveries answered as fast as ever (p99 <= 25 ms, or 1.5 times what it was before)"
    measured = f"p99 {outage.ack_p99:.1f} ms, before {outage.usual_ack_p99:.1f} ms"
    yield Figure("A14", bar, measured, outage.ack_p99 <= max(25, 1.5 * outage.usual_ack_p99), timing=True)


def other_figures(outage: Outage) -> Iterator[Figure]:
    bar = f"{outage.name}: no wrong decision; heals by itself"
    measured = f"{outage.wrong} wrong of {outage.decided}, healed in {outage.healed_seconds:.1f} s"
    yield Figure("3.4", bar, measured, outage.wrong == outage.wrong_customers == 0)
    yield Figure("3.4", f"{outage.name}: p99 <= 1 s", f"{outage.p99:.1f} ms", outage.p99 <= 1000, timing=True)

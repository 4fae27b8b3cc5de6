"""One crowd of lives, from first to rest, with everything running; and what was wrong on the way."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random

from billing.queue import count_waiting
from gating.publish import count_pending
from storage.cancelling import heed_cancellation
from tests.chaos.crowd import Crowd, Plan, acts_of, crowd
from tests.chaos.house import Variant
from tests.chaos.judging import fault_in
from tests.chaos.rest import faults_at_rest
from tests.chaos.shop import MEMBER_KEY, RULES
from tests.chaos.weather import Weather, foul, ruffled
from tests.parts import SessionParts
from twin.hooks.chaos import Chaos
from twin.reading import Told, demands_of

DAY = 86_400
LEAPS = (0.0, 0.01 * DAY, 0.5 * DAY, 3 * DAY, 7 * DAY, 12 * DAY)
ROUND_SECONDS = 0.35
MARK_SECONDS = 0.02
EVICTIONS_A_SECOND = 20
"""Of entries in Redis, which it may always lose."""

DELIVERIES_WAITING, CUSTOMERS_DUE = 4, 2
"""With more, those who live there wait too: the machine's speed is not what is judged."""

DUE = """SELECT (SELECT count(*) FROM customer_sync
    WHERE dirty > clean AND dead_at IS NULL AND (retry_at IS NULL OR retry_at <= now()))
  + (SELECT count(*) FROM stripe_unlinked WHERE retry_at <= now()) AS due"""
"""What a worker has begun, or would begin at once if it were free; not what waits for its second."""

SETTLE_SECONDS = 45.0


@dataclass
class Report:
    """What was wrong, by member or other id: decisions on the way, and what was held at rest."""

    decisions: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    rest: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    stories: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    counts: Counter[str] = field(default_factory=Counter[str])

    @property
    def faulty(self) -> bool:
        return bool(self.decisions or self.rest)


async def live(plan: Plan, parts: SessionParts, variant: Variant = Variant()) -> Report:  # noqa: B008 - it is frozen
    report = Report()
    weathers = (ruffled(Random(f"{plan.seed} weather"), 3), foul(2), ruffled(Random(f"{plan.seed} later"), 2))
    async with crowd(plan, parts, variant) as met:
        async with asyncio.TaskGroup() as jobs:
            jobs.create_task(met.watch.run())
            tasks = [jobs.create_task(job) for job in (met.sender.run(), _marking(met), _evicting(met))]
            for weather in weathers:
                await _through(met, weather, report)
            await _come_to_rest(met, report)
            met.watch.ended = True  # not cancelled: an operation cut off half-way leaves coroutines that never ran
            for task in tasks:
                task.cancel()
        met.mark()
        _judge(met, report)
    return report


async def _marking(met: Crowd) -> None:
    while True:
        met.mark()
        await asyncio.sleep(MARK_SECONDS)


async def _evicting(met: Crowd) -> None:
    dice = Random(f"{met.plan.seed} evictions")
    while True:
        await met.house.redis.delete(f"e:{{{dice.choice(met.watch.members)}}}")
        heed_cancellation()
        await asyncio.sleep(1 / EVICTIONS_A_SECOND)


async def _through(met: Crowd, weather: Weather, report: Report) -> None:
    """So many rounds of it; after lossy ones all is mended before the two seconds count again."""
    met.running.twin.chaos = met.running.twin.post.chaos = replace(weather.chaos)
    met.house.door.away = weather.away
    if weather.lossy:
        met.watch.lossy_since = time.monotonic()
    for _ in range(weather.rounds):
        await _round(met)
    if weather.lossy:
        await _come_to_rest(met, report)
        met.watch.lossy_since = None


async def _round(met: Crowd) -> None:
    """Each does something, now and then two things within a second; then time leaps. The same for the same seed."""
    began = time.monotonic()
    met.round += 1
    for person in met.people:
        for act in acts_of(met.plan, person.member, met.round):
            person.story.append(f"-- {act} at {met.house.clock.now():%Y-%m-%d %H:%M:%S}")
            acting = time.monotonic()
            person.act(act)
            met.mark()
            await asyncio.sleep(time.monotonic() - acting)  # the twin's work must not take all of a slow machine's time
        await _keep_pace(met)
    await _leap(met, Random(f"{met.plan.seed} leap {met.round}").choice(LEAPS))
    await asyncio.sleep(max(0.0, began + ROUND_SECONDS - time.monotonic()))


async def _leap(met: Crowd, seconds: float) -> None:
    """From one instant at which anything happens by itself to the next: of those who renew in it, each in turn."""
    twin = met.running.twin
    until = met.house.clock.seconds() + seconds
    while (due := twin.world.agenda.next_at(None)) is not None and due <= until:
        met.leap(max(0.0, due + 0.001 - met.house.clock.seconds()))
        await _keep_pace(met)
    met.leap(max(0.0, until - met.house.clock.seconds()))


async def _keep_pace(met: Crowd) -> None:
    await asyncio.sleep(0)
    while await _is_behind(met):  # noqa: ASYNC110 - the queue is the database's
        await asyncio.sleep(0.01)


async def _is_behind(met: Crowd) -> bool:
    [row] = await met.house.database.fetch(DUE)
    return len(met.sender.under_way) > DELIVERIES_WAITING or row.due > CUSTOMERS_DUE


async def _come_to_rest(met: Crowd, report: Report) -> None:
    """And look what is held then; once more where time itself brought something new meanwhile."""
    found: list[tuple[str, str]] = []
    for _ in range(3):
        await _settle(met)
        twin, known = met.running.twin, len(met.running.twin.log)
        found = [fault async for fault in faults_at_rest(met.house, twin, demands_of(twin.log, RULES, MEMBER_KEY))]
        if len(twin.log) == known:
            break
    for who, fault in found:
        report.rest.setdefault(who, []).append(fault)


async def _settle(met: Crowd) -> None:
    """No more chaos: what is under way arrives, what never did is fetched, and the worker comes to rest."""
    met.running.twin.chaos = met.running.twin.post.chaos = Chaos()
    met.house.door.away = 0.0
    deadline = time.monotonic() + SETTLE_SECONDS
    while (waiting := met.running.twin.post.waiting) or met.sender.under_way:
        if waiting and not met.sender.under_way:
            met.leap(max(0.0, min(each.at for each in waiting) - met.running.twin.now))
        await asyncio.sleep(0.02)
    if met.variant.backfills:
        await met.house.backfill.fill_if_due(every_seconds=0)
    while await _busy(met) and time.monotonic() < deadline:  # noqa: ASYNC110 - the queue is the database's
        await asyncio.sleep(0.05)


async def _busy(met: Crowd) -> bool:
    database = met.house.database
    [unlinked] = await database.fetch("SELECT count(*) AS waiting FROM stripe_unlinked")
    return bool(await count_waiting(database) or await count_pending(database) or unlinked.waiting)


def _judge(met: Crowd, report: Report) -> None:
    twin = met.running.twin
    told = demands_of(twin.log, RULES, MEMBER_KEY)
    for decision in met.watch.decisions:
        report.counts["decisions while news was lost" if decision.lossy_since else "decisions"] += 1
        report.counts[f"decisions by {decision.by}"] += 1
        if fault := fault_in(decision, told.get(decision.member, {}).values(), met.written):
            report.decisions.setdefault(decision.member, []).append(fault)
    for fault in met.watch.faults:
        report.decisions.setdefault(fault.partition(":")[0], []).append(fault)
    report.stories = {each.member: each.story for each in met.people}
    report.counts["lives"] += len(met.people)
    report.counts["free lives"] += sum(not _ever_gave(told.get(each.member, {})) for each in met.people)
    report.counts["subscriptions"] += len(twin.objects("subscription"))
    report.counts["events"] += len(twin.events())
    report.counts["deliveries"] += len(twin.post.done)
    report.counts["acts"] += sum(line.startswith("--") for each in met.people for line in each.story)


def _ever_gave(customers: Mapping[str, Told]) -> bool:
    return any(len(told.given) > 1 for told in customers.values())

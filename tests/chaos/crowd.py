"""A crowd of people at the twin, beside the service, watched: all that takes part in one run."""

import time
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from tests.chaos.clock import LeapingClock
from tests.chaos.house import SECRET, House, Variant, housed
from tests.chaos.judging import Written
from tests.chaos.person import Person
from tests.chaos.sending import Sender
from tests.chaos.shop import stock
from tests.chaos.watch import Watch
from tests.parts import SessionParts
from twin.core.settings import Account
from twin.server import Options, Running, serving

HOOK = "http://gatehouse.test/webhooks/stripe"


@dataclass(frozen=True, slots=True)
class Plan:
    """`people` lives by one seed; only those of `only`, where given, and without the acts named in `idle`."""

    seed: str
    people: int = 50
    only: Collection[str] | None = None
    idle: Collection[str] = ()


@dataclass
class Crowd:
    plan: Plan
    running: Running
    house: House
    watch: Watch
    sender: Sender
    people: list[Person]
    written: Written
    variant: Variant
    round: int = 0

    def mark(self) -> None:
        self.written.note(time.monotonic(), len(self.running.twin.log))

    def leap(self, seconds: float) -> None:
        self.house.clock.leap(seconds)
        self.running.web.catch_up()
        self.mark()


def acts_of(plan: Plan, member: str, number: int) -> list[str]:
    """The names of what a member does in a round."""
    twice = Random(f"{plan.seed} {member} {number}").random() < 0.3
    return [name for name in (f"{number}a", f"{number}b")[: 2 if twice else 1] if name not in plan.idle]


@asynccontextmanager
async def crowd(plan: Plan, parts: SessionParts, variant: Variant) -> AsyncGenerator[Crowd]:
    clock, dice = LeapingClock(), Random(plan.seed)
    account = Account(after_retries=dice.choice(["cancel", "unpaid", "past_due"]), retry_after_days=(1, 3, 5))
    options = Options(
        port=0, seed=plan.seed, account=account, clock=clock.seconds, webhooks={HOOK: SECRET}, sends=False
    )
    async with parts.database() as urls, serving(options) as running:
        redis_url = await parts.empty_redis()
        async with housed(urls.app, redis_url, running.url, clock, variant) as house:
            prices = stock(running.twin)
            names = [f"mem_{number}" for number in range(plan.people)]
            people = [
                Person(name, f"{plan.seed} {name}", running.twin, prices)
                for name in names
                if plan.only is None or name in plan.only
            ]
            watch = Watch(house, [each.member for each in people], Random(f"{plan.seed} watch"))
            sender = Sender(running, house.door)
            met = Crowd(plan, running, house, watch, sender, people, Written(), variant)
            met.written.note(float("-inf"), 0)
            met.mark()
            await watch.prepare()
            yield met

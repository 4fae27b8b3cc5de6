"""Processes that kill themselves at a named step: before each statement, commit and call to Redis or Stripe.

Run as a program it is their nursery, like `worker_processes`: each line of stdin is the JSON of `Life`. A process says
each step as it comes to it, `answered` with the status of a delivery, and `ended` when it has done its part.
"""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import orjson
from sqlalchemy import event
from starlette.applications import Starlette

from billing.model import Catalogue
from billing.state import Dispute, Link, Node, PauseFact, Purchase, Subscription
from billing.stripe import StripeApi
from billing.sync import Syncing
from gating.model import Snapshot
from gating.postgres import PostgresSnapshots
from gating.publish import publish_pending
from gating.redis import RedisSnapshots
from storage.database import Database, connect
from storage.redis import connect_redis
from telemetry import Metrics
from tests.clock import FixedClock
from tests.flow.replay import MEMBER_KEY, SECRET, post
from tests.parts import PATIENT_SECONDS
from tests.stripe_server.catalogues import catalogue_of
from tests.stripe_server.history import load_histories
from tests.stripe_server.server import API_KEY
from webhooks.endpoint import webhook_route
from webhooks.handlers import HANDLERS
from webhooks.inbox import Inbox
from webhooks.signature import signed_header
from webhooks.worker import Worker

ROOT = Path(__file__).parents[2]
LEASE_SECONDS = 0.2
SPACE = re.compile(r"\s+")
WORDS = 60

Role = Literal["web", "worker", "publisher"]


@dataclass(frozen=True)
class Life:
    """What a process does, and the number of the step at which it dies; 0 lets it live. `body`: a web's delivery."""

    role: Role
    database_url: str
    redis_url: str
    stripe_url: str
    history: str
    now: int
    dies_at: int = 0
    body: str = ""


@dataclass(frozen=True)
class Death:
    """The steps that a process came to, and whether it got to its end; `status` of its delivery, if answered."""

    steps: tuple[str, ...]
    ended: bool
    status: int | None


class Nursery:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def live(self, life: Life) -> Death:
        """Returns when the process is dead."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(orjson.dumps(asdict(life)) + b"\n")
        steps: list[str] = []
        status: int | None = None
        ended = False
        while (line := (await self._process.stdout.readline()).decode().rstrip()) != "dead":
            kind, _, rest = line.partition(" ")
            assert line, "the nursery has died"
            if kind == "step":
                steps.append(rest)
            elif kind == "answered":
                status = int(rest)
            ended = ended or kind == "ended"
        return Death(tuple(steps), ended, status)


@asynccontextmanager
async def dying_processes() -> AsyncGenerator[Nursery]:
    pipe = asyncio.subprocess.PIPE
    program = [sys.executable, "-m", "tests.fault.dying"]
    process = await asyncio.create_subprocess_exec(*program, stdin=pipe, stdout=pipe, cwd=ROOT)
    try:
        yield Nursery(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def main() -> None:
    for line in sys.stdin.buffer:
        life = Life(**orjson.loads(line))
        _prepare(life)
        pid = os.fork()
        if pid == 0:
            asyncio.run(_live(life))
            _say("ended")
            os._exit(0)
        os.waitpid(pid, 0)
        _say("dead")


def _prepare(life: Life) -> None:
    """Makes what takes longest, once for all: each child inherits it unused, and lives for a third of the time."""
    connect(life.database_url)
    stripe_at(life.stripe_url)
    catalogue_for(life.history)


@cache
def stripe_at(url: str) -> StripeApi:
    return StripeApi(API_KEY, base_address=url)


@cache
def catalogue_for(name: str) -> Catalogue:
    history = next(each for each in load_histories() if each.name == name)
    return catalogue_of(history.catalogue, history.policy)


class Steps:
    """Counts the steps of this process, and kills it at one."""

    def __init__(self, dies_at: int) -> None:
        self._dies_at = dies_at
        self._count = 0

    def __call__(self, name: str) -> None:
        self._count += 1
        _say(f"step {SPACE.sub(' ', name).strip()[:WORDS]}")
        if self._count == self._dies_at:
            os.kill(os.getpid(), signal.SIGKILL)


async def _live(life: Life) -> None:
    steps = Steps(life.dies_at)
    database = connect(life.database_url, query_logger=steps)

    def on_commit(_connection: Any) -> None:
        steps("COMMIT")

    event.listen(database.engine.sync_engine, "commit", on_commit)
    clock = FixedClock(datetime.fromtimestamp(life.now, UTC))
    match life.role:
        case "web":
            await _serve(life, database, clock, steps)
        case "worker":
            await _work(life, database, clock, steps)
        case "publisher":
            client: Any = connect_redis(life.redis_url, timeout_seconds=PATIENT_SECONDS)
            cache = SteppingCache(client, clock, steps)
            await publish_pending(database, PostgresSnapshots(database), cache)
            steps("the end")
            await client.aclose()
    await database.close()


async def _serve(life: Life, database: Database, clock: FixedClock, steps: Steps) -> None:
    inbox = Inbox(database, clock, HANDLERS, Metrics(), member_key=MEMBER_KEY, livemode=False)
    app = Starlette(routes=[webhook_route(inbox, clock, [SECRET])])
    body = life.body.encode()
    steps("before the delivery")
    status = await post(app, body, signed_header(body, [SECRET], clock.now()))
    steps("before the answer")
    _say(f"answered {status}")
    steps("after the answer")


async def _work(life: Life, database: Database, clock: FixedClock, steps: Steps) -> None:
    stripe, catalogue = SteppingStripe(stripe_at(life.stripe_url), steps), catalogue_for(life.history)
    await Worker(Syncing(database, stripe, catalogue, clock, MEMBER_KEY, LEASE_SECONDS)).run_until_idle()
    steps("the end")


@dataclass
class SteppingStripe:
    """A StripeGateway."""

    real: StripeApi
    steps: Steps

    async def fetch_subscriptions(self, customer_id: str) -> Sequence[Subscription]:
        self.steps("before Stripe's subscriptions")
        found = await self.real.fetch_subscriptions(customer_id)
        self.steps("after Stripe's subscriptions")
        return found

    async def fetch_dispute(self, dispute_id: str) -> Dispute | None:
        self.steps("before Stripe's dispute")
        return await self.real.fetch_dispute(dispute_id)

    async def fetch_purchase(self, purchase_id: str) -> Purchase | None:
        self.steps("before Stripe's purchase")
        return await self.real.fetch_purchase(purchase_id)

    async def fetch_refunded_charges(self, customer_id: str) -> frozenset[str]:
        self.steps("before Stripe's charges")
        return await self.real.fetch_refunded_charges(customer_id)

    async def fetch_pause(self, subscription_id: str, now: datetime) -> PauseFact | None:
        self.steps("before Stripe's pause")
        return await self.real.fetch_pause(subscription_id, now)

    async def fetch_links(self, node: Node) -> Sequence[Link]:
        self.steps("before Stripe's links")
        return await self.real.fetch_links(node)


class SteppingCache(RedisSnapshots):
    """The real one, whose every call is a step before and a step after."""

    def __init__(self, client: Any, clock: FixedClock, steps: Steps) -> None:
        super().__init__(client, clock)
        self._steps = steps

    async def take_token(self, member_id: str) -> str:
        self._steps("before the token is taken")
        token = await super().take_token(member_id)
        self._steps("after the token was taken")
        return token

    async def put(self, token: str, snapshot: Snapshot) -> bool:
        self._steps("before the put")
        accepted = await super().put(token, snapshot)
        self._steps("after the put")
        return accepted


def _say(line: str) -> None:
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


if __name__ == "__main__":
    main()

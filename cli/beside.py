"""The offline twin of Stripe that `gatehouse run` brings in development.

It shares the process, so it ends with it however that ends; its state is kept in the data folder. One time holds for
both: what `/_twin/advance` adds to the twin's is added to the service's.
"""

import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import SecretStr

from app import build_tools
from billing.catalogue import load_catalogue
from cli.announced import announcement_of, names_stripe, with_stripe
from cli.past import PAST, prepare_twin
from clock import Clock
from errors import NotConfigured
from settings import Settings
from twin.account import Twin
from twin.arguments import live_keys
from twin.saving import Unreadable
from twin.server import Options, moment, serving
from webhooks.backfill import KEPT
from webhooks.worker import Worker

HOOK = "gatehouse run"
"""What its webhook endpoint of ours is called."""


@dataclass(frozen=True, slots=True)
class Beside:
    """`settings` name the twin as Stripe; `is_new`: it was made just now, with a past that nobody heard of yet."""

    url: str
    settings: Settings
    clock: Clock
    is_new: bool


@dataclass(frozen=True, slots=True)
class TwinClock:
    """The twin's time as the service's: `seconds` since 1970."""

    seconds: Callable[[], float]

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds(), UTC)


def wants_twin(settings: Settings, environ: Mapping[str, str]) -> bool:
    """In development, on servers of our own, unless the settings name a Stripe.

    Raises NotConfigured beside a live key: nothing here may ever be mistaken for money.
    """
    if not settings.development or settings.database_url or settings.redis_url or names_stripe(settings):
        return False
    if live := live_keys(environ):
        raise NotConfigured(
            f"{', '.join(live)}: holds a live key, and the offline twin of Stripe never runs beside one: unset it."
        )
    return True


@asynccontextmanager
async def twin_beside(settings: Settings, address: str) -> AsyncGenerator[Beside]:
    """The twin, while the body runs; it delivers its events to the service at `address`. Raises NotConfigured."""
    catalogue, hook = load_catalogue(settings.catalog), f"{address}/webhooks/stripe"

    async def prepare(twin: Twin) -> None:
        await prepare_twin(twin, catalogue, settings.stripe_member_metadata_key, moment())
        twin.deliver_to(hook, HOOK)

    options = Options(
        port=min(settings.port + 1, 65535),
        any_port=True,
        seed=secrets.token_hex(16),
        state_file=settings.data_dir / "stripe-twin.json",
        announcement=announcement_of(settings),
        begins_at=moment() - PAST.total_seconds(),
        prepare=prepare,
        shared_time=True,
    )
    is_new = not (options.state_file and options.state_file.exists())
    try:
        async with serving(options) as running:
            secret = SecretStr(running.twin.deliver_to(hook, HOOK))
            yield Beside(
                running.url, with_stripe(settings, running.url, secret), TwinClock(running.web.own_time), is_new
            )
    except Unreadable as fault:
        raise NotConfigured(str(fault)) from fault


async def hear_the_past(settings: Settings, clock: Clock) -> None:
    """Takes in what a new twin's past tells, as a worker does, so that the first answer is right already."""
    tools = build_tools(settings, clock=clock)
    try:
        if tools.backfill and tools.syncing:
            await tools.backfill.fill(clock.now() - KEPT)
            await Worker(tools.syncing).run_until_idle()
    finally:
        await tools.parts.close()

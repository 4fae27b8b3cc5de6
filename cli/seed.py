"""Put the demo into the database: members on each plan, content, usage, and the subscriptions behind them.

Only adds: what is there already stays as it is, so it may be repeated. `gatehouse run` does it by itself when it starts
an embedded database for the first time. Meant for development; needs the migrations applied.
"""

import argparse
import asyncio
import os
from dataclasses import dataclass

from billing.catalogue import load_catalogue
from billing.demo import seed_subscription
from cli.parts import complete_settings, service_database
from cli.progress import Progress
from clock import SystemClock
from content.seed import seed_content
from identity.members import ensure_member, find_member
from metering.seed import seed_usage
from settings import Settings, load_settings
from storage.database import Database


@dataclass(frozen=True, slots=True)
class DemoMember:
    """`plan` is a key of the catalogue, None for who never paid; `lapsed` once had it."""

    id: str
    label: str
    name: str
    email: str
    plan: str | None = None
    lapsed: bool = False


DEMO_MEMBERS = (
    DemoMember("mem_demofree", "free", "Fay Freeman", "free@example.com"),
    DemoMember("mem_demopro", "pro", "Priya Prokop", "pro@example.com", plan="pro"),
    DemoMember("mem_demolapsed", "lapsed", "Leo Lapsley", "lapsed@example.com", plan="pro", lapsed=True),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def main(_arguments: argparse.Namespace) -> int:
    progress = Progress()
    with complete_settings(load_settings(os.environ), progress) as settings:
        progress("seeding demo data")
        asyncio.run(_seed(settings))
        progress.done()
    print(f"Seeded: members {', '.join(member.id for member in DEMO_MEMBERS)}, content and usage.")
    return 0


async def seed_once(settings: Settings, *, subscriptions: bool) -> None:
    """Seeds unless it was done before, so that what a developer changes stays changed.

    Without `subscriptions` nobody holds anything: whoever calls has a Stripe that says what they hold.
    """
    async with service_database(settings) as database:
        # The last member is made last: where it is, all the rest is too.
        if not await find_member(database, DEMO_MEMBERS[-1].id):
            await _seed_all(database, settings, subscriptions=subscriptions)


async def _seed(settings: Settings) -> None:
    async with service_database(settings) as database:
        await _seed_all(database, settings, subscriptions=True)


async def _seed_all(database: Database, settings: Settings, *, subscriptions: bool) -> None:
    now, catalogue = SystemClock().now(), load_catalogue(settings.catalog)
    await seed_content(database, now)
    for member in DEMO_MEMBERS:
        await seed_usage(database, [member.id], now)
        if member.plan and subscriptions:
            await seed_subscription(database, catalogue, member.id, member.plan, lapsed=member.lapsed, now=now)
        async with database.transaction() as connection:
            await ensure_member(connection, member.id, member.email, member.name)

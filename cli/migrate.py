"""Bring the database's tables up to date.

Runs as the login in GATEHOUSE_DATABASE_OWNER_URL, and lets the login of GATEHOUSE_DATABASE_URL read and write what it
made. May be repeated, and started by several processes at once. Migrations only add: the release that is still
running goes on working, so migrate first and replace the servers afterwards.
"""

import argparse
import asyncio
import os

from cli.parts import complete_settings, service_url
from cli.progress import Progress
from errors import NotConfigured
from settings import Settings, load_settings
from storage.migrate import migrate, pending, role_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when migrations are pending")


def main(arguments: argparse.Namespace) -> int:
    progress = Progress()
    with complete_settings(load_settings(os.environ), progress) as settings:
        progress.done()
        if arguments.check:
            return asyncio.run(_check(settings))
        applied = asyncio.run(migrate_as_owner(settings))
        print(f"Applied {', '.join(applied)}." if applied else "Nothing to do: the database is up to date.")
        return 0


async def migrate_as_owner(settings: Settings) -> tuple[str, ...]:
    """The revisions applied. Raises NotConfigured unless the settings name an owner and another login."""
    if not settings.database_url or not settings.database_owner_url:
        raise NotConfigured(
            "GATEHOUSE_DATABASE_OWNER_URL: needed to migrate; set it to the login that owns the tables, postgresql://…"
        )
    app_role = role_of(settings.database_url.get_secret_value())
    owner_url = settings.database_owner_url.get_secret_value()
    if not app_role or app_role == role_of(owner_url):
        raise NotConfigured(
            "GATEHOUSE_DATABASE_URL: must name a login other than the owner's: an owner walks round row-level security."
        )
    return await migrate(owner_url, app_role)


async def _check(settings: Settings) -> int:
    missing = await pending(service_url(settings))
    print(f"Pending: {', '.join(missing)}." if missing else "Nothing is pending.")
    return 1 if missing else 0

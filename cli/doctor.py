"""Say in words what is wrong with the set-up, and what to do about it.

Looks at the settings, the catalogue, the signing key, the webhook secrets, the port, PostgreSQL (its version, the
service's login, pending migrations, its clock against ours) and Redis. Changes nothing, except that the embedded
servers are started for as long as it looks, when the settings name no others. Exit code 1 when anything is wrong.
"""

import argparse
import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass

from billing.catalogue import load_catalogue
from cli.listen import listen
from cli.parts import complete_settings, service_database, service_url
from cli.progress import Progress
from clock import SystemClock
from errors import GatehouseError
from identity.keys import keys_for
from settings import Settings, load_settings
from storage.login import Login, get_login, problems_of
from storage.migrate import pending
from storage.redis import get_server_name

_LARGEST_SKEW_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy` is None where nothing is wrong."""

    subject: str
    found: str
    remedy: str | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def main(_arguments: argparse.Namespace) -> int:
    settings = load_settings(os.environ)
    findings = list(_local_findings(settings))
    progress = Progress()
    try:
        with complete_settings(settings, progress) as complete:
            progress.done()
            findings += asyncio.run(_remote_findings(complete))
    except GatehouseError as fault:
        findings.append(Finding("servers", "do not start", fault.message))
    finally:
        progress.done()
    print("\n".join(_lines(findings)))
    return 1 if any(finding.remedy for finding in findings) else 0


def _local_findings(settings: Settings) -> Generator[Finding]:
    yield Finding("settings", f"{settings.environment}, every GATEHOUSE_… name known and well-formed")
    yield _tried("catalogue", lambda: f"{len(load_catalogue(settings.catalog).plans)} plans in {settings.catalog}")
    yield _tried(
        "signing key", lambda: f"{keys_for(settings.signing_key_file, settings.data_dir).signing.algorithm}, readable"
    )
    yield _webhook_secrets(settings)
    yield _tried("port", lambda: _free_port(settings))


def _webhook_secrets(settings: Settings) -> Finding:
    if settings.stripe_webhook_secrets:
        return Finding("webhooks", f"{len(settings.stripe_webhook_secrets)} signing secret(s) set")
    return Finding("webhooks", "no secret set: Stripe's would be refused; in development the twin brings its own")


def _free_port(settings: Settings) -> str:
    with listen(settings.host, settings.port):
        return f"{settings.host}:{settings.port} is free"


async def _remote_findings(settings: Settings) -> list[Finding]:
    return [finding async for finding in _database(settings)] + [await _redis(settings)]


async def _database(settings: Settings) -> AsyncGenerator[Finding]:
    try:
        async with service_database(settings) as database:
            login = await get_login(database)
        found = f"version {login.server_version}, as {login.name}"
        yield Finding("PostgreSQL", found, "\n".join(problems_of(login)) or None)
        missing = await pending(service_url(settings))
        by_hand = missing and not (settings.development and settings.database_owner_url)
        yield Finding(
            "migrations",
            f"pending: {', '.join(missing)}" if missing else "none pending",
            "run gatehouse migrate" if by_hand else None,
        )
        yield _clock(login)
    except GatehouseError as fault:
        yield Finding(
            "PostgreSQL", "wrong", f"{fault.message}\nCheck GATEHOUSE_DATABASE_URL, and that the server runs."
        )


def _clock(login: Login) -> Finding:
    skew = abs((login.server_time - SystemClock().now()).total_seconds())
    too_much = skew > _LARGEST_SKEW_SECONDS
    return Finding("clock", f"{skew:.1f} s from the database's", "set both clocks by NTP" if too_much else None)


async def _redis(settings: Settings) -> Finding:
    try:
        return Finding(
            "Redis", await get_server_name(settings.redis_url.get_secret_value() if settings.redis_url else "")
        )
    except GatehouseError as fault:
        return Finding("Redis", "wrong", f"{fault.message}\nCheck GATEHOUSE_REDIS_URL, and that the server runs.")


def _tried(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, look())
    except GatehouseError as fault:
        return Finding(subject, "wrong", fault.message)


def _lines(findings: list[Finding]) -> Generator[str]:
    for finding in findings:
        yield f"{'WRONG' if finding.remedy else 'ok':6}{finding.subject:12}{finding.found}"
        if finding.remedy:
            yield from (f"{'':18}{line}" for line in finding.remedy.splitlines())

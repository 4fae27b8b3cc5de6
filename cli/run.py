"""Serve GraphQL, webhooks, health and metrics on GATEHOUSE_HOST and GATEHOUSE_PORT.

In development it brings everything: an embedded PostgreSQL and Valkey where no URL names others, an offline twin of
Stripe unless the settings name a Stripe, migrations, demo data on the first run, the worker, and a token for each sort
of caller. In production it serves alone: migrate first, and
run `gatehouse worker` beside it. Ctrl-C or SIGTERM ends it cleanly; killed, it leaves nothing running.
"""

import argparse
import asyncio
import gc
import os
import socket
from collections.abc import Awaitable, Callable

import uvicorn
import uvloop

from app import Worker, build_app, build_worker
from cli.banner import address_of, print_banner
from cli.beside import Beside, hear_the_past, twin_beside, wants_twin
from cli.listen import listen
from cli.migrate import migrate_as_owner
from cli.parts import complete_settings, service_database, service_url
from cli.progress import Progress
from cli.seed import seed_once
from cli.signals import stop_on_signals
from errors import NotConfigured, Unavailable
from settings import Settings, load_settings
from storage.login import require_walled_login
from storage.migrate import pending
from telemetry import configure_logging
from web.parameters import LONGEST_BODY
from web.protocol import Protocol

_GRACE_SECONDS = 5
"""How long open requests and sockets may take to end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def main(_arguments: argparse.Namespace) -> int:
    settings = load_settings(os.environ)
    configure_logging(settings.log_level)
    progress, has_twin = Progress(), wants_twin(settings, os.environ)
    with (
        listen(settings.host, settings.port) as taken,
        complete_settings(settings, progress, share=False) as complete,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_prepare(complete, progress, is_ours=settings.database_url is None, has_twin=has_twin))
        runner.run((_serve_with_twin if has_twin else _serve)(complete, taken, progress))
    return 0


async def _prepare(settings: Settings, progress: Progress, *, is_ours: bool, has_twin: bool) -> None:
    """Migrates where it may, and seeds a database of our own.

    Raises NotConfigured when migrations stay pending or the login is not fit for service.
    """
    if settings.development and settings.database_owner_url:
        progress("migrating")
        await migrate_as_owner(settings)
    async with service_database(settings) as database:
        await require_walled_login(database)
    missing = await pending(service_url(settings))
    if missing:
        raise NotConfigured(f"Migrations are pending ({', '.join(missing)}): run gatehouse migrate as the owner first.")
    if is_ours:
        progress("seeding demo data")
        await seed_once(settings, subscriptions=not has_twin)


async def _serve_with_twin(settings: Settings, taken: socket.socket, progress: Progress) -> None:
    progress("starting the twin of Stripe")
    async with twin_beside(settings, address_of(settings)) as beside:
        if beside.is_new:
            await hear_the_past(beside.settings, beside.clock)
        await _serve(beside.settings, taken, progress, beside)


async def _serve(settings: Settings, taken: socket.socket, progress: Progress, beside: Beside | None = None) -> None:
    """Until a signal comes, or either of server and worker ends by itself."""
    progress("building the schema")
    stop = asyncio.Event()
    stop_on_signals(stop)
    clock = beside.clock if beside else None
    server = uvicorn.Server(
        uvicorn.Config(
            build_app(settings, clock=clock),
            http=Protocol,
            log_config=None,
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=_GRACE_SECONDS,
            ws_max_size=LONGEST_BODY,
        )
    )
    jobs: list[Awaitable[None]] = [_serving(server, taken, stop, lambda: _greet(settings, progress, beside))]
    if settings.development:
        jobs.append(_working(build_worker(settings, clock=clock), server, stop))
    ended = await asyncio.gather(*jobs, return_exceptions=True)
    for fault in ended:
        if isinstance(fault, BaseException):
            raise fault


async def _serving(
    server: uvicorn.Server, taken: socket.socket, stop: asyncio.Event, greet: Callable[[], Awaitable[None]]
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[taken]))
    while not server.started and not serving.done():
        server.should_exit = server.should_exit or stop.is_set()
        await asyncio.sleep(0.01)
    if server.started:
        spare_the_collector()
        await greet()
    await serving
    failed = not server.started and not stop.is_set()
    stop.set()
    if failed:
        raise Unavailable("The server did not start: the lines above say why.")


def spare_the_collector() -> None:
    """What stands at the start lives as long as the process; walking it anew is a good part of what a list costs.

    What a request makes is hardly ever a cycle: it goes by itself, so the collector may look less often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def _working(worker: Worker, server: uvicorn.Server, stop: asyncio.Event) -> None:
    try:
        await worker.run(stop)
    finally:
        server.should_exit = True


async def _greet(settings: Settings, progress: Progress, beside: Beside | None) -> None:
    progress.done()
    await print_banner(settings, beside.url if beside else None)

"""Process what Stripe has sent and publish the entitlements that follow from it, without serving.

Any number may run at once: each customer is worked on by one of them at a time. Ends cleanly on Ctrl-C and SIGTERM;
killed, it loses nothing, and another takes up what it had begun.
"""

import argparse
import asyncio
import os
import sys

import uvloop

from app import build_worker
from cli.announced import clock_of
from cli.parts import complete_settings
from cli.progress import Progress
from cli.signals import stop_on_signals
from settings import Settings, load_settings
from telemetry import configure_logging


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def main(_arguments: argparse.Namespace) -> int:
    settings = load_settings(os.environ)
    configure_logging(settings.log_level)
    progress = Progress()
    with (
        complete_settings(settings, progress) as complete,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        progress.done()
        runner.run(_work(complete))
    return 0


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    print("The worker runs; Ctrl-C stops it.", file=sys.stderr, flush=True)
    await build_worker(settings, clock=clock_of(settings)).run(stop)

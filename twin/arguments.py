"""The command line of the twin, the same as `gatehouse twin` and as `python -m twin`."""

import argparse
import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from twin.api.routes import ROUTES, unimplemented_routes
from twin.core.settings import API_VERSION, Account
from twin.server import Options, Running, serving

KEY_VARIABLES = ("GATEHOUSE_STRIPE_API_KEY", "STRIPE_API_KEY", "STRIPE_SECRET_KEY")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="where to serve (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8001, help="on which port (8001; 0 takes a free one)")
    parser.add_argument("--seed", default="twin", help="the same seed gives the same ids")
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep the state in this file from run to run")
    parser.add_argument(
        "--webhook",
        nargs=2,
        action="append",
        default=[],
        metavar=("URL", "SECRET"),
        help="an endpoint that gets every event",
    )
    parser.add_argument(
        "--after-retries",
        choices=("cancel", "unpaid", "past_due"),
        default="cancel",
        help="what unpaid subscriptions become",
    )
    parser.add_argument(
        "--routes", action="store_true", help="list the routes, and those that answer 501; serve nothing"
    )


def main(arguments: argparse.Namespace) -> int:
    """0 when stopped; 1 where a live key is at hand: nothing here may ever be mistaken for money."""
    if live := live_keys(os.environ):
        print(f"twin: {', '.join(live)} holds a live key; the twin refuses to run beside one. Unset it.")  # noqa: T201 - its command line
        return 1
    if arguments.routes:
        lines = [
            *sorted(ROUTES),
            f"{len(ROUTES)} routes",
            *unimplemented_routes(),
            f"{len(unimplemented_routes())} answer 501",
        ]
        print("\n".join(lines))  # noqa: T201 - its command line
        return 0
    options = Options(
        host=arguments.host,
        port=arguments.port,
        seed=arguments.seed,
        account=Account(after_retries=arguments.after_retries),
        webhooks=dict(arguments.webhook),
        state_file=arguments.state,
    )
    asyncio.run(_run(options))
    return 0


def live_keys(environ: Mapping[str, str]) -> list[str]:
    """The variables that hold a live key."""
    return [name for name in KEY_VARIABLES if "_live_" in environ.get(name, "")]


async def _run(options: Options) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(options) as running:
        print(_greeting(running), flush=True)  # noqa: T201 - its command line
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({waiting, running.ended}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()


def _greeting(running: Running) -> str:
    return (
        f"An offline twin of Stripe ({API_VERSION}) on {running.url}: any key sk_test_…, never money. Ctrl-C stops it."
    )

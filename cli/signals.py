"""Ctrl-C and SIGTERM as an event."""

import asyncio
import signal


def stop_on_signals(stop: asyncio.Event) -> None:
    """Sets `stop` when either comes. For the running loop of the main thread."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

"""Cancellations that a driver keeps to itself: whoever loops for ever would never end."""

import asyncio


def heed_cancellation() -> None:
    """Raises the CancelledError that this task was sent and did not get; nothing else, and nothing otherwise.

    To be called after a command, whether it answered or failed. redis-py sends by `asyncio.wait_for`, which before
    Python 3.12 returns what it has where answer and cancellation come at once (CPython's issue 86296), and makes faults
    of its own of other cancellations.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError

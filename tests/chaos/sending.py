"""Makes the twin's deliveries, several at once and each without waiting for another, as its own sender does.

Straight through ASGI: an HTTP client would take longer than all that it calls. `tests/twin/test_sender.py` shows the
sender that speaks HTTP.
"""

import asyncio
from dataclasses import dataclass, field

from starlette.types import ASGIApp

from tests.flow.replay import post
from twin.hooks.deliveries import Delivery
from twin.server import Running

TICK_SECONDS = 0.01
AT_ONCE = 16


@dataclass
class Sender:
    running: Running
    app: ASGIApp
    under_way: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def run(self) -> None:
        slots = asyncio.Semaphore(AT_ONCE)
        while True:
            self.running.web.catch_up()
            for delivery in self.running.twin.take_deliveries():
                task = asyncio.create_task(self._send(delivery, slots))
                self.under_way.add(task)
                task.add_done_callback(self.under_way.discard)
            await asyncio.sleep(TICK_SECONDS)

    async def _send(self, delivery: Delivery, slots: asyncio.Semaphore) -> None:
        async with slots:
            request = self.running.twin.webhook(delivery, self.running.web.moment())
            if request is not None:
                status = await post(self.app, request.body, request.headers["stripe-signature"].encode())
                self.running.twin.record(delivery, status)

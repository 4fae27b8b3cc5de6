"""What is read from Stripe while somebody waits: in a bounded time, and never so often that the syncs go short.

Only what is not mirrored is read so (invoices, methods of payment, previews). No entitlement depends on it.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from billing.ports import Ask, Json, Refused
from errors import Unavailable

READ_SECONDS = 6.0
"""At most for all that one field asks."""

SPACING_SECONDS = 0.2
"""Between two requests of all readers of one process together: a quarter of what Stripe is asked for altogether."""


class ReadRefused(Unavailable):
    """Stripe will not say. The caller may try again, with little hope."""


@dataclass
class Paced:
    """Asks as `ask` does, SPACING_SECONDS apart; raises Unavailable at once where the line is too long."""

    ask: Ask
    _next_at: float = field(default=0.0, init=False)

    async def __call__(
        self, method: str, path: str, parameters: Json | None = None, *, idempotency_key: str | None = None
    ) -> Json | None:
        now = asyncio.get_running_loop().time()
        at = max(now, self._next_at)
        if at - now > READ_SECONDS:
            raise Unavailable("Too much is being asked of Stripe: try again in a moment.")
        self._next_at = at + SPACING_SECONDS
        await asyncio.sleep(at - now)
        return await self.ask(method, path, parameters, idempotency_key=idempotency_key)


@asynccontextmanager
async def in_time() -> AsyncGenerator[None]:
    """Whatever keeps the answer away becomes Unavailable, with words that can be shown."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            yield
    except Refused as fault:
        raise ReadRefused("Stripe does not show this.") from fault
    except (Unavailable, TimeoutError) as fault:
        raise Unavailable("Stripe does not answer right now: try again in a moment.") from fault

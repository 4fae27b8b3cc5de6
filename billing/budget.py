"""The Stripe request budget of all processes together: one row in PostgreSQL that says when the next may be sent.

Each request takes the next moment that is free and waits for it. Stripe allows 25 requests a second to an endpoint by
default (docs.stripe.com/rate-limits); we stay below 20 to all of them.
"""

import asyncio

from sqlalchemy import text

from storage.database import Database

REQUESTS_PER_SECOND = 20
SPACING_SECONDS = 1.12 / REQUESTS_PER_SECOND
"""Wider than the rate says, so that a request sent late by up to LATE_SECONDS does not make a second too full."""

LATE_SECONDS = 0.05
"""Whoever wakes later than this after its moment has lost it, and takes another."""

TRIES = 5
"""A process too slow to keep any moment goes ahead after so many: slow as it is, it cannot be ahead of the rate."""

TAKE = text(
    "UPDATE stripe_budget SET next_at = GREATEST(next_at, clock_timestamp()) + make_interval(secs => :spacing)"
    " RETURNING CAST(EXTRACT(EPOCH FROM next_at - clock_timestamp()) AS double precision) - :spacing AS wait"
)
COOL_DOWN = text(
    "UPDATE stripe_budget SET next_at = GREATEST(next_at, clock_timestamp() + make_interval(secs => :seconds))"
)


class SharedBudget:
    """Implements `billing.ports.Budget`, on the database's clock."""

    def __init__(self, database: Database, *, spacing_seconds: float = SPACING_SECONDS) -> None:
        self._database = database
        self._spacing_seconds = spacing_seconds

    async def take(self) -> None:
        for _ in range(TRIES):
            if await self._taken():
                return

    async def cool_down(self, seconds: float) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(COOL_DOWN, {"seconds": seconds})

    async def _taken(self) -> bool:
        loop = asyncio.get_running_loop()
        asked = loop.time()
        async with self._database.transaction() as connection:
            wait: float = (await connection.execute(TAKE, {"spacing": self._spacing_seconds})).scalar_one()
        # The moment counts from some time after we asked: counted from then, we are never too early.
        await asyncio.sleep(max(0.0, wait))
        return loop.time() - asked - max(0.0, wait) <= LATE_SECONDS

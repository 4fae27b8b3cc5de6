"""Telling the workers, at most every so often: a NOTIFY costs PostgreSQL as much as a few events, and more with each
process that listens to anything."""

import asyncio
from contextlib import suppress

from billing.queue import CHANNEL, WAKE
from errors import Unavailable
from storage.database import Database
from storage.statements import translated

SPACING_SECONDS = 0.02
PATIENCE_SECONDS = 0.005
"""For a commit that can tell of those before it: one that only tells takes as long as one that stores events."""
TELL = translated(WAKE.text)


class Waking:
    """One process's share of the telling. Whatever was committed is told of within both times together."""

    def __init__(self, database: Database, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._database = database
        self._patience_seconds = patience_seconds
        self._resting: asyncio.Task[None] | None = None
        self._untold = False
        self._overdue = False

    def is_due(self) -> bool:
        """True when the next commit is to tell; after one that did not, for whatever reason, call `tell_later`."""
        if self._resting is None:
            self._resting = asyncio.create_task(self._rest())
            return True
        due, self._overdue = self._overdue, False
        return due

    def tell_later(self) -> None:
        self._untold = True
        if self._resting is None:
            self._resting = asyncio.create_task(self._rest())

    async def _rest(self) -> None:
        """Until nothing was left untold for one spacing."""
        try:
            await asyncio.sleep(SPACING_SECONDS)
            while self._untold:
                self._untold, self._overdue = False, True  # what is committed from here on needs the next one
                await asyncio.sleep(self._patience_seconds)
                if self._overdue:
                    self._overdue = False
                    with suppress(Unavailable):  # the workers look for themselves each second
                        await self._database.write(TELL, {"channel": CHANNEL})
                await asyncio.sleep(SPACING_SECONDS)
        finally:
            self._resting = None

"""Telling the workers, at most every so often: a NOTIFY costs PostgreSQL as much as a few events, and more with each
process that listens to anything."""

import asyncio
from contextlib import suppress

from billing.queue import CHANNEL, WAKE
from errors import Unavailable
from storage.database import Database
from storage.statements import translated

SPACING_SECONDS = 0.02
TELL = translated(WAKE.text)


class Waking:
    """One process's share of the telling. Whatever was committed is told of within SPACING_SECONDS."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._resting: asyncio.Task[None] | None = None
        self._untold = False

    def is_due(self) -> bool:
        """True when the commit that comes next is to tell; after one that does not, call `tell_later`."""
        if self._resting is not None:
            return False
        self._resting = asyncio.create_task(self._rest())
        return True

    def tell_later(self) -> None:
        self._untold = True
        if self._resting is None:
            self._resting = asyncio.create_task(self._rest())

    async def _rest(self) -> None:
        """Until nothing was left untold for one spacing."""
        try:
            await asyncio.sleep(SPACING_SECONDS)
            while self._untold:
                self._untold = False  # what is committed from here on needs the next one
                with suppress(Unavailable):  # the workers look for themselves each second
                    await self._database.write(TELL, {"channel": CHANNEL})
                await asyncio.sleep(SPACING_SECONDS)
        finally:
            self._resting = None

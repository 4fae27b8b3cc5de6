"""The worker: claims customers that are due and syncs them, several at once, each by one worker at a time."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from billing.queue import CHANNEL, NEWCOMER_SECONDS, Claimed, Fenced, claim_due
from billing.state import Node
from billing.sync import Syncing, resolve_unlinked, sync_claimed
from billing.unlinked import claim_unlinked
from errors import Unavailable

POLL_SECONDS = 1.0
CONCURRENCY = 8

Sync = Callable[[Claimed, Syncing], Awaitable[None]]

log = structlog.get_logger("worker")


class Worker:
    """One process's share of the work. Any number may run; a killed one's customers are due again when leases end."""

    def __init__(
        self,
        syncing: Syncing,
        *,
        concurrency: int = CONCURRENCY,
        poll_seconds: float = POLL_SECONDS,
        sync: Sync = sync_claimed,
    ) -> None:
        self._syncing = syncing
        self._concurrency = concurrency
        self._poll_seconds = poll_seconds
        self._sync = sync
        self._running: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._customers_turn = False
        self._later: asyncio.TimerHandle | None = None
        self._told_again = False

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set, then finishes what it has begun."""
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._listen())
            while not stop.is_set():
                self._wake.clear()
                await self._start_all_due()
                await self._wait(stop)
            await asyncio.gather(*self._running)
            listening.cancel()

    async def run_until_idle(self) -> None:
        """Works until nothing is due any more; what failed and waits for its next try is not due."""
        while await self._start_all_due() or self._running:
            if self._running:  # what was started may have ended while more was claimed
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    async def _start_all_due(self) -> bool:
        """Starts what is due while there is room; True when anything was started."""
        started = False
        try:
            while len(self._running) < self._concurrency:
                work = await self._claim()
                if work is None:
                    break
                task = asyncio.create_task(self._do(work))
                self._running.add(task)
                task.add_done_callback(self._done)
                if self._syncing.spacing_seconds:  # the customer may become dirty meanwhile, and is due after that
                    asyncio.get_running_loop().call_later(self._syncing.spacing_seconds, self._wake.set)
                started = True
        except Unavailable as fault:
            log.warning("nothing can be claimed", reason=fault.message)
        except Exception:
            log.exception("nothing can be claimed")
        return started

    async def _claim(self) -> Claimed | Node | None:
        """A customer, then what leads to none yet, and so on: neither waits for the end of the other's queue."""
        self._customers_turn = not self._customers_turn
        async with self._syncing.database.transaction() as connection:
            if not self._customers_turn and (node := await claim_unlinked(connection)):
                return node
            lease, spacing = self._syncing.lease_seconds, self._syncing.spacing_seconds
            due = await claim_due(connection, lease_seconds=lease, spacing_seconds=spacing)
            return due or await claim_unlinked(connection)

    async def _do(self, work: Claimed | Node) -> None:
        """Never raises: what fails is due again, and said."""
        try:
            if isinstance(work, Claimed):
                await self._sync(work, self._syncing)
            else:
                await resolve_unlinked(work, self._syncing)
        except Fenced:
            log.info("another worker has the customer", work=_name(work))
        except Unavailable as fault:
            log.warning("put off", work=_name(work), reason=fault.message)
        except Exception:
            log.exception("failed", work=_name(work))

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._wake.set()  # there is room for more

    async def _listen(self) -> None:
        async for _ in self._syncing.database.listen(CHANNEL):
            self._wake.set()
            if self._later is None:
                self._look_later()
            else:
                self._told_again = True

    def _look_later(self) -> None:
        """When a new customer, that the message may have been about, has waited for its member's name."""
        self._told_again = False
        self._later = asyncio.get_running_loop().call_later(NEWCOMER_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._later = None
        self._wake.set()
        if self._told_again:
            self._look_later()

    async def _wait(self, stop: asyncio.Event) -> None:
        """Until there may be something to do, or the end; retries and lost messages are found by the poll."""
        signals = [asyncio.create_task(event.wait()) for event in (stop, self._wake)]
        await asyncio.wait(signals, timeout=self._poll_seconds, return_when=asyncio.FIRST_COMPLETED)
        for signal in signals:
            signal.cancel()


def _name(work: Claimed | Node) -> str:
    return work.customer_id if isinstance(work, Claimed) else work.id

"""What a member holds now, from the nearest place that may still say so: memory, then Redis, then PostgreSQL.

Memory decides for a second and forgets at a message; Redis for a minute; PostgreSQL is the authority. Neither copy
outlives a date of a grant. Whatever is down, the answer is a committed one or none: then all that is gated is
unavailable. Within one process the revision of a member never goes back.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

import structlog

from clock import Clock
from errors import Unavailable
from gating.fanout import Fanout
from gating.layers import Layers
from gating.memory import Entry, Memory
from gating.model import Access, Holdings, Snapshot
from gating.policies import Policy
from gating.ports import Experiments, SnapshotCache, SnapshotSource
from identity.model import Kind, Principal
from telemetry import Metrics

FRESH_SECONDS = 1.0
DISTRUST_SECONDS = 5.0
"""After a loss of messages: by then publishers have told a restarted cache what it lost."""

NOTHING = Holdings()

log = structlog.get_logger()


class EntitlementStore:
    """One for each process; `run` must run beside it.

    `baseline` is what every member holds and nobody stores: the default plan's, of Source.FREE. `experiments` vary
    that; `policies` take away.
    """

    def __init__(
        self,
        source: SnapshotSource,
        cache: SnapshotCache,
        clock: Clock,
        *,
        baseline: Holdings = NOTHING,
        policies: Iterable[Policy] = (),
        experiments: Experiments | None = None,
        metrics: Metrics | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache = cache
        self._clock = clock
        self._baseline = baseline
        self._policies = tuple(policies)
        self._experiments = experiments
        self._monotonic = monotonic
        self._reads = (metrics or Metrics()).store_reads
        self._memory = Memory(clock, monotonic, self._reads.labels("memory"))
        self.recall: Callable[[str], Entry | None] = self._memory.find
        """What memory still answers with; else None, and `snapshot_of` has to be asked."""
        self._layers = Layers(source, cache, self._memory.revision_of, self._count)
        self._flights: dict[str, asyncio.Task[Entry | None]] = {}
        self._fanout = Fanout()
        self._distrusted_until = 0.0
        self._failing = False

    async def access_for(self, principal: Principal, fresh: bool = False) -> Access:
        """What the caller holds at this moment. Never raises: `available` is False when nothing may say so.

        `fresh` asks PostgreSQL after the call began, for what must not be a second late.
        """
        member_id = principal.member_id
        if member_id is None:
            return Access(principal.kind is not Kind.ANONYMOUS, scopes=principal.scopes)
        entry = await self._find_fresh(member_id) if fresh else self.recall(member_id) or await self._fetch(member_id)
        if entry is None:
            return Access(True, scopes=principal.scopes, available=False)
        return entry.access_with(principal.scopes, principal.roles)

    async def snapshot_of(self, member_id: str, fresh: bool = False) -> Snapshot:
        """The member's grants, the baseline among them. Raises Unavailable.

        `fresh` asks PostgreSQL after the call began, for what must not be a second late.
        """
        find = self._find_fresh if fresh else self._find
        entry = await find(member_id)
        if entry is None:
            raise Unavailable("Entitlements cannot be read at the moment: try again.")
        return entry.snapshot

    def whole(self, stored: Snapshot) -> Snapshot:
        """What is stored, with what nobody stores: the baseline under it, and what experiments make of that now."""
        snapshot = stored.over(self._baseline)
        if self._experiments is None:
            return snapshot
        return replace(snapshot, variations=self._experiments.variations_of(snapshot, self._clock.now()))

    def forget(self) -> None:
        """All that was worked out: what nobody stores has changed. Whoever follows anything looks for itself."""
        self._memory.forget_entries()
        self._fanout.tell(None)

    def changes(self) -> AsyncGenerator[str | None, None]:
        """Ids of members whose grants may have changed, in whichever process.

        None first, and whenever messages may have been lost: look for yourself.
        """
        return self._fanout.listen()

    async def run(self) -> None:
        """Listens to publications, for ever."""
        async for change in self._cache.changes():
            if change is None:
                self._distrusted_until = self._monotonic() + DISTRUST_SECONDS
                self.forget()
            else:
                member_id, revision = change
                self._memory.note(member_id, revision)
                self._fanout.tell(member_id)

    async def _find(self, member_id: str) -> Entry | None:
        return self.recall(member_id) or await self._fetch(member_id)

    async def _fetch(self, member_id: str) -> Entry | None:
        flight = self._flights.get(member_id)
        if flight is None:
            flight = asyncio.create_task(self._attempt(self._read(member_id)))
            self._flights[member_id] = flight
            flight.add_done_callback(lambda _: self._flights.pop(member_id))
        # A caller who goes away must not take the answer from the others.
        return await asyncio.shield(flight)

    async def _find_fresh(self, member_id: str) -> Entry | None:
        return await self._attempt(self._layers.read_authority(member_id))

    def _read(self, member_id: str) -> Coroutine[Any, Any, Snapshot]:
        if self._monotonic() < self._distrusted_until:
            return self._layers.read_anew(member_id)
        return self._layers.read(member_id)

    async def _attempt(self, read: Coroutine[Any, Any, Snapshot]) -> Entry | None:
        """None when nothing answered."""
        try:
            entry = self._entry(await read)
        except Unavailable:
            self._count("none")
            if not self._failing:
                log.warning("entitlements_unavailable", consequence="what is gated answers UNAVAILABLE")
            self._failing = True
            return None
        self._failing = False
        self._memory.keep(entry)
        return entry

    def _entry(self, stored: Snapshot) -> Entry:
        now = self._clock.now()
        snapshot = self.whole(stored)
        fresh_until = self._monotonic() + FRESH_SECONDS
        return Entry(snapshot, snapshot.features_at(now), snapshot.hard_until(now), fresh_until, self._policies)

    def _count(self, layer: str) -> None:
        self._reads.labels(layer).inc()

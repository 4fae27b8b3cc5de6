"""The experiments in PostgreSQL, and what one process knows of them.

Each row says all of its experiment from then on, and none is ever changed: what held at a past instant can be told.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import orjson
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from errors import Unavailable
from gating.acts import Act, record_act
from gating.experiments import Change, Experiment, Variant, variations_for
from gating.model import Snapshot
from gating.values import ValueKind, Variation
from storage.database import Database

CHANNEL = "gatehouse_experiments"
POLL_SECONDS = 1.0
TRUSTED_SECONDS = 60.0
"""For so long what was read last stands while PostgreSQL does not answer, like what the cache holds of members."""

LATEST = (
    "SELECT DISTINCT ON (key) number, key, content FROM experiment"
    " WHERE recorded_at <= COALESCE(:at, 'infinity'::timestamptz) ORDER BY key, number DESC"
)
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 5023))")
ADD = text("INSERT INTO experiment (key, content, recorded_at) VALUES (:key, CAST(:content AS jsonb), :now)")
NOTIFY = text("SELECT pg_notify(:channel, :key)")

log = structlog.get_logger()


async def record_experiment(connection: AsyncConnection, experiment: Experiment, *, act: Act, now: datetime) -> None:
    """In place of what its key said before, from the commit on; in every process within two seconds."""
    await _record(connection, experiment.key, _content(experiment), "experiment set", act, now)


async def end_experiment(connection: AsyncConnection, key: str, *, act: Act, now: datetime) -> None:
    """At once. Nothing when there is none."""
    await _record(connection, key, None, "experiment ended", act, now)


async def list_experiments(database: Database, at: datetime | None = None) -> Sequence[Experiment]:
    """By key, as they were said to be at `at`; the latest when left out."""
    rows = await database.fetch(LATEST, {"at": at})
    return [_experiment(row.key, row.content) for row in rows if row.content is not None]


class ExperimentBook:
    """`plan_of` says on which plan a member is. `run` must run beside it; before the first `load` there is nothing."""

    def __init__(
        self,
        database: Database,
        plan_of: Callable[[Snapshot, datetime], str | None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._plan_of = plan_of
        self._monotonic = monotonic
        self._experiments: tuple[Experiment, ...] = ()
        self._trusted_until = 0.0

    def variations_of(self, snapshot: Snapshot, now: datetime) -> tuple[Variation, ...]:
        """Of a snapshot that has the baseline under it."""
        if not self._experiments or self._monotonic() >= self._trusted_until:
            return ()
        return variations_for(snapshot.member_id, self._plan_of(snapshot, now), self._experiments, now)

    async def load(self) -> bool:
        """Whether anything is other than it was. Raises Unavailable."""
        asked = self._monotonic()
        found = tuple(await list_experiments(self._database))
        lapsed = bool(found) and asked >= self._trusted_until
        changed = found != self._experiments or lapsed
        self._experiments, self._trusted_until = found, asked + TRUSTED_SECONDS
        return changed

    async def run(self, on_change: Callable[[], None]) -> None:
        """For ever: reads at each NOTIFY and, lest one was lost, each second."""
        woken = asyncio.Event()
        listening = asyncio.create_task(self._wake(woken))
        try:
            while True:
                woken.clear()
                with suppress(Unavailable):
                    if await self.load():
                        log.info("experiments changed", keys=[each.key for each in self._experiments])
                        on_change()
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await woken.wait()
        finally:
            listening.cancel()

    async def _wake(self, woken: asyncio.Event) -> None:
        async for _ in self._database.listen(CHANNEL):
            woken.set()


async def _record(
    connection: AsyncConnection, key: str, content: dict[str, Any] | None, what: str, act: Act, now: datetime
) -> None:
    await connection.execute(LOCK, {"key": key})
    text_ = None if content is None else orjson.dumps(content).decode()
    await connection.execute(ADD, {"key": key, "content": text_, "now": now})
    await record_act(connection, act, what, key, content or {}, now)
    await connection.execute(NOTIFY, {"channel": CHANNEL, "key": key})


def _content(experiment: Experiment) -> dict[str, Any]:
    return {
        "variants": [
            {
                "name": variant.name,
                "weight": variant.weight,
                "changes": [[each.kind.value, each.key, each.value] for each in variant.changes],
            }
            for variant in experiment.variants
        ],
        "plans": sorted(experiment.plans),
        "starts_at": experiment.starts_at and experiment.starts_at.isoformat(),
        "ends_at": experiment.ends_at and experiment.ends_at.isoformat(),
    }


def _experiment(key: str, content: dict[str, Any]) -> Experiment:
    variants = tuple(
        Variant(
            each["name"],
            each["weight"],
            tuple(Change(ValueKind(kind), changed, value) for kind, changed, value in each["changes"]),
        )
        for each in content["variants"]
    )
    starts_at, ends_at = (
        None if content[name] is None else datetime.fromisoformat(content[name]) for name in ("starts_at", "ends_at")
    )
    return Experiment(key, variants, frozenset(content["plans"]), starts_at, ends_at)

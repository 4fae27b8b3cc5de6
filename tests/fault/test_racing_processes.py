"""Processes that race on the real servers: each decision was committed and is not too old, and the cache ends true.

The designs that are known to fail are given to the same code and seen to fail. `tests/property/test_cache_races.py`
holds them to each order that there is, in one process.
"""

from collections import defaultdict
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from clock import SystemClock
from gating.postgres import PostgresSnapshots
from gating.publish import publish_pending
from gating.redis import RedisSnapshots
from identity.members import ensure_member
from storage.database import Database
from storage.redis import connect_redis
from tests.fakes.scripts import MUTANTS, Design
from tests.fault.plays import TURN_SECONDS
from tests.fault.racers import Race, Role, racing, run_all
from tests.fault.truth import STALE_SECONDS
from tests.parts import DatabaseUrls

pytestmark = pytest.mark.alone

MEMBERS = tuple(f"mem_{number}" for number in range(12))
ROLES: tuple[Role, ...] = ("writer", "writer", "publisher", "publisher", "reader", "forgetful reader", "passer-by")
SECONDS = len(MEMBERS) * TURN_SECONDS
ROUNDS_OF_MUTANTS = 6


class Course:
    """Rounds of one design; knows what was committed so far."""

    def __init__(self, urls: DatabaseUrls, redis_url: str, database: Database, folder: Path, design: Design) -> None:
        self._urls = urls
        self._redis_url = redis_url
        self._database = database
        self._folder = folder
        self._design = design
        self._features: dict[tuple[str, int], list[str]] = {(each, 0): [] for each in MEMBERS}
        self._committed_at: dict[tuple[str, int], float] = {}
        self._seeds = count()
        self.decisions = 0

    async def race(self, nursery: Any) -> list[str]:
        """What was wrong with the decisions of one round, and with the cache at its end."""
        outcomes = await run_all(nursery, [self._part(role, next(self._seeds)) for role in ROLES])
        for member_id, revision, features, committed_at in [made for each in outcomes[:2] for made in each]:
            assert (member_id, revision) not in self._features, "I3: a revision was given twice"
            self._features[member_id, revision] = features
            self._committed_at[member_id, revision] = committed_at
        self.decisions += sum(map(len, outcomes[4:6]))
        return [fault for seen in outcomes[4:6] for fault in self._faults_in(seen)] + await self._stale()

    def _part(self, role: Role, seed: int) -> Race:
        script = self._design.publisher if role == "publisher" else self._design.reader
        path = str(self._folder / f"{seed}.json")
        return Race(role, self._urls.app, self._redis_url, MEMBERS, SECONDS, seed, path, script)

    def _faults_in(self, seen: list[Any]) -> list[str]:
        faults: list[str] = []
        latest: dict[str, int] = defaultdict(lambda: -1)
        for member_id, revision, features, asked_at in seen:
            superseded_at = self._committed_at.get((member_id, revision + 1), asked_at)
            if self._features.get((member_id, revision)) != features:
                faults.append(f"I4: {member_id} at {revision} does not hold {features}")
            if asked_at - superseded_at > STALE_SECONDS:
                faults.append(f"I4: {member_id} at {revision} is {asked_at - superseded_at:.1f} s too old")
            if revision < latest[member_id]:
                faults.append(f"I4: {member_id} went back to {revision}")
            latest[member_id] = revision
        return faults

    async def _stale(self) -> list[str]:
        source, client = PostgresSnapshots(self._database), connect_redis(self._redis_url, timeout_seconds=5)
        cache = RedisSnapshots(client, SystemClock(), script=self._design.publisher)
        await publish_pending(self._database, source, cache)  # what a writer committed after the publishers had gone
        pairs = [(each, await cache.find(each), await source.get_snapshot(each)) for each in MEMBERS]
        await client.aclose()
        return [
            f"I2: {each} is at {entry.revision} in the cache"
            for each, entry, row in pairs
            if entry not in (None, row) and entry
        ]


@pytest.fixture
async def members(database: Database) -> None:
    async with database.transaction() as connection:
        for member_id in MEMBERS:
            await ensure_member(connection, member_id)


@pytest.mark.parametrize("rounds", [3, pytest.param(120, marks=pytest.mark.soak)])
async def test_every_decision_is_right_and_the_cache_ends_true(
    rounds: int, database_urls: DatabaseUrls, redis_url: str, database: Database, members: None, tmp_path: Path
) -> None:
    course = Course(database_urls, redis_url, database, tmp_path, Design())
    async with racing() as nursery:
        for _ in range(rounds):
            assert await course.race(nursery) == []
    assert course.decisions > 100 * rounds


@pytest.mark.parametrize("name", MUTANTS)
async def test_the_races_see_a_lesser_design_fail(
    name: str, database_urls: DatabaseUrls, redis_url: str, database: Database, members: None, tmp_path: Path
) -> None:
    course = Course(database_urls, redis_url, database, tmp_path, MUTANTS[name])
    async with racing() as nursery:
        for _ in range(ROUNDS_OF_MUTANTS):
            if await course.race(nursery):
                return
    pytest.fail("no race told this design from the real one")

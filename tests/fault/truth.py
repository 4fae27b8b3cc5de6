"""What was committed when, to judge every answer by."""

import random
import time
from dataclasses import dataclass, field

from clock import Clock
from gating.model import Access, Grant, Source
from gating.record import record_grants
from identity.members import ensure_member
from storage.database import Database

FEATURES = ("analytics", "content_premium", "downloads", "live_updates")
STALE_SECONDS = 2.0
"""I4: how long after it was superseded an answer may still be given."""


@dataclass
class Version:
    features: frozenset[str]
    superseded_at: float | None = None


@dataclass
class Truth:
    """The versions of each member by revision. Only `change` and `give` may change them."""

    database: Database
    clock: Clock
    seed: int
    versions: dict[str, list[Version]] = field(default_factory=dict[str, list[Version]])

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._settled: set[str] = set()

    @property
    def members(self) -> list[str]:
        return list(self.versions)

    async def introduce(self, *member_ids: str) -> None:
        async with self.database.transaction() as connection:
            for member_id in member_ids:
                await ensure_member(connection, member_id)
                self.versions[member_id] = [Version(frozenset())]

    async def change(self) -> None:
        """Some member, of those to whom nothing was given, now holds something else."""
        member_id = self._random.choice([each for each in self.versions if each not in self._settled])
        features = held = self.versions[member_id][-1].features
        while features == held:
            features = frozenset(self._random.sample(FEATURES, self._random.randrange(len(FEATURES))))
        await self._record(member_id, features)

    async def give(self, member_id: str, *features: str) -> None:
        """From now on the member holds these."""
        self._settled.add(member_id)
        await self._record(member_id, frozenset(features))

    def possible(self, member_id: str, asked_at: float) -> list[frozenset[str]]:
        """What an answer that was asked for then may be by."""
        oldest = asked_at - STALE_SECONDS
        versions = self.versions[member_id]
        return [each.features for each in versions if each.superseded_at is None or each.superseded_at >= oldest]

    async def _record(self, member_id: str, features: frozenset[str]) -> None:
        versions = self.versions[member_id]
        grants = [Grant(feature, Source.MANUAL, "test") for feature in features]
        versions.append(Version(features))  # may be seen as soon as it is committed, which is before we know
        async with self.database.transaction() as connection:
            await record_grants(
                connection, member_id, owner=member_id, grants=grants, limits=(), cause="test", now=self.clock.now()
            )
        versions[-2].superseded_at = time.monotonic()

    def fault_in(self, member_id: str, access: Access, asked_at: float) -> str | None:
        """What is wrong with an answer that was asked for then; None when it is right."""
        versions = self.versions[member_id]
        if access.revision >= len(versions):
            return f"{member_id}: revision {access.revision} was never committed"
        version = versions[access.revision]
        if access.features != version.features:
            return f"{member_id}: revision {access.revision} does not hold {sorted(access.features)}"
        late = asked_at - (version.superseded_at or asked_at)
        return f"{member_id}: {late:.2f} s too old" if late > STALE_SECONDS else None

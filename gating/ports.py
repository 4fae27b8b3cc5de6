"""What gating asks of others. `app` joins these to their adapters."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gating.model import Denied, Snapshot
from gating.values import Variation


@dataclass(frozen=True, slots=True)
class Offer:
    """Something to buy that lifts a denial: a plan (or add-on) of the catalogue, cheapest first in any list."""

    plan: str
    name: str


class Offers(Protocol):
    def for_denial(self, denied: Denied) -> tuple[Offer, ...]:
        """The plans that alone satisfy all the rule's needs, by rank; empty when nothing on sale does."""
        ...


class SnapshotSource(Protocol):
    """The authority (PostgreSQL)."""

    async def get_snapshot(self, member_id: str) -> Snapshot:
        """The committed snapshot; a member nobody has heard of has revision 0 and no grants.

        Raises errors.Unavailable when the database does not answer in time.
        """
        ...


class Experiments(Protocol):
    """What of the experiments this process knows; asked whenever a snapshot is worked out, so without any waiting."""

    def variations_of(self, snapshot: Snapshot, now: datetime) -> tuple[Variation, ...]:
        """What they change for the member now, and what is known of later; the snapshot has the baseline under it."""
        ...


class SnapshotCache(Protocol):
    """The shared, disposable copy (Redis). Keys `e:{member}` and `t:{member}` share a hash slot."""

    async def find(self, member_id: str) -> Snapshot | None:
        """The cached snapshot, or None on a miss, also once its `hard_until` has come. Raises errors.Unavailable."""
        ...

    async def take_token(self, member_id: str) -> str:
        """Takes the fill token; the last taker wins. Must be called BEFORE the authority is read."""
        ...

    async def put(self, token: str, snapshot: Snapshot) -> bool:
        """Under the token, spends it, writes unless the revision is lower than the cached one, and tells of a change.

        False when refused: the token is no longer ours, so somebody else reads the authority later than we did.
        """
        ...

    async def incarnation(self) -> str:
        """Another text after a restart or a failover: what was acknowledged before may be lost. Raises Unavailable."""
        ...

    def changes(self) -> AsyncGenerator[tuple[str, int] | None, None]:
        """(member id, revision) for each publication by any process; None when messages may have been lost."""
        ...

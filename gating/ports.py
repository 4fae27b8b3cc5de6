"""What gating asks of others. `app` joins these to their adapters."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from gating.model import Denied, Snapshot


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
        """The committed snapshot; a member nobody has heard of has revision 0 and the free plan's grants.

        Raises errors.Unavailable when the database does not answer in time.
        """
        ...


class SnapshotCache(Protocol):
    """The shared, disposable copy (Redis). Keys `e:{member}` and `t:{member}` share a hash slot."""

    async def find(self, member_id: str) -> Snapshot | None:
        """The cached snapshot, or None on a miss. Raises errors.Unavailable when the cache does not answer."""
        ...

    async def take_token(self, member_id: str) -> str:
        """Takes the fill token; the last taker wins. Must be called BEFORE the authority is read."""
        ...

    async def put(self, token: str, snapshot: Snapshot) -> bool:
        """Writes iff `token` is still ours and the revision is not lower; publishes the change. False when refused."""
        ...

    def changes(self) -> AsyncIterator[tuple[str, int] | None]:
        """(member id, revision) for each publication by any process; None when messages may have been lost."""
        ...

"""What resolvers ask of the entitlement store; `gating.store` implements it."""

from collections.abc import AsyncIterator
from typing import Protocol

from gating.model import Access, Snapshot
from identity.model import Principal


class Entitlements(Protocol):
    async def access_for(self, principal: Principal) -> Access:
        """What the caller holds now, free features and token scopes included; never raises for want of a server."""
        ...

    async def snapshot_of(self, member_id: str) -> Snapshot:
        """The member's grants. Raises errors.Unavailable when nothing can say what they are."""
        ...

    def changes(self) -> AsyncIterator[str | None]:
        """Ids of members whose grants changed, as each change becomes visible to this process.

        None first, and whenever messages may have been lost: look for yourself.
        """
        ...

"""Following one's own entitlements."""

from collections.abc import AsyncIterator

from errors import BadInput
from gating.model import Snapshot
from identity.members import Member, find_member
from resolvers.context import Info


async def entitlements_changed(info: Info) -> AsyncIterator[Member]:
    """The caller itself: at once, and each time it holds something else. Raises BadInput for others."""
    services, member_id = info.context.services, info.context.principal.member_id
    if member_id is None:
        raise BadInput("Only members hold entitlements: sign in as the member whose changes you want to follow.")
    told: Snapshot | None = None
    async for changed in services.store.changes():
        if changed in (None, member_id):  # None comes often while Redis is down, and most often means nothing
            snapshot = await services.store.snapshot_of(member_id)
            member = await find_member(services.database, member_id) if snapshot != told else None
            if member:
                told = snapshot
                yield member

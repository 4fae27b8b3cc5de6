"""Following one's own entitlements."""

from collections.abc import AsyncIterator

from errors import BadInput
from identity.members import Member, find_member
from resolvers.context import Info


async def entitlements_changed(info: Info) -> AsyncIterator[Member]:
    """The caller itself: at once, and each time its revision has risen. Raises BadInput for others."""
    services, member_id = info.context.services, info.context.principal.member_id
    if member_id is None:
        raise BadInput("Only members hold entitlements: sign in as the member whose changes you want to follow.")
    told = -1
    async for changed in services.store.changes():
        if changed in (None, member_id):  # None comes often while Redis is down, and most often means nothing
            revision = (await services.store.snapshot_of(member_id)).revision
            member = await find_member(services.database, member_id) if revision > told else None
            if member:
                told = revision
                yield member

"""Following one's own entitlements."""

from collections.abc import AsyncIterator

from errors import BadInput
from identity.members import Member, find_member
from resolvers.context import Info


async def entitlements_changed(info: Info) -> AsyncIterator[Member]:
    """The caller itself: at once, and each time what it holds may have changed. Raises BadInput for others."""
    services, member_id = info.context.services, info.context.principal.member_id
    if member_id is None:
        raise BadInput("Only members hold entitlements: sign in as the member whose changes you want to follow.")
    async for changed in services.store.changes():
        if changed in (None, member_id) and (member := await find_member(services.database, member_id)):
            yield member

"""What operators and integrators read about members."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from identity.members import Member, count_members, list_members
from resolvers.connection import After, Connection, First, connect, page_for
from resolvers.context import Info
from resolvers.inputs import is_id
from resolvers.members import Entitlement, entitlements_of, load_members

MemberId = Annotated[strawberry.ID, strawberry.argument(description="The id of the member.")]


async def member(info: Info, id: MemberId) -> Member | None:
    return await info.context.load(load_members, id) if is_id(id) else None


async def members(info: Info, first: First = 20, after: After = None) -> Connection[Member]:
    database, page = info.context.services.database, page_for(first, after, "id", str)
    found = await list_members(database, after=page.after_id, limit=page.limit)
    return connect([(each.id, each) for each in found], page, lambda: count_members(database))


async def member_entitlements(info: Info, member_id: MemberId) -> Sequence[Entitlement] | None:
    """None when there is no such member."""
    services = info.context.services
    known = await info.context.load(load_members, member_id) if is_id(member_id) else None
    return entitlements_of(services, await services.store.snapshot_of(member_id)) if known else None

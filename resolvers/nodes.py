"""Anything by its id. Unknown, hidden, foreign and absent are all the same: null.

An id's prefix tells its type; the type must exist in the contract being served, so nothing is reached that the
audience's schema does not have.
"""

from asyncio import gather
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

import strawberry

from content.model import Author, Entry
from errors import BadInput
from identity.members import Member
from identity.model import Kind
from resolvers.columns import columns_for
from resolvers.connection import MOST
from resolvers.context import Info
from resolvers.inputs import is_id
from resolvers.loading import load_authors, load_content
from resolvers.members import load_members
from resolvers.subscriptions import event

MEMBERS_SCOPE = "members:read"

NodeId = Annotated[strawberry.ID, strawberry.argument(description="The id, as some field `id` gave it.")]
NodeIds = Annotated[
    list[strawberry.ID], strawberry.argument(description=f"The ids, as some field `id` gave them; at most {MOST}.")
]

Find = Callable[[Info, str], Awaitable[Any]]


async def node(info: Info, id: NodeId) -> Any:
    known = TYPES.get(id.partition("_")[0]) if is_id(id) else None
    if known is None or known[0] not in info.context.schema.type_map:
        return None
    found = await known[1](info, id)
    return found if found is not None and type(found).__name__ == known[0] else None


async def nodes(info: Info, ids: NodeIds) -> Sequence[Any]:
    if len(ids) > MOST:
        raise BadInput(f"`ids` has {len(ids)} entries: ask for at most {MOST} at once.")
    return await gather(*(node(info, each) for each in ids))


async def _entry(info: Info, entry_id: str) -> Entry | None:
    return await info.context.load(load_content, (entry_id, columns_for(info, Entry)))


async def _author(info: Info, author_id: str) -> Author | None:
    return await info.context.load(load_authors, (author_id, columns_for(info, Author)))


async def _member(info: Info, member_id: str) -> Member | None:
    principal, scopes = info.context.principal, info.context.access.scopes
    allowed = principal.member_id == member_id or (principal.kind is Kind.OPERATOR and MEMBERS_SCOPE in scopes)
    return await info.context.load(load_members, member_id) if allowed else None


TYPES: Mapping[str, tuple[str, Find]] = {
    "art": ("Article", _entry),
    "pst": ("Post", _entry),
    "crs": ("Course", _entry),
    "les": ("Lesson", _entry),
    "dwn": ("Download", _entry),
    "aut": ("Author", _author),
    "mem": ("Member", _member),
    "evt": ("StripeEvent", event),
}
"""By prefix: the type's name, and how one is found. Its record bears the same name."""

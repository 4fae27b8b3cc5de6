"""What every resolver receives as `info.context`: the caller, what it holds, and the services.

One Context lives for one operation. A subscription's context is refreshed before each event, so that a
downgrade shows at once; data loaders never outlive an operation or an event.
"""

from asyncio import shield
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLSchema
from strawberry.dataloader import DataLoader

from batching import Batching
from billing.actions import Acting
from billing.model import Catalogue
from billing.ports import Replay
from clock import Clock
from content.publish import Feed
from gating.model import Access, Snapshot
from gating.store import EntitlementStore
from identity.model import Principal
from identity.tokens import OutdatedToken
from storage.database import Database

READS_AT_ONCE = 2
"""Of one kind, so that one that takes long holds nobody up."""

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Services:
    """What the process offers to all operations; assembled once by `app`.

    `replay` is None where no events come in, `acting` where no Stripe key is set. `reads` are what
    operations read together, by how it is read.
    """

    clock: Clock
    database: Database
    catalogue: Catalogue
    store: EntitlementStore
    feed: Feed
    replay: Replay | None = None
    acting: Acting | None = None
    reads: dict[Any, Batching[Any, Any]] = field(default_factory=dict[Any, Batching[Any, Any]])

    def load(self, read: "Read[Key, Value]", key: Key) -> Awaitable[Value]:
        """`read` for `key`, together with all that any operation asks for in the same turn of the loop.

        `read` answers one value for each key, in their order: shared, so nobody may change it.
        """
        batching = self.reads.get(read)
        if batching is None:
            batching = self.reads[read] = Batching(partial(read, self), at_once=READS_AT_ONCE)
        return batching.ask(key)


@dataclass(slots=True)
class Context:
    """One operation's caller and the schema it is served.

    `access` is all that decides; `principal` says whose own data is meant. `used` is what members used this month, as
    far as it was read with them.
    """

    principal: Principal
    services: Services
    schema: GraphQLSchema
    access: Access
    loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict[Any, DataLoader[Any, Any]])
    used: dict[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])

    async def refresh(self, fresh: bool = False) -> None:
        """Reads `access` anew and forgets everything loaded. `fresh`: from PostgreSQL; raises OutdatedToken."""
        self.access = await self.services.store.access_for(self.principal, fresh)
        self.loaders = {}
        self.used = {}
        if fresh and self.access.outdates(self.principal.revision):
            raise OutdatedToken("What you hold has changed since the bearer token was made: get a fresh one.")

    def held(self, member_id: str, work_out: "WorkOut[Value]") -> Value | Awaitable[Value]:
        """`work_out` of what the member holds now; to be waited for where this process does not remember it.

        What comes of it is shared: nobody may change it. Raises Unavailable.
        """
        entry = self.services.store.recall(member_id)
        if entry is None:
            return self._work_out(member_id, work_out)
        known: Any = entry.worked_out.get(work_out, _UNKNOWN)
        if known is _UNKNOWN:
            known = entry.worked_out[work_out] = work_out(self.services, entry.snapshot)
        return known

    async def _work_out(self, member_id: str, work_out: "WorkOut[Value]") -> Value:
        return work_out(self.services, await self.services.store.snapshot_of(member_id))

    def load(self, batch: "Batch[Key, Value]", key: Key) -> Awaitable[Value]:
        """`batch` for `key` together with all other keys that this operation asks for in the same turn.

        `batch` answers one value for each key, in the order of the keys; each key is asked for once.
        """
        loader = self.loaders.get(batch)
        if loader is None:
            loader = self.loaders[batch] = DataLoader(partial(batch, self))
        return shield(loader.load(key))  # others may wait for the same: whoever is cancelled leaves it to them


_UNKNOWN = object()

WorkOut = Callable[[Services, Snapshot], Value]
"""A function of a module: what it says is remembered by it, as long as the snapshot answers."""

Read = Callable[[Services, Sequence[Key]], Awaitable[Sequence[Value]]]

Batch = Callable[[Context, Sequence[Key]], Awaitable[Sequence[Value]]]

Info = strawberry.Info[Context, None]


async def build_context(principal: Principal, services: Services, schema: GraphQLSchema) -> Context:
    """The context of one operation on the contract with this schema, `access` read."""
    return Context(principal, services, schema, await services.store.access_for(principal))

"""What every resolver receives as `info.context`: the caller, what it holds, and the services.

One Context lives for one operation. A subscription's context is refreshed before each event, so that a
downgrade shows at once; data loaders never outlive an operation or an event.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLSchema
from strawberry.dataloader import DataLoader

from billing.model import Catalogue
from clock import Clock
from content.publish import Feed
from gating.model import Access
from gating.store import EntitlementStore
from identity.model import Principal
from storage.database import Database

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Services:
    """What the process offers to all operations; assembled once by `app`."""

    clock: Clock
    database: Database
    catalogue: Catalogue
    store: EntitlementStore
    feed: Feed


@dataclass(slots=True)
class Context:
    """One operation's caller and the schema it is served.

    `access` is all that decides; `principal` says whose own data is meant.
    """

    principal: Principal
    services: Services
    schema: GraphQLSchema
    access: Access
    loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict[Any, DataLoader[Any, Any]])

    async def refresh(self) -> None:
        """Reads `access` anew and forgets everything loaded."""
        self.access = await self.services.store.access_for(self.principal)
        self.loaders = {}

    def load(self, batch: "Batch[Key, Value]", key: Key) -> Awaitable[Value]:
        """`batch` for `key` together with all other keys that this operation asks for in the same turn.

        `batch` answers one value for each key, in the order of the keys; each key is asked for once.
        """
        loader = self.loaders.get(batch)
        if loader is None:
            loader = self.loaders[batch] = DataLoader(partial(batch, self))
        return loader.load(key)


Batch = Callable[[Context, Sequence[Key]], Awaitable[Sequence[Value]]]

Info = strawberry.Info[Context, None]


async def build_context(principal: Principal, services: Services, schema: GraphQLSchema) -> Context:
    """The context of one operation on the contract with this schema, `access` read."""
    return Context(principal, services, schema, await services.store.access_for(principal))

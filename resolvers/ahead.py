"""Reading ahead: what the fields of a whole list will ask for, read once before the first of them is resolved.

A field whose value is already there is answered at once, without a task of its own for each entry. What is denied is
not in the open selection, and so is never read ahead. For lists at the top: those within lists are many, and batches
(`Context.load`) read for all of them together.
"""

from asyncio import gather
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Any, cast

from graphql import GraphQLObjectType

from execution.definitions import definition_of
from execution.selection import open_selection
from resolvers.context import Info

AHEAD = "gatehouse.ahead"
"""Where a field's metadata names what reads ahead for it."""

Ahead = Callable[[Info, Sequence[Any], tuple[str, ...]], Awaitable[None]]
"""Reads for all these records what the field's resolver will ask the context for; the path leads to the records."""


async def read_ahead(info: Info, records: Sequence[Any], *path: str) -> None:
    """For the fields selected and open on `records`, the objects that `path` leads to as in `open_selection`."""
    types = info.context.schema.type_map
    asked: dict[Ahead, list[Any]] = {}
    for type_name, names in open_selection(info, *path).by_type.items():
        of_type = [record for record in records if type(record).__name__ == type_name]
        for ahead in _aheads(cast(GraphQLObjectType, types[type_name]), names) if of_type else ():
            asked.setdefault(ahead, []).extend(of_type)
    await gather(*(ahead(info, those, path) for ahead, those in asked.items()))


@lru_cache(4096)
def _aheads(parent: GraphQLObjectType, python_names: frozenset[str]) -> tuple[Ahead, ...]:
    definitions = (definition_of(field) for field in parent.fields.values())
    return tuple(
        each.metadata[AHEAD] for each in definitions if each.python_name in python_names and AHEAD in each.metadata
    )

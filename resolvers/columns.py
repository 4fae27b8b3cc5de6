"""Which columns of a record a selection needs, so that nothing else is read and all that is, in one statement.

A field without a resolver needs the column it is named after, or of what is joined the columns that are selected on it.
A field with a resolver needs the columns it declares (`schema.fields.field(columns=…)`), or all that anybody may read
where it declares none, so forgetting the declaration costs a little time and never a leak.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, cast

from graphql import GraphQLObjectType
from strawberry.types.field import StrawberryField

from content.model import JOINED, WALLED, Entry, columns_of
from execution.definitions import definition_of
from execution.selection import open_selection, remembered
from resolvers.context import Info

COLUMNS = "gatehouse.columns"
"""Where a field's metadata names the columns its resolver reads."""


def columns_for(info: Info, record: type[Any], *path: str) -> frozenset[str]:
    """The columns of `record` that what is selected and open needs; `path` leads to it, as in `open_selection`.

    A joined record's are named `author.name`. What is denied is not among them.
    """
    return remembered(info, (record, *path), lambda: frozenset(_columns(info, record, path)))


def _columns(info: Info, record: type[Any], path: tuple[str, ...]) -> Iterator[str]:
    types = info.context.schema.type_map
    for type_name, selected in open_selection(info, *path).by_type.items():
        needed, joined = _needed(cast(GraphQLObjectType, types[type_name]), selected, record)
        yield from needed
        for name, attribute in joined:
            yield f"{attribute}.id"  # always, as a record's own
            yield from (f"{attribute}.{each}" for each in columns_for(info, JOINED[attribute], *path, name))


Needed = tuple[frozenset[str], tuple[tuple[str, str], ...]]


@lru_cache(4096)
def _needed(parent: GraphQLObjectType, python_names: frozenset[str], record: type[Any]) -> Needed:
    """The record's own columns, and what is joined to it: the GraphQL name of each such field, and its attribute."""
    own, joined = frozenset[str](), list[tuple[str, str]]()
    for name, element in parent.fields.items():
        field: StrawberryField = definition_of(element)
        if field.python_name not in python_names:
            continue
        if field.is_basic_field and field.python_name in JOINED and issubclass(record, Entry):
            joined.append((name, field.python_name))
        else:
            own |= _columns_of_field(field, record)
    return own, tuple(joined)


def _columns_of_field(field: StrawberryField, record: type[Any]) -> frozenset[str]:
    every = columns_of(record)
    if field.is_basic_field:
        return (every.union(WALLED) if issubclass(record, Entry) else every) & {field.python_name}
    return every & field.metadata.get(COLUMNS, every)

"""Which columns of a record a selection needs, so that nothing else is read.

A field without a resolver needs the column it is named after. A field with a resolver needs the columns it declares
(`schema.fields.field(columns=…)`), or all of them where it declares none: records hold only what anybody may
read, so forgetting the declaration costs a little time and never a leak.
"""

from functools import lru_cache
from typing import Any, cast

from graphql import GraphQLObjectType
from strawberry.types.field import StrawberryField

from content.model import columns_of
from execution.definitions import definition_of
from execution.selection import open_selection
from resolvers.context import Info

COLUMNS = "gatehouse.columns"
"""Where a field's metadata names the columns its resolver reads."""


def columns_for(info: Info, record: type[Any], *path: str) -> frozenset[str]:
    """The columns of `record` that what is selected and open needs; `path` leads to it, as in `open_selection`."""
    types = info.context.schema.type_map
    selected = open_selection(info, *path).by_type
    needed = (_needed(cast(GraphQLObjectType, types[name]), fields, record) for name, fields in selected.items())
    return frozenset[str]().union(*needed)


@lru_cache(4096)
def _needed(parent: GraphQLObjectType, python_names: frozenset[str], record: type[Any]) -> frozenset[str]:
    definitions: list[StrawberryField] = [definition_of(field) for field in parent.fields.values()]
    selected = [each for each in definitions if each.python_name in python_names]
    return frozenset[str]().union(*(_columns_of_field(each, columns_of(record)) for each in selected))


def _columns_of_field(field: StrawberryField, every: frozenset[str]) -> frozenset[str]:
    if field.is_basic_field:
        return every & {field.python_name}
    return every & field.metadata.get(COLUMNS, every)

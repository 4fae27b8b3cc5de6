"""Values that come ready, as JSON: what a resolver may answer where nothing below its field is left to decide.

So it is where all that is selected below is attributes of records and names of types, of one type at each position: no
resolver is to be called, no refusal is to be told. Then values can go from rows to JSON (`resolvers/ready.py`), and no
object is made of them. The interpreter never takes them: it is the measure of what is right.
"""

from dataclasses import dataclass
from typing import Any, cast

from graphql import GraphQLNonNull, GraphQLObjectType, get_named_type, is_leaf_type
from graphql.execution.collect_fields import FieldDetails, FieldDetailsList
from orjson import Fragment

from execution.definitions import definition_of, list_depth, raw_info_of
from execution.executor import GatedFields
from execution.plan import Attribute
from execution.running import Running, executor_of
from execution.selection import remembered
from execution.sources import source_of

Ready = Fragment
"""JSON that stands in the place of a value. Whoever makes one vouches for it: it is sent as it is."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """An attribute that is told by a scalar or an enum called `type_name`; never null if `required`."""

    attribute: str
    type_name: str
    required: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """The answer for the objects of an attribute, one or `many`: by response name, in order. A text is JSON."""

    attribute: str
    many: bool
    fields: tuple[tuple[str, "Leaf | Shape | str"], ...]


def ready_shape(info: Any) -> Shape | None:
    """What a value of the resolver's field would have to be, if it may come ready; None where it may not."""
    executor = executor_of(info)
    if not executor.takes_ready:
        return None
    raw = raw_info_of(info)
    details = [FieldDetails(node, None) for node in raw.field_nodes]
    return remembered(info, (Shape,), lambda: [_shape(executor, raw.field_name, raw.return_type, details)])[0]


def _shape(executor: Running, attribute: str, returned: Any, details: FieldDetailsList) -> Shape | None:
    named = get_named_type(returned)
    depth = list_depth(returned)
    if not isinstance(named, GraphQLObjectType) or depth > 1:
        return None
    grouped = executor.collect_subfields(named, details).grouped_field_set
    denied, order = (grouped.denied, grouped.order) if isinstance(grouped, GatedFields) else ({}, tuple(grouped))
    if not all(each.silent for each in denied.values()):
        return None
    fields = [(name, "null" if name in denied else _field(executor, named, grouped[name])) for name in order]
    known = [(name, field) for name, field in fields if field is not None]
    return Shape(attribute, depth == 1, tuple(known)) if len(known) == len(fields) else None


def _field(executor: Running, parent: GraphQLObjectType, details: FieldDetailsList) -> Leaf | Shape | str | None:
    node = details[0].node
    if node.name.value == "__typename":
        return f'"{parent.name}"'
    definition = parent.fields.get(node.name.value)
    if definition is None or definition_of(definition) is None:
        return None
    source = source_of(cast(Any, executor).schema, definition, node)
    if not isinstance(source, Attribute):
        return None
    if is_leaf_type(named := get_named_type(definition.type)):
        required = isinstance(definition.type, GraphQLNonNull)
        return None if list_depth(definition.type) else Leaf(source.name, named.name, required)
    return _shape(executor, source.name, definition.type, details)

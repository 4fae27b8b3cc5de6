"""What a resolver has to fetch: the fields selected below it that this caller may have, by runtime type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from graphql import GraphQLObjectType, get_named_type
from graphql.execution.collect_fields import FieldDetails, FieldDetailsList

from execution.definitions import definition_of, object_types, raw_info_of
from execution.plan_run import PlannedInfo
from execution.running import Running, executor_of


@dataclass(frozen=True, slots=True)
class OpenSelection:
    """Python names of the open fields, by GraphQL type name. Types that select nothing open are absent."""

    by_type: Mapping[str, frozenset[str]]

    @property
    def names(self) -> frozenset[str]:
        """Over all types."""
        return frozenset(name for names in self.by_type.values() for name in names)

    def of(self, type_name: str) -> frozenset[str]:
        return self.by_type.get(type_name, frozenset())


Value = TypeVar("Value")


def remembered(info: Any, key: tuple[Any, ...], work_out: Callable[[], Value]) -> Value:
    """What `work_out` says of the selection of `info`: the same for everybody who may have the same of it."""
    selections = executor_of(info).selections
    if info.__class__ is PlannedInfo:
        whole: tuple[Any, ...] = (key, info.planned)
    else:
        raw = raw_info_of(info)
        whole = (key, raw.parent_type.name, *map(id, raw.field_nodes))
    known = selections.get(whole)
    if known is None:
        known = selections[whole] = work_out()
    return known


def open_selection(info: Any, *path: str) -> OpenSelection:
    """What is selected on the objects that a resolver returns, after fragments, `@skip`, `@include` and gates.

    `path` leads from the field's own type to the objects meant, by GraphQL field names: `("edges", "node")` for a
    connection. Denied fields are absent, so their columns are never asked for.
    """
    return remembered(info, path, lambda: OpenSelection(_open_names(executor_of(info), raw_info_of(info), path)))


def _open_names(executor: Running, raw: Any, path: tuple[str, ...]) -> dict[str, frozenset[str]]:
    details = [FieldDetails(node, None) for node in raw.field_nodes]
    by_type: dict[str, frozenset[str]] = {}
    for parent, selected in _descend(executor, raw.return_type, details, path):
        names = _python_names(parent, _open_fields(executor, parent, selected))
        by_type[parent.name] = by_type.get(parent.name, frozenset()) | names
    return {name: names for name, names in by_type.items() if names}


Place = tuple[GraphQLObjectType, FieldDetailsList]


def _descend(executor: Running, returned: Any, details: FieldDetailsList, path: tuple[str, ...]) -> list[Place]:
    places: list[Place] = [(parent, details) for parent in object_types(executor.schema, get_named_type(returned))]
    for step in path:
        places = [
            (child, selected)
            for parent, around in places
            for name, selected in _open_fields(executor, parent, around)
            if name == step
            for child in object_types(executor.schema, get_named_type(parent.fields[step].type))
        ]
    return places


def _open_fields(
    executor: Running, parent: GraphQLObjectType, details: FieldDetailsList
) -> list[tuple[str, FieldDetailsList]]:
    """(field name, its nodes) for each open response name; a field asked for under two aliases comes twice."""
    grouped = executor.collect_subfields(parent, details).grouped_field_set
    return [(selected[0].node.name.value, selected) for selected in grouped.values()]


def _python_names(parent: GraphQLObjectType, fields: list[tuple[str, FieldDetailsList]]) -> frozenset[str]:
    definitions = ((name, definition_of(parent.fields.get(name))) for name, _ in fields if name in parent.fields)
    return frozenset(getattr(definition, "python_name", None) or name for name, definition in definitions)

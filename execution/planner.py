"""From an operation and what its caller is denied to a plan. Walks the selections once, by every type they may meet."""

from dataclasses import dataclass, field
from typing import cast

from graphql import (
    FieldNode,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationType,
    get_named_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import Path

from execution.definitions import list_depth, object_types
from execution.executor import DeniedSelection, GatedExecutor, GatedFields
from execution.plan import Call, Constant, FieldPlan, Plan, Refused, Selection
from execution.request_gate import root_rejections
from execution.sources import source_of

MOST_SELECTIONS = 2_000
"""Types times positions; a document beyond is interpreted."""


class NotCompiled(Exception):
    """The reason, in a few fixed words, why an operation is interpreted."""


@dataclass(slots=True)
class _Numbers:
    """What has been handed out so far."""

    selections: int = 0
    fields: int = 0
    places: int = 0
    refused: list[tuple[str, DeniedSelection]] = field(default_factory=list[tuple[str, DeniedSelection]])

    def next_selection(self) -> int:
        self.selections += 1
        if self.selections > MOST_SELECTIONS:
            raise NotCompiled("too many types")
        return self.selections - 1

    def next_place(self) -> int:
        self.places += 1
        return self.places - 1

    def refuse(self, name: str, selection: DeniedSelection) -> int:
        self.refused.append((name, selection))
        return len(self.refused) - 1


def plan_for(executor: GatedExecutor) -> Plan:
    """The plan of the operation that `executor` was made for. Raises NotCompiled."""
    if not executor.error_propagation:
        raise NotCompiled("errors that do not spread")
    kind = executor.operation.operation
    root_type = cast(GraphQLObjectType, executor.schema.get_root_type(kind))
    numbers = _Numbers()
    root = _selection(executor, numbers, root_type, executor.collect_root(root_type), None)
    return Plan(
        executor,
        root,
        numbers.places,
        tuple(executor.denied.values()),
        tuple(numbers.refused),
        tuple(root_rejections(executor)),
        kind is OperationType.MUTATION,
        numbers.fields,
    )


def _selection(
    executor: GatedExecutor, numbers: _Numbers, parent: GraphQLObjectType, grouped: GroupedFieldSet, path: Path | None
) -> Selection:
    number = numbers.next_selection()
    denied, order = (grouped.denied, grouped.order) if isinstance(grouped, GatedFields) else ({}, tuple(grouped))
    planned: list[FieldPlan] = []
    numbers.fields += len(order)
    for name in order:
        at = Path(path, name, parent.name)
        if name in denied:
            planned.append(_refused(numbers, parent, name, denied[name]))
        elif found := _field(executor, numbers, parent, name, grouped[name], at):
            planned.append(found)
    stored = tuple(each for each in planned if each.place is not None)
    return Selection(number, parent, tuple(planned), stored, any(map(_tells, planned)))


def _tells(planned: FieldPlan) -> bool:
    if isinstance(planned.source, Refused):
        return planned.source.place is not None
    return any(selection.tells for selection in planned.below.values())


def _refused(numbers: _Numbers, parent: GraphQLObjectType, name: str, selection: DeniedSelection) -> FieldPlan:
    if selection.non_null:
        raise NotCompiled("gate on a non-null field")
    source = Refused(selection, None if selection.silent else numbers.refuse(name, selection))
    return FieldPlan(name, [], [], parent.fields[selection.field_name].type, parent, source, None)


def _field(
    executor: GatedExecutor,
    numbers: _Numbers,
    parent: GraphQLObjectType,
    name: str,
    details: FieldDetailsList,
    path: Path,
) -> FieldPlan | None:
    """None for what the type does not have: it is left out of the answer."""
    nodes: list[FieldNode] = [each.node for each in details]
    field_name = nodes[0].name.value
    definition = executor.schema.get_field(parent, field_name)
    if definition is None:
        return None
    info = executor.build_resolve_info(definition, nodes, parent, path)
    if field_name == "__typename":
        return FieldPlan(name, nodes, details, definition.type, parent, Constant(parent.name), info)
    if field_name.startswith("__"):
        raise NotCompiled("introspection")
    source = source_of(executor.schema, definition, nodes[0])
    named = get_named_type(definition.type)
    below: dict[str, Selection] = {}
    for child in object_types(executor.schema, named):
        grouped = executor.collect_subfields(child, details).grouped_field_set
        below[child.name] = _selection(executor, numbers, child, grouped, path)
    leads_on = any(selection.stored for selection in below.values())
    place = numbers.next_place() if isinstance(source, Call) or leads_on else None
    by_class: dict[type, str] | None = {} if below and _told_by_class(executor.schema, named) else None
    depth = list_depth(definition.type)
    return FieldPlan(
        name, nodes, details, definition.type, parent, source, info, below, place, by_class, depth, leads_on
    )


def _told_by_class(schema: GraphQLSchema, named: GraphQLNamedType) -> bool:
    """Whether all objects of one Python class are of one type: so it is where types are declared by their records."""
    return all(
        hasattr(each.is_type_of, "records") or (each is named and each.is_type_of is None)
        for each in object_types(schema, named)
    )

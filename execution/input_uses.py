"""Which guarded arguments, input fields and enum values an operation uses: literals, variables, defaults, nested."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

from graphql import (
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLEnumType,
    GraphQLIncludeDirective,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    ListValueNode,
    NamedTypeNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)
from graphql.execution.values import VariableValues, get_directive_values

from execution.definitions import named_type_of

Guard = TypeVar("Guard")
Guard_co = TypeVar("Guard_co", covariant=True)


class Guards(Protocol[Guard_co]):
    """What is looked for, by coordinate: a whole rule book, or the denials of one caller."""

    @property
    def arguments(self) -> Mapping[tuple[str, str, str], Guard_co]: ...
    @property
    def inputs(self) -> Mapping[tuple[str, str], Guard_co]: ...
    @property
    def enum_values(self) -> Mapping[tuple[str, str], Guard_co]: ...


@dataclass(frozen=True, slots=True)
class _Search:
    """One walk. Without `variables` everything counts as included, and a variable as all that its type can hold."""

    schema: GraphQLSchema
    guards: Guards[Any]
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues | None
    seen: set[str] = field(default_factory=set[str])


def uses_guarded_input(schema: GraphQLSchema, guards: Guards[object], document: DocumentNode) -> bool:
    """Whether any operation of `document` could use any of `guards`, whatever its variables are."""
    if not (guards.arguments or guards.inputs or guards.enum_values):
        return False
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    operations = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return any(True for node in operations for _ in _in_operation(_Search(schema, guards, fragments, None), node))


def find_input_uses(
    schema: GraphQLSchema,
    guards: Guards[Guard],
    fragments: Mapping[str, FragmentDefinitionNode],
    operation: OperationDefinitionNode,
    variables: VariableValues,
) -> list[Guard]:
    """The guards that `operation` uses, in document order, once for each use. Skipped fields use nothing."""
    return list(_in_operation(_Search(schema, guards, fragments, variables), operation))


def _in_operation(search: _Search, operation: OperationDefinitionNode) -> Iterator[Any]:
    root = search.schema.get_root_type(operation.operation)
    return _in_selections(search, root, operation.selection_set) if root else iter(())


def _in_selections(search: _Search, parent: GraphQLCompositeType, selections: SelectionSetNode) -> Iterator[Any]:
    for node in selections.selections:
        if not _included(search, node):
            continue
        if isinstance(node, FieldNode):
            yield from _in_field(search, parent, node)
        elif isinstance(node, InlineFragmentNode):
            inner = _condition(search, node.type_condition, parent)
            yield from _in_selections(search, inner, node.selection_set)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in search.seen:
            # What a fragment uses depends on nothing but the variables, so each is walked once.
            search.seen.add(node.name.value)
            fragment = search.fragments[node.name.value]
            inner = _condition(search, fragment.type_condition, parent)
            yield from _in_selections(search, inner, fragment.selection_set)


def _included(search: _Search, node: SelectionNode) -> bool:
    if search.variables is None or not node.directives:
        return True
    skip = get_directive_values(GraphQLSkipDirective, cast(Any, node), search.variables)
    include = get_directive_values(GraphQLIncludeDirective, cast(Any, node), search.variables)
    return not (skip and skip["if"]) and not (include and not include["if"])


def _condition(search: _Search, condition: NamedTypeNode | None, parent: GraphQLCompositeType) -> GraphQLCompositeType:
    return cast(GraphQLCompositeType, search.schema.type_map[condition.name.value]) if condition else parent


def _in_field(search: _Search, parent: GraphQLCompositeType, node: FieldNode) -> Iterator[Any]:
    definition = search.schema.get_field(parent, node.name.value)
    if definition is None:
        return
    owners = [parent.name]
    if is_abstract_type(parent):
        owners += [possible.name for possible in search.schema.get_possible_types(parent)]
    for argument in node.arguments or ():
        if not _provided(search, argument.value):
            continue
        for owner in owners:
            if (guard := search.guards.arguments.get((owner, node.name.value, argument.name.value))) is not None:
                yield guard
        yield from _in_literal(search, _type_of(definition.args[argument.name.value]), argument.value)
    returned = named_type_of(definition)
    if node.selection_set and is_composite_type(returned):
        yield from _in_selections(search, returned, node.selection_set)


def _provided(search: _Search, value: ValueNode) -> bool:
    """A variable without a value leaves its argument or input field out."""
    if search.variables is None or not isinstance(value, VariableNode):
        return True
    return value.name.value in search.variables.coerced


def _in_literal(search: _Search, expected: Any, value: ValueNode) -> Iterator[Any]:
    if isinstance(value, VariableNode):
        yield from _in_variable(search, expected, value.name.value)
        return
    if isinstance(expected, GraphQLNonNull):
        yield from _in_literal(search, cast(Any, expected).of_type, value)
    elif isinstance(expected, GraphQLList):
        for item in value.values if isinstance(value, ListValueNode) else (value,):
            yield from _in_literal(search, cast(Any, expected).of_type, item)
    elif isinstance(expected, GraphQLEnumType) and isinstance(value, EnumValueNode):
        if (guard := search.guards.enum_values.get((expected.name, value.value))) is not None:
            yield guard
    elif isinstance(expected, GraphQLInputObjectType) and isinstance(value, ObjectValueNode):
        for entry in value.fields:
            if not _provided(search, entry.value):
                continue
            if (guard := search.guards.inputs.get((expected.name, entry.name.value))) is not None:
                yield guard
            yield from _in_literal(search, _type_of(expected.fields[entry.name.value]), entry.value)


def _in_variable(search: _Search, expected: Any, name: str) -> Iterator[Any]:
    if search.variables is None:
        yield from _reachable(search.guards, expected, set())
        return
    source = search.variables.sources.get(name)
    if source is None:
        return
    if source.value is not Undefined:
        yield from _in_value(search.guards, _type_of(source.signature), source.value)
    elif source.signature.default is not None and source.signature.default.literal is not None:
        yield from _in_literal(search, _type_of(source.signature), cast(ValueNode, source.signature.default.literal))


def _in_value(guards: Guards[Any], expected: Any, value: Any) -> Iterator[Any]:
    """The same for a variable's value as it came, which coercion has already accepted."""
    if isinstance(expected, GraphQLNonNull):
        yield from _in_value(guards, cast(Any, expected).of_type, value)
    elif isinstance(expected, GraphQLList):
        for item in cast("list[Any]", value) if isinstance(value, list | tuple) else (value,):
            yield from _in_value(guards, cast(Any, expected).of_type, item)
    elif isinstance(expected, GraphQLEnumType) and isinstance(value, str):
        if (guard := guards.enum_values.get((expected.name, value))) is not None:
            yield guard
    elif isinstance(expected, GraphQLInputObjectType) and isinstance(value, Mapping):
        for name, inner in cast("Mapping[str, Any]", value).items():
            if (guard := guards.inputs.get((expected.name, name))) is not None:
                yield guard
            if name in expected.fields:
                yield from _in_value(guards, _type_of(expected.fields[name]), inner)


def _reachable(guards: Guards[Any], expected: Any, visited: set[str]) -> Iterator[Any]:
    """All guards that a value of this type could use."""
    named = cast(GraphQLNamedType, get_named_type(expected))
    if named.name in visited:
        return
    visited.add(named.name)
    if isinstance(named, GraphQLEnumType):
        yield from (guard for (owner, _), guard in guards.enum_values.items() if owner == named.name)
    elif isinstance(named, GraphQLInputObjectType):
        yield from (guard for (owner, _), guard in guards.inputs.items() if owner == named.name)
        for input_field in named.fields.values():
            yield from _reachable(guards, _type_of(input_field), visited)


def _type_of(element: Any) -> Any:
    """An input's type, untyped: graphql-core leaves the inner type of its lists unknown."""
    return element.type

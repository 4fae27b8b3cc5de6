"""What of a schema one audience can see: what `@audiences` hides, what that hides in turn, what is then reachable."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    is_introspection_type,
    is_required_argument,
    is_required_input_field,
)

from errors import NotConfigured
from execution.definitions import find_directive, named_type_of
from gating.directives import Audience, Audiences

FIELDED = (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)


@dataclass(frozen=True, slots=True)
class Hidden:
    """Names of types, and coordinates of fields (input fields among them), arguments and enum values."""

    types: set[str] = field(default_factory=set[str])
    fields: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    arguments: set[tuple[str, str, str]] = field(default_factory=set[tuple[str, str, str]])
    values: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def size(self) -> int:
        return len(self.types) + len(self.fields) + len(self.arguments) + len(self.values)


def find_hidden(full: GraphQLSchema, audience: Audience) -> Hidden:
    """What `audience` may not see, and all that is void without it. Raises NotConfigured if that cannot be."""
    hidden = Hidden()
    for graphql_type in _own_types(full):
        _hide_declared(hidden, graphql_type, audience)
    before = -1
    while before != hidden.size():
        before = hidden.size()
        for graphql_type in _own_types(full):
            if graphql_type.name not in hidden.types:
                _hide_consequences(hidden, graphql_type, audience)
    _check_interfaces(full, hidden, audience)
    if full.query_type is None or full.query_type.name in hidden.types:
        raise NotConfigured(f"The schema of {audience.value} has no query left: leave it at least one field.")
    return hidden


def _own_types(full: GraphQLSchema) -> Iterator[GraphQLNamedType]:
    return (graphql_type for graphql_type in full.type_map.values() if not is_introspection_type(graphql_type))


def _seen_by(element: Any, audience: Audience) -> bool:
    declared = find_directive(element, Audiences)
    return declared is None or audience in declared.only


def _hide_declared(hidden: Hidden, graphql_type: GraphQLNamedType, audience: Audience) -> None:
    owner = graphql_type.name
    if not _seen_by(graphql_type, audience):
        hidden.types.add(owner)
    for name, element in getattr(graphql_type, "fields", {}).items():
        if not _seen_by(element, audience):
            hidden.fields.add((owner, name))
        for argument_name, argument in getattr(element, "args", {}).items():
            if not _seen_by(argument, audience):
                hidden.arguments.add((owner, name, argument_name))
    if isinstance(graphql_type, GraphQLEnumType):
        hidden.values.update(
            (owner, name) for name, value in graphql_type.values.items() if not _seen_by(value, audience)
        )


def _hide_consequences(hidden: Hidden, graphql_type: GraphQLNamedType, audience: Audience) -> None:
    """Fields of a hidden type go, arguments of one go, and a type of which nothing is left goes."""
    owner = graphql_type.name
    if isinstance(graphql_type, FIELDED):
        for name, element in graphql_type.fields.items():
            if (owner, name) not in hidden.fields:
                _hide_field(hidden, owner, name, element, audience)
        emptied = all((owner, name) in hidden.fields for name in graphql_type.fields)
    elif isinstance(graphql_type, GraphQLUnionType):
        emptied = all(member.name in hidden.types for member in graphql_type.types)
    elif isinstance(graphql_type, GraphQLEnumType):
        emptied = all((owner, name) in hidden.values for name in graphql_type.values)
    else:
        emptied = False
    if emptied:
        hidden.types.add(owner)


def _hide_field(
    hidden: Hidden, owner: str, name: str, element: GraphQLField | GraphQLInputField, audience: Audience
) -> None:
    gone = named_type_of(element).name in hidden.types
    if isinstance(element, GraphQLInputField):
        if gone and is_required_input_field(element):
            raise NotConfigured(f"{owner}.{name} is required but its type is hidden from {audience.value}: hide both.")
    else:
        for argument_name, argument in element.args.items() if not gone else ():
            _hide_argument(hidden, (owner, name, argument_name), argument, audience)
    if gone:
        hidden.fields.add((owner, name))


def _hide_argument(hidden: Hidden, key: tuple[str, str, str], argument: GraphQLArgument, audience: Audience) -> None:
    if key not in hidden.arguments and named_type_of(argument).name not in hidden.types:
        return
    if is_required_argument(argument):
        raise NotConfigured(
            f"{key[0]}.{key[1]}({key[2]}:) is required but hidden from {audience.value}:"
            " hide its field, or make it optional."
        )
    hidden.arguments.add(key)


def _check_interfaces(full: GraphQLSchema, hidden: Hidden, audience: Audience) -> None:
    for graphql_type in _own_types(full):
        if graphql_type.name in hidden.types or not isinstance(graphql_type, GraphQLObjectType | GraphQLInterfaceType):
            continue
        for interface in graphql_type.interfaces:
            for name in interface.fields if interface.name not in hidden.types else ():
                if (interface.name, name) not in hidden.fields and (graphql_type.name, name) in hidden.fields:
                    raise NotConfigured(
                        f"{graphql_type.name}.{name} is hidden from {audience.value} but {interface.name}.{name}"
                        " is not: hide both."
                    )


def reachable_types(full: GraphQLSchema, hidden: Hidden, from_directives: set[str]) -> list[str]:
    """Names of the visible types that a query can meet or name, in the order of the full schema."""
    roots = (full.query_type, full.mutation_type, full.subscription_type)
    waiting = [root.name for root in roots if root] + sorted(from_directives)
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in reached and name not in hidden.types:
            reached.add(name)
            waiting += _neighbours(full, hidden, full.type_map[name])
    return [name for name in full.type_map if name in reached]


def _neighbours(full: GraphQLSchema, hidden: Hidden, graphql_type: GraphQLNamedType) -> Iterator[str]:
    owner = graphql_type.name
    if isinstance(graphql_type, FIELDED):
        for name, element in graphql_type.fields.items():
            if (owner, name) in hidden.fields:
                continue
            yield named_type_of(element).name
            for argument_name, argument in getattr(element, "args", {}).items():
                if (owner, name, argument_name) not in hidden.arguments:
                    yield named_type_of(argument).name
    if isinstance(graphql_type, GraphQLObjectType | GraphQLInterfaceType):
        yield from (interface.name for interface in graphql_type.interfaces)
    if isinstance(graphql_type, GraphQLInterfaceType):
        implementations = full.get_implementations(graphql_type)
        yield from (one.name for one in (*implementations.objects, *implementations.interfaces))
    if isinstance(graphql_type, GraphQLUnionType):
        yield from (member.name for member in graphql_type.types)

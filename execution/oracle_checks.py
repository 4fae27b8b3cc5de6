"""Surfaces that would tell a gated value without showing it: defaults, sorts, filters, counts, computed fields."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    is_introspection_type,
)

from execution.definitions import find_directive, named_type_of
from execution.rules import RuleBook, ask_of
from gating.directives import Reads
from gating.model import Mode, Need, Rule

OPEN = Rule("", Mode.ERROR)


def find_gated_defaults(schema: GraphQLSchema, book: RuleBook, objects: Iterable[GraphQLObjectType]) -> Iterator[str]:
    """E07: a default is used by callers who never wrote it, so no gated enum value may be one."""
    for parent in objects:
        for name, field in parent.fields.items():
            for argument_name, argument in field.args.items():
                for gated in _gated_values(book, argument, argument.default_value):
                    yield f"E07 the default of {parent.name}.{name}({argument_name}:) is the gated {gated}"
    for graphql_type in schema.type_map.values():
        if isinstance(graphql_type, GraphQLInputObjectType):
            for name, input_field in graphql_type.fields.items():
                for gated in _gated_values(book, input_field, input_field.default_value):
                    yield f"E07 the default of {graphql_type.name}.{name} is the gated {gated}"


def _gated_values(book: RuleBook, element: Any, default: Any) -> Iterator[str]:
    """Coordinates of gated enum values and input fields inside a default of `element`, given as Python values."""
    named = named_type_of(element)
    if default is Undefined or default is None:
        return
    if isinstance(default, list | tuple):
        for item in cast("list[Any]", default):
            yield from _gated_values(book, element, item)
    elif isinstance(named, GraphQLEnumType):
        plain = getattr(default, "value", default)
        for name, value in named.values.items():
            if (named.name, name) in book.enum_values and plain in (value.value, getattr(value.value, "value", name)):
                yield f"{named.name}.{name}"
    elif isinstance(named, GraphQLInputObjectType):
        entries = cast("Mapping[str, Any]", default if isinstance(default, Mapping) else vars(default))
        for name, field in named.fields.items():
            value = entries.get(name, entries.get(field.out_name or name))
            if value is not None and (named.name, name) in book.inputs:
                yield f"{named.name}.{name}"
            yield from _gated_values(book, field, value)


def find_oracles(schema: GraphQLSchema, book: RuleBook) -> Iterator[str]:
    """E08: whatever `@reads` a gated field must be gated at least as strictly as that field."""
    for coordinate, rule, element in _surfaces(schema, book):
        declared = find_directive(element, Reads)
        for target in declared.fields if declared else ():
            owner, _, name = target.partition(".")
            if name not in getattr(schema.type_map.get(owner), "fields", {}):
                yield f"E08 {coordinate} reads {target}, which is not in this schema: correct the name, or hide both"
            elif not as_strict(rule, book.fields.get(owner, {}).get(name, OPEN)):
                yield f"E08 {coordinate} reads {target} but is gated less strictly: repeat that field's gate on it"


def _surfaces(schema: GraphQLSchema, book: RuleBook) -> Iterator[tuple[str, Rule, Any]]:
    """(coordinate, what it asks for in all, element) of whatever may carry `@reads`."""
    for owner in schema.type_map.values():
        if is_introspection_type(owner):
            continue
        if isinstance(owner, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in owner.fields.items():
                rule = book.fields.get(owner.name, {}).get(name, OPEN)
                yield f"{owner.name}.{name}", rule, field
                for argument_name, argument in field.args.items():
                    coordinate = f"{owner.name}.{name}({argument_name}:)"
                    yield coordinate, _both(rule, ask_of(argument).rule(coordinate, Mode.REJECT)), argument
        elif isinstance(owner, GraphQLInputObjectType):
            for name, input_field in owner.fields.items():
                yield f"{owner.name}.{name}", book.inputs.get((owner.name, name), OPEN), input_field
        elif isinstance(owner, GraphQLEnumType):
            for name, value in owner.values.items():
                yield f"{owner.name}.{name}", book.enum_values.get((owner.name, name), OPEN), value


def _both(one: Rule, other: Rule) -> Rule:
    return Rule(
        other.coordinate,
        other.mode,
        one.needs + other.needs,
        one.scopes + other.scopes,
        one.authenticated or other.authenticated,
    )


def as_strict(surface: Rule, target: Rule) -> bool:
    """Whether whoever may use `surface` may also see `target`."""
    return (
        all(_implied(surface.needs, need) for need in target.needs)
        and all(_implied(surface.scopes, need) for need in target.scopes)
        and (surface.authenticated or not target.authenticated)
    )


def _implied(held: tuple[Need, ...], target: Need) -> bool:
    return any(all(any(every <= alternative for every in target) for alternative in need) for need in held)

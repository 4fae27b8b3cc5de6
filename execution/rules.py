"""The rule book: what every coordinate of a schema asks for, read once from its directives."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    is_introspection_type,
)

from execution.definitions import find_directive, named_type_of
from gating.directives import Authenticated, RequiresEntitlement, RequiresScopes
from gating.model import Access, Mode, Need, Rule

OPEN_ON_GATED_TYPES = "id"
"""Normalised caches need it, so a gate on a type leaves it open; a gate on the field itself does not."""


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Rules by coordinate. Coordinates that ask for nothing are absent."""

    fields: dict[str, dict[str, Rule]]
    arguments: dict[tuple[str, str, str], Rule]
    inputs: dict[tuple[str, str], Rule]
    enum_values: dict[tuple[str, str], Rule]
    features: frozenset[str]
    scopes: frozenset[str]

    def every_rule(self) -> Iterator[Rule]:
        for of_type in self.fields.values():
            yield from of_type.values()
        yield from self.arguments.values()
        yield from self.inputs.values()
        yield from self.enum_values.values()

    def relevant(self, access: Access) -> Access:
        """The part of `access` that any rule looks at, so that callers who differ elsewhere share decisions."""
        return replace(
            access,
            features=access.features & self.features,
            scopes=access.scopes & self.scopes,
            revision=0,
            withheld=tuple(each for each in access.withheld if each.feature in self.features),
        )


@dataclass(frozen=True, slots=True)
class Ask:
    """What the directives of one element ask for. Falsy when nothing."""

    needs: tuple[Need, ...] = ()
    scopes: tuple[Need, ...] = ()
    authenticated: bool = False
    mode: Mode | None = None

    def __bool__(self) -> bool:
        return bool(self.needs or self.scopes or self.authenticated)

    def __and__(self, other: "Ask") -> "Ask":
        """Both; the mode of the first that names one."""
        return Ask(
            tuple(dict.fromkeys(self.needs + other.needs)),
            tuple(dict.fromkeys(self.scopes + other.scopes)),
            self.authenticated or other.authenticated,
            self.mode or other.mode,
        )

    def rule(self, coordinate: str, mode: Mode) -> Rule:
        return Rule(coordinate, mode, self.needs, self.scopes, self.authenticated)


def build_rules(schema: GraphQLSchema) -> RuleBook:
    """Reads every directive of `schema`. Rule of a field = its own AND its type's AND its returned object type's."""
    book = RuleBook({}, {}, {}, {}, frozenset(), frozenset())
    effectful = {root.name for root in (schema.mutation_type, schema.subscription_type) if root}
    for graphql_type in schema.type_map.values():
        if is_introspection_type(graphql_type):
            continue
        if isinstance(graphql_type, GraphQLObjectType):
            default = Mode.REJECT if graphql_type.name in effectful else Mode.ERROR
            _add_fields(book, graphql_type, default)
        elif isinstance(graphql_type, GraphQLInputObjectType):
            for name, field in graphql_type.fields.items():
                if ask := ask_of(field):
                    book.inputs[graphql_type.name, name] = ask.rule(
                        f"{graphql_type.name}.{name}", ask.mode or Mode.REJECT
                    )
        elif isinstance(graphql_type, GraphQLEnumType):
            for name, value in graphql_type.values.items():
                if ask := ask_of(value):
                    book.enum_values[graphql_type.name, name] = ask.rule(
                        f"{graphql_type.name}.{name}", ask.mode or Mode.REJECT
                    )
    rules = list(book.every_rule())
    return replace(
        book,
        features=frozenset(feature for rule in rules for feature in rule.features),
        scopes=frozenset(scope for rule in rules for need in rule.scopes for every in need for scope in every),
    )


def _add_fields(book: RuleBook, parent: GraphQLObjectType, default: Mode) -> None:
    for name, field in parent.fields.items():
        if ask := _field_ask(parent, name, field):
            rule = ask.rule(f"{parent.name}.{name}", ask.mode or default)
            book.fields.setdefault(parent.name, {})[name] = rule
        for argument_name, argument in field.args.items():
            if ask := ask_of(argument):
                coordinate = f"{parent.name}.{name}({argument_name}:)"
                book.arguments[parent.name, name, argument_name] = ask.rule(coordinate, ask.mode or Mode.REJECT)


def _field_ask(parent: GraphQLObjectType, name: str, field: GraphQLField) -> Ask:
    ask = ask_of(field)
    if name != OPEN_ON_GATED_TYPES:
        ask &= ask_of(parent)
    returned = named_type_of(field)
    return ask & ask_of(returned) if isinstance(returned, GraphQLObjectType) else ask


def ask_of(element: Any) -> Ask:
    """What the directives written on `element` itself ask for."""
    entitlement = find_directive(element, RequiresEntitlement)
    scopes = find_directive(element, RequiresScopes)
    return Ask(
        (_need(entitlement.any_of),) if entitlement else (),
        (_need(scopes.scopes),) if scopes else (),
        find_directive(element, Authenticated) is not None,
        Mode(entitlement.mode.value) if entitlement else None,
    )


def _need(any_of: list[list[str]]) -> Need:
    return tuple(frozenset(every) for every in any_of)

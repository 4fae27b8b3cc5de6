"""What is wrong with a schema's gates before anybody calls it. Each problem names its coordinate and the remedy."""

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import chain

from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    is_abstract_type,
    is_introspection_type,
    is_required_argument,
    is_required_input_field,
)

from execution.definitions import LOCKABLE, find_directive, named_type_of
from execution.oracle_checks import find_gated_defaults, find_oracles
from execution.rules import OPEN_ON_GATED_TYPES, RuleBook, ask_of
from gating.directives import Public
from gating.model import DenialCode, Denied, Mode, Rule
from gating.ports import Offers


def find_problems(schema: GraphQLSchema, book: RuleBook, features: frozenset[str]) -> list[str]:
    """Every problem that must keep `schema` from being served; `features` are the known feature keys."""
    objects = [
        graphql_type
        for graphql_type in schema.type_map.values()
        if isinstance(graphql_type, GraphQLObjectType) and not is_introspection_type(graphql_type)
    ]
    return list(
        chain(
            _interfaces(schema, book),
            chain.from_iterable(_non_null(schema, book, parent) for parent in objects),
            _modes(schema, book),
            chain.from_iterable(_locks(book, parent) for parent in objects),
            _required_inputs(schema, book, objects),
            find_gated_defaults(schema, book, objects),
            find_oracles(schema, book),
            _features(book, features),
            _open_mutations(schema, book),
        )
    )


def find_warnings(schema: GraphQLSchema, book: RuleBook, offers: Offers) -> Iterator[str]:
    """What is probably a mistake, but harms nobody's data."""
    for parent in schema.type_map.values():
        if isinstance(parent, GraphQLObjectType) and OPEN_ON_GATED_TYPES in book.fields.get(parent.name, {}):
            yield f"W05 {parent.name}.id is gated: normalised caches need it, gate the other fields"
    for feature in sorted(book.features):
        rule = Rule(feature, Mode.ERROR, ((frozenset({feature}),),))
        if not offers.for_denial(Denied(rule, DenialCode.ENTITLEMENT_REQUIRED, ((feature,),))):
            yield f"W10 feature {feature!r} is in no plan on sale: nobody can get what it gates"


def _interfaces(schema: GraphQLSchema, book: RuleBook) -> Iterator[str]:
    for interface in schema.type_map.values():
        if not isinstance(interface, GraphQLInterfaceType):
            continue
        if ask_of(interface):
            yield f"E01 {interface.name}: a gate on an interface protects no implementer, gate each of them"
        for name, field in interface.fields.items():
            ask = ask_of(field)
            for implementer in schema.get_possible_types(interface) if ask else ():
                rule = book.fields.get(implementer.name, {}).get(name)
                held = rule is not None and set(ask.needs) <= set(rule.needs) and set(ask.scopes) <= set(rule.scopes)
                if not held or (ask.authenticated and rule is not None and not rule.authenticated):
                    yield (
                        f"E02 {interface.name}.{name} is gated but {implementer.name}.{name} is not:"
                        " repeat the directive where the field is overridden"
                    )


def _non_null(schema: GraphQLSchema, book: RuleBook, parent: GraphQLObjectType) -> Iterator[str]:
    """A field that only its type's gate covers may be non-null, unless an interface or a union leads past that gate."""
    abstract = any(schema.is_sub_type(other, parent) for other in schema.type_map.values() if is_abstract_type(other))
    for name, rule in book.fields.get(parent.name, {}).items():
        field = parent.fields[name]
        if rule.mode is Mode.REJECT or not isinstance(field.type, GraphQLNonNull):
            continue
        if abstract or ask_of(field) or ask_of(named_type_of(field)):
            yield f"E03 {rule.coordinate} is gated but non-null: a denial would null its parent, make it nullable"


def _modes(schema: GraphQLSchema, book: RuleBook) -> Iterator[str]:
    effectful = {root.name for root in (schema.mutation_type, schema.subscription_type) if root}
    roots = effectful | {root.name for root in (schema.query_type,) if root}
    for owner, rules in book.fields.items():
        for rule in rules.values():
            if owner in effectful and rule.mode is not Mode.REJECT:
                yield f"E04 {rule.coordinate} has effects: gate it with mode REJECT"
            elif owner not in roots and rule.mode is Mode.REJECT:
                yield f"E04 {rule.coordinate} is no root field: REJECT is for roots and inputs, use ERROR or LOCK"
    for rule in (*book.arguments.values(), *book.inputs.values(), *book.enum_values.values()):
        if rule.mode is not Mode.REJECT:
            yield f"E04 {rule.coordinate} is input, whose denial refuses the request: say so with mode REJECT"


def _locks(book: RuleBook, parent: GraphQLObjectType) -> Iterator[str]:
    locks = [rule for rule in book.fields.get(parent.name, {}).values() if rule.mode is Mode.LOCK]
    if locks and LOCKABLE not in {interface.name for interface in parent.interfaces}:
        names = ", ".join(rule.coordinate for rule in locks)
        yield f"E11 {names}: LOCK needs the type to implement {LOCKABLE}, whose `access` tells what is missing"
    if len({(rule.needs, rule.scopes, rule.authenticated) for rule in locks}) > 1:
        names = ", ".join(rule.coordinate for rule in locks)
        yield f"E12 {names}: all LOCK fields of one type must ask for the same, or `access` could not speak for them"


def _required_inputs(schema: GraphQLSchema, book: RuleBook, objects: list[GraphQLObjectType]) -> Iterator[str]:
    for parent in objects:
        for name, field in parent.fields.items():
            for argument_name, argument in field.args.items():
                rule = book.arguments.get((parent.name, name, argument_name))
                if rule and is_required_argument(argument):
                    yield f"E06 {rule.coordinate} is gated but required: gate the field, or make it optional"
    for graphql_type in schema.type_map.values():
        if isinstance(graphql_type, GraphQLInputObjectType):
            for name, input_field in graphql_type.fields.items():
                rule = book.inputs.get((graphql_type.name, name))
                if rule and is_required_input_field(input_field):
                    yield f"E06 {rule.coordinate} is gated but required: make it optional"


def _features(book: RuleBook, known: frozenset[str]) -> Iterator[str]:
    for rule in book.every_rule():
        for need in (*rule.needs, *rule.scopes):
            if not need or any(not every for every in need):
                yield f"E13 {rule.coordinate}: its gate names nothing in some alternative, so it gates nothing or all"
        for feature in sorted(rule.features - known):
            near = get_close_matches(feature, known, n=1)
            remedy = f"did you mean {near[0]!r}?" if near else "declare it in the catalogue"
            yield f"E09 {rule.coordinate} asks for the unknown feature {feature!r}: {remedy}"


def _open_mutations(schema: GraphQLSchema, book: RuleBook) -> Iterator[str]:
    mutation = schema.mutation_type
    for name, field in mutation.fields.items() if mutation else ():
        if mutation and name not in book.fields.get(mutation.name, {}) and find_directive(field, Public) is None:
            yield (
                f"E14 {mutation.name}.{name} has neither a gate, a scope nor @authenticated: add one,"
                " or @public if anybody may call it"
            )

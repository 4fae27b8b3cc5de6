"""Enforcement with a hole: one directive stands in the schema and is not enforced."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from graphql import GraphQLObjectType, GraphQLSchema

from execution.definitions import named_type_of
from execution.gate import Gate
from execution.rules import ask_of, build_rules
from gating.model import Access, Denied

Key = TypeVar("Key")


def find_holes(schema: GraphQLSchema) -> dict[str, frozenset[str]]:
    """For each gated element of `schema` the coordinates that its directives close.

    A gated type closes its own fields and those that return it: while the latter are closed, opening one of the
    former alone opens nothing.
    """
    book = build_rules(schema)
    holes = {rule.coordinate: frozenset({rule.coordinate}) for rule in book.every_rule()}
    for owner in schema.type_map.values():
        if isinstance(owner, GraphQLObjectType) and ask_of(owner):
            closed = {rule.coordinate for rule in book.fields.get(owner.name, {}).values()}
            closed |= {
                f"{other.name}.{name}"
                for other in schema.type_map.values()
                if isinstance(other, GraphQLObjectType)
                for name, field in other.fields.items()
                if named_type_of(field) is owner
            }
            holes = {name: covered for name, covered in holes.items() if name not in closed} | {
                owner.name: frozenset(closed)
            }
    return holes


def forgetting(gate_for: Callable[[Access], Gate], coordinates: Collection[str]) -> Callable[[Access], Gate]:
    """`gate_for` whose gates let `coordinates` through."""

    def without(denials: Mapping[Key, Denied]) -> dict[Key, Denied]:
        return {key: denied for key, denied in denials.items() if denied.rule.coordinate not in coordinates}

    def forgetful(access: Access) -> Gate:
        gate = gate_for(access)
        return replace(
            gate,
            fields={owner: without(denials) for owner, denials in gate.fields.items()},
            arguments=without(gate.arguments),
            inputs=without(gate.inputs),
            enum_values=without(gate.enum_values),
        )

    return forgetful


def open_gate(gate_for: Callable[[Access], Gate]) -> Callable[[Access], Gate]:
    """`gate_for` whose gates let everything through: the second wall alone."""
    return lambda access: replace(gate_for(access), fields={}, arguments={}, inputs={}, enum_values={})

"""Whatever anybody may read was looked at by somebody: what loses its gate shows up here by name.

`open_fields.txt` lists every field, argument, input field and enum value that asks for no feature and no scope;
`signed-in` marks what still asks for a verified caller.
"""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema, is_introspection_type

from execution.definitions import DEFINITION, definition_of
from execution.rules import build_rules
from gating.directives import Authenticated, RequiresEntitlement, RequiresScopes
from gating.model import Rule
from schema.build import build_schemas

REVIEWED = Path(__file__).with_name("open_fields.txt")
GATES = (RequiresEntitlement, RequiresScopes, Authenticated)


def test_everything_open_was_reviewed() -> None:
    reviewed = set(REVIEWED.read_text(encoding="utf-8").splitlines())
    found = open_lines(build_schemas().full)
    unknown, gone = sorted(found - reviewed), sorted(reviewed - found)
    assert not unknown, f"open and not reviewed: {unknown}; gate them, or add them to {REVIEWED.name}"
    assert not gone, f"gated or gone by now: {gone}; take them out of {REVIEWED.name}"


def test_a_deleted_directive_is_named() -> None:
    """Each gate of the schema in turn loses one directive: the list then names what it gated."""
    schema = build_schemas().full
    reviewed, deleted = open_lines(schema), 0
    for coordinate, element in elements_of(schema):
        for gate in [one for one in directives_of(element) if isinstance(one, GATES)]:
            kept = element.extensions
            element.extensions = without(element, gate)
            opened = open_lines(schema) - reviewed
            element.extensions = kept
            deleted += 1
            named = any(line.split()[0] == coordinate or line.startswith(f"{coordinate}.") for line in opened)
            assert named, f"{type(gate).__name__} of {coordinate} can be deleted unnoticed"
    assert deleted > 20
    assert open_lines(schema) == reviewed


def open_lines(schema: GraphQLSchema) -> set[str]:
    """One line for each coordinate that asks for no feature and no scope."""
    book = build_rules(schema)
    rules = {rule.coordinate: rule for rule in book.every_rule()}
    return {
        f"{coordinate} signed-in" if coordinate in rules else coordinate
        for coordinate, element in elements_of(schema)
        if not isinstance(element, GraphQLObjectType) and not _asks(rules.get(coordinate))
    }


def _asks(rule: Rule | None) -> bool:
    return rule is not None and bool(rule.needs or rule.scopes)


def elements_of(schema: GraphQLSchema) -> Iterator[tuple[str, Any]]:
    """Every object type, field, argument, input field and enum value with its coordinate."""
    for owner in schema.type_map.values():
        if is_introspection_type(owner):
            continue
        if isinstance(owner, GraphQLObjectType):
            yield owner.name, owner
            for name, field in owner.fields.items():
                yield f"{owner.name}.{name}", field
                for argument_name, argument in field.args.items():
                    yield f"{owner.name}.{name}({argument_name}:)", argument
        elif isinstance(owner, GraphQLInputObjectType):
            yield from ((f"{owner.name}.{name}", field) for name, field in owner.fields.items())
        elif isinstance(owner, GraphQLEnumType):
            yield from ((f"{owner.name}.{name}", value) for name, value in owner.values.items())


def directives_of(element: Any) -> list[object]:
    return list(getattr(definition_of(element), "directives", None) or ())


def without(element: Any, gate: object) -> dict[str, Any]:
    """The element's extensions as they would be had `gate` never been written."""
    definition = copy.copy(definition_of(element))
    definition.directives = [one for one in definition.directives if one is not gate]
    return {**element.extensions, DEFINITION: definition}

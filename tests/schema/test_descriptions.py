"""Every element of the full schema says what it is, and no output hides its shape in a JSON scalar."""

from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
)

from schema.build import build_full

SHAPELESS = {"JSON", "JSONObject", "Any", "Object", "Map"}


def undescribed(schema: GraphQLSchema) -> Iterator[str]:
    """Coordinates of types, fields, arguments, enum values and input fields that have no description."""
    for name, kind in schema.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        if not kind.description:
            yield name
        match kind:
            case GraphQLObjectType() | GraphQLInterfaceType():
                for field_name, field in kind.fields.items():
                    if not field.description:
                        yield f"{name}.{field_name}"
                    yield from (
                        f"{name}.{field_name}({key}:)" for key, arg in field.args.items() if not arg.description
                    )
            case GraphQLInputObjectType():
                yield from (f"{name}.{key}" for key, field in kind.fields.items() if not field.description)
            case GraphQLEnumType():
                yield from (f"{name}.{key}" for key, value in kind.values.items() if not value.description)
            case _:
                pass


def shapeless(schema: GraphQLSchema) -> Iterator[str]:
    """Coordinates of output fields of a scalar that can hold anything: a gate inside it could not be checked."""
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not is_introspection_type(kind):
            for field_name, field in kind.fields.items():
                if str(field.type).strip("[]!") in SHAPELESS:
                    yield f"{name}.{field_name}"


@pytest.fixture(scope="module")
def full() -> GraphQLSchema:
    return build_full()


def test_every_element_is_described(full: GraphQLSchema) -> None:
    assert list(undescribed(full)) == []


def test_no_output_is_a_json_scalar(full: GraphQLSchema) -> None:
    assert list(shapeless(full)) == []


def test_what_is_missing_is_named() -> None:
    schema = build_schema("""
        type Query { "Said." said(unsaid: Int): JSON  unsaid("Said." said: Pair): Tone }
        input Pair { left: Int }
        enum Tone { LOUD }
        scalar JSON
    """)
    missing = ["Query", "Query.said(unsaid:)", "Query.unsaid", "Pair", "Pair.left", "Tone", "Tone.LOUD", "JSON"]
    assert sorted(undescribed(schema)) == sorted(missing)
    assert list(shapeless(schema)) == ["Query.said"]

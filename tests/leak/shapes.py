"""Every shape in which a document can ask for one field of one type."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    get_named_type,
    is_required_argument,
)

from execution.definitions import named_type_of
from execution.rules import RuleBook
from tests.leak.arrivals import possible_types

TOLD_APART = frozenset({"access"})
"""Open fields whose value is the caller's own access, so that it differs between callers by design."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A selection on the type, the fragments it needs, and text that may stand beside it in the document."""

    name: str
    selection: str
    fragments: str = ""
    beside: str = ""


def shapes_of(schema: GraphQLSchema, book: RuleBook, owner: str, name: str, arguments: str) -> Iterator[Shape]:
    """All shapes that apply to `owner.name`; the ones through interfaces only where there are interfaces."""
    parent = cast(GraphQLObjectType, schema.type_map[owner])
    plain = f"{name}{arguments} {selection_of(schema, book, parent.fields[name])}".strip()
    yield Shape("plain", plain)
    yield Shape("alias", f"z: {plain}")
    yield Shape("alias to an open name", f"{_open_name(book, parent, name)}: {plain}")
    yield Shape("duplicate", f"{plain} {plain}")
    yield Shape("many aliases", " ".join(f"x{number}: {plain}" for number in range(5)))
    yield Shape("inline fragment", f"... on {owner} {{ {plain} }}")
    yield Shape("inline fragment without a type", f"... {{ {plain} }}")
    yield Shape("nested inline fragments", f"... {{ ... on {owner} {{ ... {{ {plain} }} }} }}")
    yield Shape("fragment", "...F", f"fragment F on {owner} {{ {plain} }}")
    yield Shape(
        "nested fragments", "...F1", f"fragment F1 on {owner} {{ ...F2 }} fragment F2 on {owner} {{ k: {plain} }}"
    )
    yield Shape("fragment twice", "...F ...F", f"fragment F on {owner} {{ {plain} }}")
    yield from _through_interfaces(schema, parent, name, plain)
    after = plain.removeprefix(f"{name}{arguments}")
    yield Shape("include by variable", f"{name}{arguments} @include(if: $yes){after}")
    yield Shape("skip by variable", f"{name}{arguments} @skip(if: $no){after}")
    yield Shape("fragment included by variable", f"... on {owner} @include(if: $yes) {{ {plain} }}")
    yield Shape("excluded by variable", f"{name}{arguments} @include(if: $no){after} __typename")
    yield Shape("several operations", plain, beside="query Decoy { __typename }")
    yield Shape("introspection", plain, beside="")


def _through_interfaces(schema: GraphQLSchema, parent: GraphQLObjectType, name: str, plain: str) -> Iterator[Shape]:
    for interface in parent.interfaces:
        inner = f"... on {interface.name} {{ ... on {parent.name} {{ {plain} }} }}"
        yield Shape("inline through an interface", inner)
        fragment = f"fragment FI on {interface.name} {{ ... on {parent.name} {{ {plain} }} }}"
        yield Shape("fragment on an interface", "...FI", fragment)
        if name in interface.fields:
            yield Shape("field of an interface", f"... on {interface.name} {{ {plain} }}")
            yield Shape("field of an interface, alias", f"... on {interface.name} {{ q: {plain} }}")
            yield Shape(
                "field of an interface in a fragment", "...FJ", f"fragment FJ on {interface.name} {{ {plain} }}"
            )


def _open_name(book: RuleBook, parent: GraphQLObjectType, name: str) -> str:
    gated = book.fields.get(parent.name, {})
    opened = (
        other
        for other, field in parent.fields.items()
        if other not in gated and isinstance(get_named_type(field.type), GraphQLScalarType)
    )
    return next(opened, "id")


def selection_of(schema: GraphQLSchema, book: RuleBook, field: GraphQLField, depth: int = 4) -> str:
    """Braces with the leaves below a field, through `edges` and `node`; empty for a leaf."""
    named = named_type_of(field)
    if isinstance(named, GraphQLScalarType | GraphQLEnumType):
        return ""
    if not isinstance(named, GraphQLObjectType):
        inner = " ".join(
            f"... on {one.name} {{ {_leaves(schema, book, one, 1)} }}" for one in possible_types(schema, named)
        )
        return f"{{ __typename {inner} }}"
    return f"{{ {_leaves(schema, book, named, depth)} }}"


def _leaves(schema: GraphQLSchema, book: RuleBook, parent: GraphQLObjectType, depth: int) -> str:
    gated = book.fields.get(parent.name, {})
    fields = {
        name: field
        for name, field in parent.fields.items()
        if (name not in gated or depth > 2)
        and name not in TOLD_APART
        and not any(map(is_required_argument, field.args.values()))
    }
    leaves = [
        name
        for name, field in fields.items()
        if isinstance(get_named_type(field.type), GraphQLScalarType | GraphQLEnumType)
    ]
    inner = [name for name in fields if name not in leaves and (not leaves or name in ("edges", "node"))]
    if depth > 1:
        leaves += [f"{name} {selection_of(schema, book, fields[name], depth - 1)}" for name in inner]
    return " ".join(leaves or ["__typename"])


SHAPES = (
    "plain",
    "alias",
    "alias to an open name",
    "duplicate",
    "many aliases",
    "inline fragment",
    "inline fragment without a type",
    "nested inline fragments",
    "fragment",
    "nested fragments",
    "fragment twice",
    "inline through an interface",
    "fragment on an interface",
    "field of an interface",
    "field of an interface, alias",
    "field of an interface in a fragment",
    "include by variable",
    "skip by variable",
    "fragment included by variable",
    "excluded by variable",
    "several operations",
    "introspection",
)
"""All of them; a shape without a case fails the test."""

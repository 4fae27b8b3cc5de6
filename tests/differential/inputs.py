"""Input drawn by its type: as JSON for variables, and as literals with variables inside."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, cast

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
    get_named_type,
)

from tests.differential.values import JUNK, Values

INTEGERS = (2, 1, 3, 5, 20, 100)
EDGE_INTEGERS = (0, -1, 101, 2**31 - 1, -(2**31))
CONDITION = "if"
"""What `@skip` and `@include` call their argument; a null one is refused."""
WRONG: tuple[Any, ...] = (None, "text", -1, 1.5, True, 2**40, {}, {"no": 1}, [], [None], "", "NEWEST", 7, [[1]])
"""JSON that few types take: coercion refuses it, or the resolver does."""
SCALARS: dict[str, tuple[Any, ...]] = {
    "Float": (1.5, 2, 0.0, -1e10),
    "DateTime": ("2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05", "today"),
    "Date": ("2026-01-02", "2026-13-01"),
    "Decimal": ("1.50", "1e400"),
    "UUID": ("6f1a3c04-6c1f-4a57-8f67-0d1b7a0f9a11", "none"),
}


@dataclass(frozen=True, slots=True)
class Hole:
    """A variable inside a literal."""

    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where input goes: an argument of the field `coordinate`, or an input field below it, called `name`."""

    coordinate: str
    name: str
    type: Any
    has_default: bool

    @property
    def fit(self) -> tuple[str, bool]:
        """Where this is the same, a variable that may stand at one place may stand at the other."""
        return str(self.type), self.has_default

    def inner(self, name: str, definition: Any) -> "Place":
        return Place(self.coordinate, name, definition.type, definition.default_value is not Undefined)


MakeHole = Callable[[Place], "Hole | None"]
"""Puts a variable at a place inside a literal, or does not."""


def no_hole(_place: Place) -> None:
    return None


def chance(random: Random, percent: int) -> bool:
    return random.random() * 100 < percent


def draw_value(random: Random, values: Values, place: Place, hole: MakeHole = no_hole, *, inside: bool = False) -> Any:
    """JSON that `place` takes, but for edges that the resolver refuses. `inside` an input, variables may stand."""
    wanted = place.type
    if inside and (found := hole(place)):
        return found
    if isinstance(wanted, GraphQLNonNull):
        wanted = inside_of(wanted)
    elif chance(random, 2 if place.name == CONDITION else 12):
        return None
    if isinstance(wanted, GraphQLList):
        item = Place(place.coordinate, place.name, inside_of(wanted), False)
        if chance(random, 10):  # one item stands for a list of it
            return draw_value(random, values, Place(place.coordinate, place.name, _non_null(item.type), False))
        return [draw_value(random, values, item, hole, inside=True) for _ in range(random.randrange(5))]
    if isinstance(wanted, GraphQLInputObjectType):
        return _draw_object(random, values, place, wanted, hole)
    return _draw_leaf(random, values, place, wanted)


def _draw_object(random: Random, values: Values, place: Place, wanted: GraphQLInputObjectType, hole: MakeHole) -> Any:
    fields = {name: place.inner(name, definition) for name, definition in wanted.fields.items()}
    if wanted.is_one_of:
        name = random.choice(list(fields))
        return {name: draw_value(random, values, Place(place.coordinate, name, _non_null(fields[name].type), False))}
    given = {
        name: inner
        for name, inner in fields.items()
        if (isinstance(inner.type, GraphQLNonNull) and not inner.has_default) or chance(random, 30)
    }
    return {name: draw_value(random, values, inner, hole, inside=True) for name, inner in given.items()}


def _draw_leaf(random: Random, values: Values, place: Place, wanted: Any) -> Any:
    if isinstance(wanted, GraphQLEnumType):
        return random.choice(list(wanted.values))
    name = cast(str, wanted.name)
    if name == "Int":
        return random.choice(EDGE_INTEGERS if chance(random, 8) else INTEGERS)
    if name == "Boolean":
        return chance(random, 50)
    if name in SCALARS:
        return random.choice(SCALARS[name])
    junk = chance(random, 12)
    if junk and name == "ID" and chance(random, 20):
        return 5
    return random.choice(JUNK if junk else values.candidates(place.coordinate, place.name, name))


def literal(wanted: Any, value: Any) -> str:
    """`value` as it is written in a document."""
    if isinstance(value, Hole):
        return f"${value.name}"
    if value is None:
        return "null"
    if isinstance(wanted, GraphQLNonNull):
        return literal(inside_of(wanted), value)
    if isinstance(wanted, GraphQLList) and isinstance(value, list):
        return "[" + ", ".join(literal(inside_of(wanted), each) for each in cast("list[Any]", value)) + "]"
    named = named_type(wanted)
    if isinstance(named, GraphQLInputObjectType) and isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return (
            "{" + ", ".join(f"{name}: {literal(named.fields[name].type, each)}" for name, each in fields.items()) + "}"
        )
    if isinstance(named, GraphQLEnumType):
        return str(value)
    return json.dumps(value)


def inside_of(wrapper: Any) -> Any:
    """What a list or a non-null type wraps."""
    return wrapper.of_type


def named_type(wrapped: Any) -> Any:
    return cast(Any, get_named_type(wrapped))


def _non_null(wrapped: Any) -> Any:
    return cast(Any, wrapped if isinstance(wrapped, GraphQLNonNull) else GraphQLNonNull(wrapped))

"""Selection sets drawn from a schema. They merge: a response name means the same wherever it stands."""

import re
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import chain, count
from random import Random
from typing import Any, cast

from graphql import (
    GraphQLBoolean,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    Undefined,
    do_types_overlap,
    is_abstract_type,
    is_composite_type,
    is_introspection_type,
    is_required_argument,
)

from tests.differential.inputs import CONDITION, Hole, Place, chance, draw_value, inside_of, literal, named_type
from tests.differential.values import Values

ALIASES = ("a", "b", "c", "id", "title", "z9", "_", "node", "totalCount")
MOST_ITEMS = 5
INTROSPECTION_DEPTH = 3
INTROSPECTION_SHARE = 0.003


@dataclass(frozen=True, slots=True)
class Use:
    """What a response name stood for somewhere in the document."""

    parent: str
    concrete: bool
    call: str
    type: str


@dataclass(frozen=True, slots=True)
class Variable:
    """`place` is what its values are drawn for, with the variable's own type; `default` Undefined when it has none.

    It may stand wherever the place `fits`.
    """

    name: str
    place: Place
    default: Any
    fits: tuple[str, bool]

    @property
    def declaration(self) -> str:
        default = "" if self.default is Undefined else f" = {literal(self.place.type, self.default)}"
        return f"${self.name}: {self.place.type}{default}"


@dataclass(frozen=True, slots=True)
class Fragment:
    name: str
    on: str
    body: str


@dataclass(slots=True)
class Writing:
    """One document on its way."""

    random: Random
    schema: GraphQLSchema
    values: Values
    fields_left: int
    uses: dict[str, list[Use]] = field(default_factory=dict[str, list[Use]])
    fragments: dict[str, Fragment] = field(default_factory=dict[str, Fragment])
    variables: dict[str, Variable] = field(default_factory=dict[str, Variable])
    begun: int = 0


def draw_selection(writing: Writing, parent: Any, depth: int) -> str:
    """Braces with at least one selection on `parent`, an object, an interface or a union."""
    items = [_draw_item(writing, parent, depth)]
    while len(items) < MOST_ITEMS and writing.fields_left > 0 and chance(writing.random, 65):
        items.append(_draw_item(writing, parent, depth))
    return "{ " + " ".join(items) + " }"


def draw_root(writing: Writing, root: GraphQLObjectType, depth: int) -> str:
    """The one field that a subscription may have."""
    return f"{{ {_draw_field(writing, root, list(root.fields.items()), depth)} }}"


def _draw_item(writing: Writing, parent: Any, depth: int) -> str:
    """A field, now and then `__typename` or a fragment; of abstract types half of the time a fragment."""
    fields = _fields_of(writing, parent, depth)
    form = writing.random.randrange(100)
    if depth > 0 and (form >= 94 or (not fields and form >= 60)):
        return _draw_spread(writing, parent, depth)
    if depth > 0 and (form >= 84 or not fields or (is_abstract_type(parent) and form >= 45)):
        return _draw_inline(writing, parent, depth)
    if not fields or 1 <= form < 7:
        return _named(writing, parent, "__typename", "String!") + _draw_directives(writing)
    return _draw_field(writing, parent, fields, depth)


def _fields_of(writing: Writing, parent: Any, depth: int) -> list[tuple[str, Any]]:
    if isinstance(parent, GraphQLUnionType):
        return []
    fields = cast("dict[str, Any]", parent.fields)
    if parent is writing.schema.query_type and writing.random.random() < INTROSPECTION_SHARE:
        return [("__schema", SchemaMetaFieldDef), ("__type", TypeMetaFieldDef)]
    deep = depth > 0 and writing.fields_left > 0
    return [(name, each) for name, each in fields.items() if deep or not is_composite_type(named_type(each.type))]


def _draw_field(writing: Writing, parent: Any, fields: list[tuple[str, Any]], depth: int) -> str:
    leaves, inner = _parted(fields)
    name, definition = writing.random.choice(inner if inner and (not leaves or chance(writing.random, 55)) else leaves)
    writing.fields_left -= 1
    call = name + _draw_arguments(writing, f"{parent.name}.{name}", definition)
    written = _named(writing, parent, call, str(definition.type)) + _draw_directives(writing)
    named = named_type(definition.type)
    if not is_composite_type(named):
        return written
    below = min(depth, INTROSPECTION_DEPTH) if is_introspection_type(named) else depth
    return f"{written} {draw_selection(writing, named, below - 1)}"


def _parted(fields: list[tuple[str, Any]]) -> tuple[list[Any], list[Any]]:
    parts: tuple[list[Any], list[Any]] = ([], [])
    for each in fields:
        parts[is_composite_type(named_type(each[1].type))].append(each)
    return parts


def _named(writing: Writing, parent: Any, call: str, type_text: str) -> str:
    """`call` under its own name or an alias, one that merges with all that stand in the document."""
    own = re.split(r"\W", call, maxsplit=1)[0]
    wanted = [writing.random.choice(ALIASES)] if chance(writing.random, 28) else []
    use = Use(parent.name, isinstance(parent, GraphQLObjectType), call, type_text)
    for key in chain(wanted, [own], (f"k{number}" for number in count())):
        uses = writing.uses.setdefault(key, [])
        if all(_merges(use, other) for other in uses):
            uses.append(use)
            return call if key == own else f"{key}: {call}"
    raise AssertionError("there is always another name")


def _merges(one: Use, other: Use) -> bool:
    if one.type != other.type:
        return False
    apart = one.concrete and other.concrete and one.parent != other.parent
    return one.call == other.call or apart


def _draw_arguments(writing: Writing, coordinate: str, definition: Any) -> str:
    given: list[str] = []
    for name, argument in definition.args.items():
        place = Place(coordinate, name, argument.type, argument.default_value is not Undefined)
        if is_required_argument(argument) or chance(writing.random, 35):
            if chance(writing.random, 30):
                value: Any = Hole(_variable_for(writing, place))
            else:
                value = draw_value(writing.random, writing.values, place, partial(_hole, writing))
            given.append(f"{name}: {literal(place.type, value)}")
    return f"({', '.join(given)})" if given else ""


def _hole(writing: Writing, place: Place) -> Hole | None:
    return Hole(_variable_for(writing, place)) if chance(writing.random, 20) else None


def _variable_for(writing: Writing, place: Place) -> str:
    """The name of a variable that may stand at `place`: one that did at another like it, or a new one."""
    same = [each.name for each in writing.variables.values() if each.fits == place.fit]
    if same and chance(writing.random, 40):
        return writing.random.choice(same)
    random, wanted, default = writing.random, place.type, Undefined
    if chance(random, 30):
        default = draw_value(random, writing.values, place)
    if isinstance(wanted, GraphQLNonNull):
        if (default is not Undefined or place.has_default) and chance(random, 50):
            wanted = inside_of(wanted)
    elif default is not None and chance(random, 25):
        wanted = GraphQLNonNull(wanted)
    name = f"v{len(writing.variables)}"
    own = Place(place.coordinate, place.name, wanted, False)
    writing.variables[name] = Variable(name, own, default, place.fit)
    return name


def _draw_directives(writing: Writing) -> str:
    """None mostly; `@include` and `@skip` more often let in than keep out."""
    written = ""
    for name, lets_in in (("include", True), ("skip", False)):
        if chance(writing.random, 7):
            if chance(writing.random, 60):
                condition = f"${_variable_for(writing, Place(name, CONDITION, GraphQLNonNull(GraphQLBoolean), False))}"
            else:
                condition = str(lets_in is not chance(writing.random, 30)).lower()
            written += f" @{name}(if: {condition})"
    return written


def _draw_inline(writing: Writing, parent: Any, depth: int) -> str:
    on = parent if chance(writing.random, 25) else writing.random.choice(_overlapping(writing.schema, parent.name))
    condition = "" if on is parent and chance(writing.random, 60) else f" on {on.name}"
    return f"...{condition}{_draw_directives(writing)} {draw_selection(writing, on, depth - 1)}"


def _draw_spread(writing: Writing, parent: Any, depth: int) -> str:
    overlapping = _overlapping(writing.schema, parent.name)
    names = {each.name for each in overlapping}
    known = [each.name for each in writing.fragments.values() if each.on in names]
    if known and chance(writing.random, 45):
        name = writing.random.choice(known)
    else:
        on = parent if chance(writing.random, 50) else writing.random.choice(overlapping)
        name = f"F{writing.begun}"
        writing.begun += 1
        writing.fragments[name] = Fragment(name, on.name, draw_selection(writing, on, depth - 1))
    return f"...{name}{_draw_directives(writing)}"


@cache
def _overlapping(schema: GraphQLSchema, name: str) -> list[Any]:
    """The composite types that a fragment on the type `name` may name, itself among them."""
    parent: Any = schema.type_map[name]
    return [
        each
        for each in schema.type_map.values()
        if is_composite_type(each) and do_types_overlap(schema, parent, cast(Any, each))
    ]

"""Finding what exists: everything that can be reached is asked for once, and its texts, ids and cursors are kept."""

from collections.abc import Awaitable, Callable, Collection, Iterator
from itertools import product
from typing import Any, cast

from graphql import (
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLSchema,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
)

from execution.limits import Limits
from execution.model import Answer
from tests.differential.inputs import literal, named_type
from tests.differential.values import Values

ROOMY = Limits(characters=10**6, tokens=10**6, depth=100, aliases=10**4, root_fields=10**3, fields=10**5)
"""What a document that asks for everything needs."""

DEPTH = 7
TRIES = 4
SOME = 4
"""Values tried for a required argument."""

Ask = Callable[[str], Awaitable[Answer]]


async def harvest(schema: GraphQLSchema, ask: Ask, values: Values) -> None:
    """Adds to `values` all that `ask` finds; last what needs arguments, since other answers tell which.

    A field that answers an error without arguments is left out from then on: it would null all around it.
    """
    root = cast(GraphQLObjectType, schema.query_type)
    without: set[str] = set()
    for name, definition in sorted(root.fields.items(), key=_needs_arguments):
        for arguments in _calls(values, f"Query.{name}", definition):
            answer = Answer()
            for _ in range(TRIES):
                body = f"{name}{arguments} {everything(schema, named_type(definition.type), DEPTH, without)}"
                answer = await ask(f"{{ {body} }}")
                blamed = {str(step) for error in answer.errors for step in error.get("path", [])[-1:]} - {name}
                if not blamed:
                    break
                without |= blamed
            _read(schema, values, root, answer.data, f"Query.{name}")


def _needs_arguments(named_field: tuple[str, Any]) -> bool:
    return any(map(is_required_argument, named_field[1].args.values()))


def _calls(values: Values, coordinate: str, definition: Any) -> Iterator[str]:
    """Arguments to call a field with: some for what it requires, and each value of its enums."""
    required: list[list[str]] = []
    for name, argument in definition.args.items():
        if is_required_argument(argument):
            found = values.candidates(coordinate, name, named_type(argument.type).name)
            many = str(argument.type).startswith("[")
            given: list[Any] = [list(found[:100])] if many else [*found[: SOME * 5 : 5], "nothing"]
            required.append([f"{name}: {literal(argument.type, value)}" for value in given])
    for chosen in product(*required):
        yield _braced(chosen)
        for name, argument in definition.args.items():
            named = named_type(argument.type)
            if isinstance(named, GraphQLEnumType):
                yield from (_braced((*chosen, f"{name}: {value}")) for value in named.values)


def _braced(arguments: tuple[str, ...]) -> str:
    return f"({', '.join(arguments)})" if arguments else ""


def everything(
    schema: GraphQLSchema, parent: Any, depth: int, without: Collection[str], above: tuple[str, ...] = ()
) -> str:
    """A selection of all that can be asked for without arguments, no type within itself, no name with two types."""
    if is_leaf_type(parent):
        return ""
    types = schema.get_possible_types(parent) if is_abstract_type(parent) else [parent]
    parts, kinds = ["__typename"], dict[str, str]()
    for each in types:
        inside = (*above, each.name)
        fields = [
            f"{name} {everything(schema, named_type(field.type), depth - 1, without, inside)}"
            for name, field in each.fields.items()
            if name not in without
            and _goes_on(field, depth, inside)
            and kinds.setdefault(name, str(field.type)) == str(field.type)
        ]
        parts.append(" ".join(fields) if each is parent else f"... on {each.name} {{ __typename {' '.join(fields)} }}")
    return f"{{ {' '.join(parts)} }}"


def _goes_on(field: Any, depth: int, above: tuple[str, ...]) -> bool:
    named = named_type(field.type)
    if any(map(is_required_argument, field.args.values())):
        return False
    return is_leaf_type(named) or (depth > 1 and named.name not in above)


def _read(schema: GraphQLSchema, values: Values, parent: GraphQLObjectType, data: Any, around: str) -> None:
    """Adds the texts of one object; `around` is the nearest field with arguments above it."""
    for name, value in cast("dict[str, Any]", data or {}).items():
        field = parent.fields.get(name)
        if field is None:
            continue
        coordinate = f"{parent.name}.{name}"
        inner = coordinate if field.args else around
        for each in _flat(value):
            if isinstance(each, dict):
                known = cast(GraphQLObjectType, schema.type_map[each["__typename"]])
                _read(schema, values, known, each, inner)
            elif isinstance(each, str):
                named = named_type(field.type)
                values.add(coordinate, around, each, is_id=named.name == "ID")


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _flat(each)
    else:
        yield value

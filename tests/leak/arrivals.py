"""Every way to reach a type: loop-free paths of fields from a root, one for each signature of kinds."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
)

from execution.rules import RuleBook

LONGEST = 6
"""Fields from a root to a type: two connections, one inside the other, take six."""

MOST_GATES = 2
"""Gated fields on one way: the caller's own account takes one, a gated type behind it another."""

Arguments = Callable[[str, str, GraphQLField, str], "str | None"]
"""(owner, field, definition, target) -> its arguments in parentheses, "" for none, None when no way to `target`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One field on the way; `into` the object type taken, `condition` when it must be asked for by a fragment."""

    owner: str
    field: str
    arguments: str
    into: str
    kind: str
    condition: bool
    gated: bool


@dataclass(frozen=True, slots=True)
class Arrival:
    """A way from a root to a type. `kind` names it by what the issue lists."""

    operation: str
    steps: tuple[Step, ...]

    @property
    def kinds(self) -> frozenset[str]:
        names = [step.field for step in self.steps]
        lists = sum("list" in step.kind for step in self.steps)
        found = {step.kind.removeprefix("list-") for step in self.steps}
        found |= {"node(id:)"} if names[:1] in (["node"], ["nodes"]) else set()
        found |= {"connection"} if "edges" in names and "node" in names[1:] else set()
        found |= {"list"} if lists else set()
        found |= {"nested list"} if lists > 1 else set()
        found |= {"mutation payload"} if self.operation == "mutation" else set()
        found |= {"subscription"} if self.operation == "subscription" else set()
        return frozenset(found or {"root"})

    def wrap(self, selection: str) -> str:
        for step in reversed(self.steps):
            inner = f"... on {step.into} {{ {selection} }}" if step.condition else selection
            selection = f"{step.field}{step.arguments} {{ __typename {inner} }}"
        return selection


def find_arrivals(schema: GraphQLSchema, book: RuleBook, target: str, arguments: Arguments) -> list[Arrival]:
    """All ways to the object type `target`, shortest first: one for each operation and sequence of kinds and gates."""
    found: dict[Any, Arrival] = {}
    for operation, root in roots_of(schema):
        if root.name == target:
            found[operation, ()] = Arrival(operation, ())
        waiting: deque[tuple[GraphQLObjectType, tuple[Step, ...]]] = deque([(root, ())])
        while waiting:
            owner, steps = waiting.popleft()
            if steps and owner.name == target:
                signature = (
                    operation,
                    tuple((step.kind, step.gated, step.field in ("node", "nodes")) for step in steps),
                )
                found.setdefault(signature, Arrival(operation, steps))
            elif len(steps) < LONGEST:
                waiting.extend(_onward(schema, book, owner, steps, target, arguments))
    return list(found.values())


def roots_of(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLObjectType]]:
    for operation in ("query", "mutation", "subscription"):
        root: GraphQLObjectType | None = getattr(schema, f"{operation}_type")
        if root is not None:
            yield operation, root


def _onward(
    schema: GraphQLSchema,
    book: RuleBook,
    owner: GraphQLObjectType,
    steps: tuple[Step, ...],
    target: str,
    arguments: Arguments,
) -> Iterator[tuple[GraphQLObjectType, tuple[Step, ...]]]:
    for name, field in owner.fields.items():
        returned = cast(GraphQLNamedType, get_named_type(field.type))
        given = arguments(owner.name, name, field, target) if is_composite_type(returned) else None
        if given is None:
            continue
        gated = name in book.fields.get(owner.name, {})
        if gated + sum(step.gated for step in steps) > MOST_GATES:
            continue
        kind = ("list-" if has_list(field.type) else "") + kind_of(returned)
        for into in possible_types(schema, returned):
            if all(step.into != into.name for step in steps) and (into.name == target or kind_of(returned) == "object"):
                yield into, (*steps, Step(owner.name, name, given, into.name, kind, into is not returned, gated))


def kind_of(named: GraphQLNamedType) -> str:
    if isinstance(named, GraphQLInterfaceType):
        return "interface"
    return "union" if isinstance(named, GraphQLUnionType) else "object"


def possible_types(schema: GraphQLSchema, named: GraphQLNamedType) -> list[GraphQLObjectType]:
    if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
        return list(schema.get_possible_types(named))
    return [named] if isinstance(named, GraphQLObjectType) else []


def has_list(wrapped: Any) -> bool:
    while isinstance(wrapped, GraphQLNonNull | GraphQLList):
        if isinstance(wrapped, GraphQLList):
            return True
        wrapped = cast(Any, wrapped).of_type
    return False

"""The plans of one contract, remembered by document, operation, what is denied of it, and what is included. Bounded."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)
from graphql.execution.values import VariableValues

from execution.definitions import object_types
from execution.documents import Document
from execution.gate import Gate
from execution.rules import RuleBook
from gating.model import Denied

MOST_WEIGHT = 50_000
"""Fields of all remembered plans together; each takes about a kilobyte."""

MOST_SHORTCUTS = 4_096


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """One operation of a document. `touched` are the gated coordinates it may meet, on whichever type; `conditions`
    the variables that `@skip` and `@include` look at."""

    document: Document
    node: OperationDefinitionNode
    touched: tuple[tuple[str, str], ...]
    conditions: tuple[str, ...]

    @property
    def name(self) -> str | None:
        return self.node.name.value if self.node.name else None


def prepare_operation(
    schema: GraphQLSchema, rules: RuleBook, document: Document, node: OperationDefinitionNode
) -> Prepared:
    touched: dict[tuple[str, str], None] = {}
    conditions: dict[str, None] = {}
    root = schema.get_root_type(node.operation)
    for parent, selection in _selections(schema, document, node.selection_set, root, set()):
        conditions.update(dict.fromkeys(_conditions(selection)))
        if isinstance(selection, FieldNode):
            name = selection.name.value
            names = (each.name for each in object_types(schema, parent))
            touched.update(((each, name), None) for each in names if name in rules.fields.get(each, ()))
    return Prepared(document, node, tuple(touched), tuple(conditions))


def _selections(
    schema: GraphQLSchema, document: Document, selected: SelectionSetNode, parent: Any, seen: set[str]
) -> Iterator[tuple[Any, SelectionNode]]:
    """Every selection with the type it stands on; what is in a fragment once, on the fragment's own type."""
    for selection in selected.selections:
        yield parent, selection
        inner: Any = parent
        below: SelectionSetNode | None = None
        if isinstance(selection, FieldNode):
            definition = getattr(parent, "fields", {}).get(selection.name.value)
            inner, below = (get_named_type(definition.type) if definition else None), selection.selection_set
        elif isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            inner, below = (schema.get_type(condition.name.value) if condition else parent), selection.selection_set
        elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
            seen.add(selection.name.value)
            fragment = document.fragments[selection.name.value]
            inner, below = schema.get_type(fragment.type_condition.name.value), fragment.selection_set
        if below is not None:
            yield from _selections(schema, document, below, inner, seen)


def _conditions(selection: SelectionNode) -> Iterator[str]:
    for directive in selection.directives or ():
        if directive.name.value in ("skip", "include"):
            for argument in directive.arguments or ():
                if isinstance(argument.value, VariableNode):
                    yield argument.value.name.value


class Weighty(Protocol):
    """A plan, as far as remembering goes; `weight` is its number of fields."""

    weight: int


Key = tuple[Any, ...]
Found = Weighty | str


@dataclass(slots=True, eq=False)
class Plans:
    """What one contract remembers: its rules are part of every plan.

    `by_gate` finds a plan with no more than the identity of a gate; `by_denials` shares it between gates.
    """

    by_gate: dict[Key, tuple[Gate, Found]] = field(default_factory=dict[Key, tuple[Gate, Found]])
    by_denials: OrderedDict[Key, Found] = field(default_factory=OrderedDict[Key, Found])
    weight: int = 0

    def find(self, prepared: Prepared, gate: Gate, variables: VariableValues) -> Found | None:
        """The plan, or the reason why there is none; None when that is not known yet."""
        included = _included(prepared, variables)
        known = self.by_gate.get((prepared, id(gate), included))
        if known is not None:
            return known[1]
        found = self.by_denials.get((prepared, _denials(prepared, gate), included))
        if found is not None:
            self._shorten(prepared, gate, included, found)
        return found

    def keep(self, prepared: Prepared, gate: Gate, variables: VariableValues, found: Found) -> None:
        included = _included(prepared, variables)
        key = (prepared, _denials(prepared, gate), included)
        self.weight += _weight(found) - _weight(self.by_denials.get(key))
        self.by_denials[key] = found
        self._shorten(prepared, gate, included, found)
        while self.weight > MOST_WEIGHT:
            _, forgotten = self.by_denials.popitem(last=False)
            self.weight -= _weight(forgotten)
            self.by_gate.clear()

    def _shorten(self, prepared: Prepared, gate: Gate, included: Key, found: Found) -> None:
        """The gate is kept with the plan: its identity means nothing once it is gone."""
        if len(self.by_gate) >= MOST_SHORTCUTS:
            self.by_gate.clear()
        self.by_gate[prepared, id(gate), included] = (gate, found)


def _included(prepared: Prepared, variables: VariableValues) -> Key:
    return tuple([variables.coerced.get(name) for name in prepared.conditions]) if prepared.conditions else ()


def _denials(prepared: Prepared, gate: Gate) -> tuple[Denied | None, ...]:
    return tuple(gate.fields.get(parent, {}).get(name) for parent, name in prepared.touched)


def _weight(found: Found | None) -> int:
    return 0 if found is None else 1 if isinstance(found, str) else found.weight

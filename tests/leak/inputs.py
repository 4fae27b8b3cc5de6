"""Documents that use a gated argument, input field or enum value, in every form in which input can come."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
)

from execution.contract import Contract
from execution.documents import Document
from tests.leak.arrivals import Arguments, find_arrivals, has_list
from tests.leak.cases import Case
from tests.leak.shapes import selection_of

FORMS = (
    "literal",
    "alias",
    "fragment",
    "variable",
    "variable default",
    "variable inside",
    "included by variable",
    "several operations",
    "with counts",
)
"""All of them; a gated input without a case in each fails the test, but for what cannot be nested."""

SCALARS: dict[str, tuple[str, Any]] = {
    "String": ('"canary"', "canary"),
    "ID": ('"aut_canary"', "aut_canary"),
    "Int": ("1", 1),
    "Float": ("1.5", 1.5),
    "Boolean": ("true", True),
}


@dataclass(frozen=True, slots=True)
class Use:
    """A value for `argument` of `owner.field` that uses the guarded coordinate: as a literal and as JSON.

    `holed` is the literal with `$inner` in the innermost place, whose type and JSON are `inner`; None if not nested.
    """

    owner: str
    field: str
    argument: str
    type_text: str
    literal: str
    value: Any
    holed: str | None = None
    inner: tuple[str, Any] | None = None


def input_cases(contract: Contract, arguments: Arguments) -> list[Case]:
    """All valid documents for the gated inputs of `contract`, by the shortest way to each field that takes them."""
    cases: list[Case] = []
    for coordinate, use in _uses(contract):
        for arrival in find_arrivals(contract.schema, contract.rules, use.owner, arguments)[:1]:
            field = cast(GraphQLObjectType, contract.schema.type_map[use.owner]).fields[use.field]
            selection = selection_of(contract.schema, contract.rules, field)
            for form, head, body, fragments, variables in _forms(use, selection):
                operation_name = "Asked" if form == "several operations" else None
                beside = "query Decoy { __typename } " if operation_name else ""
                query = f"{beside}{arrival.operation} Asked{head} {{ {arrival.wrap(body)} }} {fragments}"
                cases.append(Case(coordinate, form, arrival, query, variables, operation_name))
    return [case for case in cases if isinstance(contract.documents.find(case.query), Document)]


def _forms(use: Use, selection: str) -> Iterator[tuple[str, str, str, str, dict[str, Any]]]:
    """(form, variable definitions, selection, fragments, variables)."""
    call = f"{use.field}({use.argument}: {use.literal}) {selection}"
    by_variable = f"{use.field}({use.argument}: $v) {selection}"
    yield "literal", "", call, "", {}
    yield "alias", "", f"z: {call}", "", {}
    yield "fragment", "", "...F", f"fragment F on {use.owner} {{ ...G }} fragment G on {use.owner} {{ {call} }}", {}
    yield "variable", f"($v: {use.type_text})", by_variable, "", {"v": use.value}
    yield "variable default", f"($v: {use.type_text.rstrip('!')} = {use.literal})", by_variable, "", {}
    if use.holed and use.inner:
        inside = f"{use.field}({use.argument}: {use.holed}) {selection}"
        yield "variable inside", f"($inner: {use.inner[0]})", inside, "", {"inner": use.inner[1]}
    included = f"{use.field}({use.argument}: {use.literal}) @include(if: $yes) {selection}"
    yield "included by variable", "($yes: Boolean!)", included, "", {"yes": True}
    yield "several operations", "", call, "", {}
    yield "with counts", "", f"{use.field}({use.argument}: {use.literal}) {{ totalCount }}", "", {}


def _uses(contract: Contract) -> Iterator[tuple[str, Use]]:
    book = contract.rules
    for owner in contract.schema.type_map.values():
        for name, field in owner.fields.items() if isinstance(owner, GraphQLObjectType) else ():
            for argument_name, argument in field.args.items():
                wrapped: Any = argument.type
                place = (owner.name, name, argument_name, str(wrapped))
                rule = book.arguments.get((owner.name, name, argument_name))
                if rule:
                    literal, value = _plain(wrapped)
                    yield rule.coordinate, Use(*place, literal, value)
                for coordinate, literal, value, holed, inner in _inside(contract, wrapped):
                    yield coordinate, Use(*place, literal, value, holed, inner)


Inside = tuple[str, str, Any, "str | None", "tuple[str, Any] | None"]


def _inside(contract: Contract, wrapped: Any) -> Iterator[Inside]:
    """(coordinate, literal, JSON, holed literal, inner variable) of each guarded thing that a value can hold."""
    named = cast(Any, get_named_type(wrapped))
    if isinstance(named, GraphQLEnumType):
        for (owner, name), rule in contract.rules.enum_values.items():
            if owner == named.name:
                yield _listed(wrapped, (rule.coordinate, name, name, None, None))
    elif isinstance(named, GraphQLInputObjectType):
        for name, field in named.fields.items():
            field_type: Any = field.type
            rule = contract.rules.inputs.get((named.name, name))
            if rule:
                literal, value = _plain(field_type)
                inner = (str(field_type), value)
                found = (rule.coordinate, f"{{{name}: {literal}}}", {name: value}, f"{{{name}: $inner}}", inner)
                yield _listed(wrapped, found)
            for coordinate, literal, value, _, _ in _inside(contract, field_type):
                inner = (str(field_type), value)
                found = (coordinate, f"{{{name}: {literal}}}", {name: value}, f"{{{name}: $inner}}", inner)
                yield _listed(wrapped, found)


def _listed(wrapped: Any, found: Inside) -> Inside:
    """The same as the one item of a list, where a list is expected."""
    if not has_list(wrapped):
        return found
    coordinate, literal, value, holed, inner = found
    return coordinate, f"[{literal}]", [value], holed and f"[{holed}]", inner


def _plain(wrapped: Any) -> tuple[str, Any]:
    """Some value of a type, as a literal and as JSON."""
    if isinstance(wrapped, GraphQLNonNull):
        return _plain(cast(Any, wrapped).of_type)
    if isinstance(wrapped, GraphQLList):
        literal, value = _plain(cast(Any, wrapped).of_type)
        return f"[{literal}]", [value]
    if isinstance(wrapped, GraphQLEnumType):
        name = next(iter(wrapped.values))
        return name, name
    if isinstance(wrapped, GraphQLInputObjectType):
        return "{}", {}
    literal, value = SCALARS[wrapped.name]
    assert json.loads(literal) == value
    return literal, value

"""Documents: every gated coordinate of a schema, by every way to it, in every shape."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import GraphQLObjectType, GraphQLSchema, parse, validate

from execution.rules import RuleBook
from tests.leak.arrivals import Arguments, Arrival, find_arrivals
from tests.leak.shapes import Shape, shapes_of

VARIABLES = {"yes": True, "no": False}
INTROSPECTION = "__schema { queryType { name } }"


@dataclass(frozen=True, slots=True)
class Case:
    """One document that asks for `coordinate` (or for what is written there) and what is said of it."""

    coordinate: str
    shape: str
    arrival: Arrival
    query: str
    variables: Mapping[str, Any]
    operation_name: str | None = None

    def __str__(self) -> str:
        way = ".".join(step.field for step in self.arrival.steps)
        return f"{self.coordinate} · {self.arrival.operation} {way} · {self.shape}: {self.query} {dict(self.variables)}"


def field_cases(schema: GraphQLSchema, book: RuleBook, arguments: Arguments) -> list[Case]:
    """All distinct valid documents for the gated output fields of `schema`."""
    cases: dict[tuple[str, str | None], Case] = {}
    for owner, rules in book.fields.items():
        if owner not in schema.type_map:
            continue
        arrivals = find_arrivals(schema, book, owner, arguments)
        for name in rules:
            given = arguments(owner, name, cast(GraphQLObjectType, schema.type_map[owner]).fields[name], owner)
            for arrival in arrivals if given is not None else ():
                for case in _documents(schema, book, owner, name, given or "", arrival):
                    cases.setdefault((case.query, case.operation_name), case)
    return [case for case in cases.values() if not validate(schema, parse(case.query))]


def _documents(
    schema: GraphQLSchema, book: RuleBook, owner: str, name: str, given: str, arrival: Arrival
) -> Iterator[Case]:
    for shape in shapes_of(schema, book, owner, name, given):
        body = arrival.wrap(shape.selection)
        if shape.name == "introspection":
            body = f"{INTROSPECTION} {body}"
        yield _case(f"{owner}.{name}", shape, arrival, body)


def _case(coordinate: str, shape: Shape, arrival: Arrival, body: str) -> Case:
    used = {key: value for key, value in VARIABLES.items() if f"${key}" in body + shape.fragments}
    declared = f"({', '.join(f'${key}: Boolean!' for key in used)})" if used else ""
    operation_name = "Asked" if shape.beside else None
    head = f"{arrival.operation} {operation_name or 'Q'}{declared}"
    query = " ".join(part for part in (shape.beside, f"{head} {{ {body} }}", shape.fragments) if part)
    return Case(coordinate, shape.name, arrival, query, used, operation_name)

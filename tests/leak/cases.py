"""Documents: every gated coordinate of a schema, by every way to it, in every shape."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import GraphQLObjectType

from execution.contract import Contract
from execution.documents import Document
from tests.leak.arrivals import Arguments, Arrival, find_arrivals
from tests.leak.shapes import Shape, shapes_of

VARIABLES = {"yes": True, "no": False}
SPREAD = 6
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


def field_cases(contract: Contract, arguments: Arguments, *, thorough: bool = True) -> list[Case]:
    """All distinct valid documents for the gated output fields of `contract`.

    Not `thorough`: the shortest way to a type comes in every shape, each other way in every sixth, by turns, so that
    every field meets every shape, every field every way, and all ways together every shape.
    """
    cases: dict[tuple[str, str | None], Case] = {}
    for owner, rules in contract.rules.fields.items():
        parent = cast(GraphQLObjectType, contract.schema.type_map[owner])
        arrivals = find_arrivals(contract.schema, contract.rules, owner, arguments)
        for name in rules:
            given = arguments(owner, name, parent.fields[name], owner) or ""
            shapes = list(shapes_of(contract.schema, contract.rules, owner, name, given))
            for turn, arrival in enumerate(arrivals):
                for number, shape in enumerate(shapes):
                    if thorough or turn == 0 or number % SPREAD == turn % SPREAD:
                        case = _case(f"{owner}.{name}", shape, arrival)
                        cases.setdefault((case.query, case.operation_name), case)
    return [case for case in cases.values() if isinstance(contract.documents.find(case.query), Document)]


def _case(coordinate: str, shape: Shape, arrival: Arrival) -> Case:
    body = arrival.wrap(shape.selection)
    if shape.name == "introspection":
        body = f"{INTROSPECTION} {body}"
    used = {key: value for key, value in VARIABLES.items() if f"${key}" in body + shape.fragments}
    declared = f"({', '.join(f'${key}: Boolean!' for key in used)})" if used else ""
    operation_name = "Asked" if shape.beside else None
    head = f"{arrival.operation} {operation_name or 'Q'}{declared}"
    query = " ".join(part for part in (shape.beside, f"{head} {{ {body} }}", shape.fragments) if part)
    return Case(coordinate, shape.name, arrival, query, used, operation_name)

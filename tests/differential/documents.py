"""Operations drawn from a schema: documents that are valid by construction, with several sets of variables each."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, cast

from graphql import GraphQLNonNull, GraphQLObjectType, GraphQLSchema, Undefined

from tests.differential.inputs import WRONG, chance, draw_value
from tests.differential.selections import Variable, Writing, draw_root, draw_selection
from tests.differential.values import Values

SPREAD = re.compile(r"\.\.\.\s*(F\d+)")
VARIABLE = re.compile(r"\$(v\d+)")
DEPTH = 8
VARIABLE_SETS = 2
FIELDS = 40
"""Of one operation, roughly; what fragments repeat comes on top."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A document and the sets of variables to run it with, in turn."""

    query: str
    variables: Sequence[Mapping[str, Any]]
    operation_name: str | None = None

    def __str__(self) -> str:
        sets = "\n".join(f"variables {dict(each)!r}" for each in self.variables)
        return f"{self.query}\noperation {self.operation_name}\n{sets}"


def draw_operation(random: Random, schema: GraphQLSchema, values: Values, kind: str = "query") -> Drawn:
    """A document of which an operation of this kind is to run."""
    root = cast(GraphQLObjectType, getattr(schema, f"{kind}_type"))
    writing = Writing(random, schema, values, FIELDS)
    draw_body = draw_root if kind == "subscription" else draw_selection
    bodies = {"Asked": draw_body(writing, root, DEPTH)}
    if chance(random, 12):
        writing.fields_left += FIELDS // 2
        bodies["Other"] = draw_body(writing, root, DEPTH)
    texts = [f"{_head(writing, kind, name, body)} {body}" for name, body in bodies.items()]
    asked: str | None = "Asked" if len(bodies) > 1 or chance(random, 50) else None
    if len(bodies) > 1:
        asked = random.choice((None, "Unknown")) if chance(random, 5) else asked
    elif asked is None and texts[0].startswith("query Asked {") and chance(random, 50):
        texts = [bodies["Asked"]]  # the short form
    fragments = [f"fragment {each.name} on {each.on} {each.body}" for each in writing.fragments.values()]
    texts = [*fragments, *texts] if chance(random, 30) else [*texts, *fragments]
    used = _used(writing, bodies["Asked"])
    sets = [draw_variables(random, values, used) for _ in range(VARIABLE_SETS)]
    return Drawn("\n".join(texts), [each for number, each in enumerate(sets) if each not in sets[:number]], asked)


def _head(writing: Writing, kind: str, name: str, body: str) -> str:
    declared = ", ".join(variable.declaration for variable in _used(writing, body))
    return f"{kind} {name}" + (f"({declared})" if declared else "")


def _used(writing: Writing, body: str) -> list[Variable]:
    """The variables of an operation, those in the fragments it reaches among them."""
    reached: dict[str, None] = {}
    texts, waiting = [body], SPREAD.findall(body)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = None
            texts.append(writing.fragments[name].body)
            waiting.extend(SPREAD.findall(texts[-1]))
    names = {name for text in texts for name in VARIABLE.findall(text)}
    return [variable for name, variable in writing.variables.items() if name in names]


def draw_variables(random: Random, values: Values, variables: Sequence[Variable]) -> dict[str, Any]:
    """One set: mostly what is declared, now and then absent, null, of the wrong type, or too much."""
    given: dict[str, Any] = {}
    for variable in variables:
        optional = variable.default is not Undefined or not isinstance(variable.place.type, GraphQLNonNull)
        if optional and chance(random, 25):
            continue
        if chance(random, 2):
            given[variable.name] = random.choice(WRONG)
        else:
            given[variable.name] = draw_value(random, values, variable.place)
    if chance(random, 4):
        given["unknown"] = 1
    return given

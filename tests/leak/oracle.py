"""What an answer must be: the ungated one, its denied positions nulled, an error for each, in the same key order."""

import copy
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema

from execution.model import Answer
from execution.rules import RuleBook
from gating.model import Access, Denied, Mode, decide

Position = tuple[tuple[str | int, ...], str, str]
"""(response path, runtime type, field name)."""


@dataclass(slots=True)
class Log:
    """What ran since it was last emptied: every resolver with its position, every statement the driver sent."""

    resolved: list[Position] = field(default_factory=list[Position])
    statements: list[str] = field(default_factory=list[str])

    def empty(self) -> None:
        self.resolved.clear()
        self.statements.clear()


def record_resolvers(schema: GraphQLSchema, log: Log) -> None:
    """Makes every resolver of `schema` write itself into `log`, the opening of a subscription's source included."""
    for graphql_type in schema.type_map.values():
        if isinstance(graphql_type, GraphQLObjectType) and not graphql_type.name.startswith("__"):
            for definition in graphql_type.fields.values():
                definition.resolve = _recording(definition.resolve, log)
                if definition.subscribe is not None:
                    definition.subscribe = _recording(definition.subscribe, log)


def _recording(resolve: Callable[..., Any] | None, log: Log) -> Callable[..., Any]:
    def recording(source: Any, info: Any, **arguments: Any) -> Any:
        log.resolved.append((tuple(info.path.as_list()), info.parent_type.name, info.field_name))
        if resolve is None:
            raise AssertionError(f"{info.parent_type.name}.{info.field_name} has no resolver of its own")
        return resolve(source, info, **arguments)

    return recording


def denials_of(book: RuleBook, access: Access) -> dict[tuple[str, str], Denied]:
    """By (type, field): worked out anew from the rules, and not by the gate under test."""
    return {
        (owner, name): denied
        for owner, rules in book.fields.items()
        for name, rule in rules.items()
        if (denied := decide(rule, access))
    }


@dataclass(frozen=True, slots=True)
class Expected:
    """`rejected` says that nothing may run; else the data, and the paths of the errors."""

    rejected: bool
    data: Any = None
    paths: tuple[tuple[str | int, ...], ...] = ()


def expected_answer(
    operation: str, data: Any, positions: Iterable[Position], denials: Mapping[tuple[str, str], Denied]
) -> Expected:
    """From the ungated `data` and the positions that were resolved for it."""
    denied = sorted({position for position in positions if position[1:] in denials}, key=lambda one: len(one[0]))
    rejecting = [
        one
        for one in denied
        if len(one[0]) == 1 and (operation != "query" or denials[one[1:]].rule.mode is Mode.REJECT)
    ]
    if rejecting:
        return Expected(rejected=True)
    data = copy.deepcopy(data)
    nulled: list[tuple[str | int, ...]] = []
    paths: list[tuple[str | int, ...]] = []
    for path, owner, name in denied:
        if any(path[: len(above)] == above for above in nulled):
            continue
        nulled.append(path)
        _null(data, path)
        if denials[owner, name].rule.mode is not Mode.LOCK:
            paths.append(path)
    return Expected(False, data, tuple(sorted(paths, key=str)))


def _null(data: Any, path: tuple[str | int, ...]) -> None:
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = None


def differences(answer: Answer, expected: Expected) -> list[str]:
    """What is wrong with `answer`; empty when it is exactly as expected."""
    codes = [error["extensions"]["code"] for error in answer.errors]
    if expected.rejected:
        return [] if answer.request_error and answer.data is None and codes else ["was not rejected"]
    found: list[str] = []
    if json.dumps(answer.data, default=str) != json.dumps(expected.data, default=str):
        found.append(f"data is {answer.data}, should be {expected.data}")
    paths = tuple(sorted((tuple(error.get("path") or ()) for error in answer.errors), key=str))
    if paths != expected.paths:
        found.append(f"errors {answer.errors} at {paths}, should be at {expected.paths}")
    return found


def denied_resolvers(resolved: Sequence[Position], denials: Mapping[tuple[str, str], Denied]) -> list[str]:
    """Coordinates of denied fields whose resolver ran."""
    return sorted({f"{owner}.{name}" for _, owner, name in resolved if (owner, name) in denials})

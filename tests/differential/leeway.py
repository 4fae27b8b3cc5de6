"""Where two right answers may differ: in which errors they tell of below a null that spread.

Once a null has spread over a position, errors below it are reported or not as they happened to come first. Each must
still be one that can happen: the executor tells them all where errors do not spread.
"""

from dataclasses import dataclass, replace
from typing import Any, cast

import orjson
from graphql import DirectiveNode, DocumentNode, NameNode, OperationDefinitionNode
from graphql.type.directives import GraphQLDisableErrorPropagationDirective

from execution.contract import Contract
from execution.documents import Document, Documents, Unfit
from execution.execute import interpret
from execution.model import Answer, Operation, OperationContext

Errors = list[dict[str, Any]]
Region = tuple[str | int, ...]


async def interpret_all(contract: Contract, operation: Operation, context: OperationContext) -> Answer:
    """The answer with every error that can happen, each where it happens."""
    documents = cast(Documents, _NotSpreading(contract.documents))
    return await interpret(replace(contract, documents=documents), operation, context)


def may_differ(expected: Answer, answer: Answer, everything: Answer) -> bool:
    """Whether the answers differ only in what they tell below nulls that spread."""
    if orjson.dumps(expected.data) != orjson.dumps(answer.data):
        return False
    one, other = _told(expected), _told(answer)
    known = {orjson.dumps(error) for error in _errors(everything)}
    return (
        one.outside == other.outside
        and one.regions == other.regions
        and all(error in known for error in other.inside)
        and _denials(expected) == _denials(answer)
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """Errors in JSON: those at their own null, and those below the nulls `regions`."""

    outside: list[bytes]
    inside: list[bytes]
    regions: set[Region]


def _told(answer: Answer) -> _Told:
    told = _Told([], [], set())
    data = orjson.loads(answer.body()).get("data")
    for error in _errors(answer):
        path = tuple(error.get("path") or ())
        region = _nulled(data, path)
        if len(region) < len(path):
            told.regions.add(region)
            told.inside.append(orjson.dumps(error))
        else:
            told.outside.append(orjson.dumps(error))
    told.outside.sort()
    return told


def _nulled(data: Any, path: Region) -> Region:
    """The part of `path` down to the first null."""
    for length, step in enumerate(path):
        if data is None:
            return path[:length]
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return path  # leads nowhere: nothing excuses it
    return path


def _errors(answer: Answer) -> Errors:
    return orjson.loads(answer.body()).get("errors", [])


def _denials(answer: Answer) -> bool:
    """Whether the details count as many positions as there are errors of denials, which have no location."""
    details = answer.extensions.get("entitlements", {}).get("denied", [])
    return sum(each["positions"] for each in details) == sum("locations" not in error for error in answer.errors)


@dataclass(frozen=True, slots=True)
class _NotSpreading:
    """Documents whose errors stay where they happen."""

    documents: Documents

    def find(self, text: str) -> Document | Unfit:
        found = self.documents.find(text)
        if isinstance(found, Unfit):
            return found
        name = NameNode(value=GraphQLDisableErrorPropagationDirective.name)
        marked = [
            _marked(node, DirectiveNode(name=name, arguments=())) if isinstance(node, OperationDefinitionNode) else node
            for node in found.ast.definitions
        ]
        return replace(found, ast=DocumentNode(definitions=tuple(marked), loc=found.ast.loc))


def _marked(node: OperationDefinitionNode, directive: DirectiveNode) -> OperationDefinitionNode:
    return OperationDefinitionNode(
        operation=node.operation,
        name=node.name,
        variable_definitions=node.variable_definitions,
        directives=(*(node.directives or ()), directive),
        selection_set=node.selection_set,
        loc=node.loc,
    )

"""One drawn operation, run both ways: what differs, shown with the least document that shows it."""

from collections.abc import Awaitable, Callable

from execution.contract import Contract
from execution.documents import Document
from execution.execute import execute, interpret
from execution.model import Answer, Operation, OperationContext
from tests.differential.compare import differences
from tests.differential.documents import Drawn
from tests.differential.leeway import interpret_all, may_differ
from tests.differential.reduction import reduced

Run = Callable[[Contract, Operation, OperationContext], Awaitable[Answer]]
Ask = Callable[[Run, Operation], Awaitable[Answer]]
"""Runs an operation one way for one caller, in a context of its own."""


async def check(contract: Contract, ask: Ask, drawn: Drawn, run: Run = execute) -> None:
    """Raises AssertionError on the first set of variables for which the answers differ."""
    for variables in drawn.variables:
        operation = Operation(drawn.query, variables, drawn.operation_name)
        if await differing(ask, operation, run):
            raise AssertionError(await explained(contract, ask, operation, run))


async def differing(ask: Ask, operation: Operation, run: Run = execute) -> list[str]:
    """The first time and the second: a plan may be carried out otherwise once it is known to be asked for again."""
    expected = await ask(interpret, operation)
    for _ in range(2):
        answer = await ask(run, operation)
        found = differences(expected, answer)
        if found and not may_differ(expected, answer, await ask(interpret_all, operation)):
            return found
    return []


async def explained(contract: Contract, ask: Ask, operation: Operation, run: Run = execute) -> str:
    async def fails(query: str) -> bool:
        smaller = Operation(query, operation.variables, operation.operation_name)
        return isinstance(contract.documents.find(query), Document) and bool(await differing(ask, smaller, run))

    query = await reduced(operation.query, fails) if await fails(operation.query) else operation.query
    least = Operation(query, operation.variables, operation.operation_name)
    found = "\n".join(await differing(ask, least, run) or ["(not any more: the answer depends on the time)"])
    return f"{query}\nvariables {operation.variables}, operation {operation.operation_name}\n{found}"

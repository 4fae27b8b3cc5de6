"""One drawn operation, run both ways for every caller: what differs, shown with the least document that shows it."""

from collections.abc import Sequence

from execution.documents import Document
from execution.execute import execute, interpret
from execution.model import Operation
from tests.differential.compare import differences
from tests.differential.documents import Drawn
from tests.differential.reduction import reduced
from tests.differential.world import Caller, Run, World


async def check(world: World, callers: Sequence[Caller], drawn: Drawn, run: Run = execute) -> None:
    """Raises AssertionError on the first caller and set of variables whose answers differ."""
    for caller in callers:
        for variables in drawn.variables:
            operation = Operation(drawn.query, variables, drawn.operation_name)
            if await differing(world, caller, operation, run):
                raise AssertionError(await explained(world, caller, operation, run))


async def differing(world: World, caller: Caller, operation: Operation, run: Run = execute) -> list[str]:
    expected = await world.ask(interpret, caller, operation)
    return differences(expected, await world.ask(run, caller, operation))


async def explained(world: World, caller: Caller, operation: Operation, run: Run) -> str:
    documents = world.contracts[caller.contract].documents

    async def fails(query: str) -> bool:
        smaller = Operation(query, operation.variables, operation.operation_name)
        return isinstance(documents.find(query), Document) and bool(await differing(world, caller, smaller, run))

    query = await reduced(operation.query, fails) if await fails(operation.query) else operation.query
    least = Operation(query, operation.variables, operation.operation_name)
    found = "\n".join(await differing(world, caller, least, run) or ["(not any more: the answer depends on the time)"])
    return (
        f"{caller.name} on the contract {caller.contract}\n{query}\n"
        f"variables {operation.variables}, operation {operation.operation_name}\n{found}\n\nat first: {operation.query}"
    )

"""Running an operation on a contract: read the document, refuse what must be refused, execute, tell the answer."""

from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from inspect import isawaitable
from typing import Any, cast

from graphql import ExecutionResult, GraphQLError, OperationType
from graphql.execution import create_source_event_stream

from errors import BadInput
from execution.answers import answer_of, failure, rejection, request_errors
from execution.compiled import begin_event, begin_plan, run_plan
from execution.completion import NotCompletable
from execution.contract import Contract
from execution.documents import VALIDATION_FAILED, Unfit
from execution.executor import GatedExecutor
from execution.faults import log_fault
from execution.model import Answer, Operation, OperationContext
from execution.plan_run import PlanRun
from execution.request_gate import find_rejections, root_rejections
from identity.tokens import InvalidToken

UNKNOWN_OPERATION = "OPERATION_RESOLUTION_FAILURE"


async def execute(contract: Contract, operation: Operation, context: OperationContext) -> Answer:
    """Runs a query or a mutation. Never raises: faults are masked and logged, expected refusals are in the answer.

    By its plan where it has one; all else, and all that is wrong with a request, is for `interpret`.
    """
    document = contract.documents.find(operation.query)
    if isinstance(document, Unfit):
        return request_errors(document.errors, document.code)
    try:
        if document.fresh:
            await context.refresh(fresh=True)
        run = begin_plan(contract, document, operation, context)
        if isinstance(run, Answer):
            return run
        if run is not None and (answer := await _run_plan(run)) is not None:
            return answer
    except InvalidToken as refusal:
        return request_errors([GraphQLError(refusal.message)], refusal.code)
    except Exception as fault:  # noqa: BLE001 - whatever breaks is masked
        return failure(fault, operation.operation_name)
    return await interpret(contract, operation, context)


async def _run_plan(run: PlanRun) -> Answer | None:
    """None when it must be interpreted instead, which nothing forbids that has done no more than read."""
    try:
        answer = await run_plan(run)
    except NotCompletable as fault:
        run.contract.on_run("value to wait for")
        return failure(fault, run.plan.name) if run.plan.serial else None
    run.contract.on_run("")
    return answer


async def interpret(contract: Contract, operation: Operation, context: OperationContext) -> Answer:
    """As `execute`, field by field on graphql-core's executor: slower, and the measure of what is right."""
    executor = _begin(contract, operation, context)
    if isinstance(executor, Answer):
        return executor
    if executor.operation.operation is OperationType.SUBSCRIPTION:
        return request_errors([GraphQLError("A subscription needs a streaming transport.")], UNKNOWN_OPERATION)
    return await _interpret(executor)


async def subscribe(
    contract: Contract, operation: Operation, context: OperationContext, *, planned: bool = True
) -> AsyncGenerator[Answer, None]:
    """The answers of a subscription, one for each event; of a query or a mutation, its one answer.

    Before each event the context is refreshed and the root field's gate asked again: once it is denied the stream
    ends with the denial. A request error is the only answer. Close the iterator to close the source. Without `planned`
    each event is interpreted.
    """
    executor = _begin(contract, operation, context)
    if isinstance(executor, Answer):
        yield executor
    elif executor.operation.operation is not OperationType.SUBSCRIPTION:
        yield await execute(contract, operation, context)
    else:
        async with aclosing(_events(executor, operation, context, planned)) as events:
            async for answer in events:
                yield answer


async def _events(
    executor: GatedExecutor, operation: Operation, context: OperationContext, planned: bool
) -> AsyncGenerator[Answer, None]:
    opened: Any = create_source_event_stream(executor)
    source: Any = await opened if isawaitable(opened) else opened
    if isinstance(source, ExecutionResult):
        yield answer_of(executor, source, _name_of(executor))
        return
    try:
        async with aclosing(_iterate(source)) as payloads:
            async for payload in payloads:
                await context.refresh()
                event = executor.build_per_event_executor(payload)
                if refused := list(root_rejections(event)):
                    yield rejection(event.contract, event.access, refused)
                    return
                run = begin_event(event, operation, payload) if planned else None
                answer = await _run_plan(run) if run is not None else None
                yield answer if answer is not None else await _interpret(event)
    except Exception as fault:  # noqa: BLE001 - a stream that breaks ends with a masked error
        yield failure(fault, _name_of(executor))


async def _iterate(source: AsyncIterable[Any]) -> AsyncGenerator[Any, None]:
    iterator = aiter(source)
    try:
        async for payload in iterator:
            yield payload
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()


def _begin(contract: Contract, operation: Operation, context: OperationContext) -> GatedExecutor | Answer:
    """The executor of an operation that may run, or why it may not."""
    document = contract.documents.find(operation.query)
    if isinstance(document, Unfit):
        return request_errors(document.errors, document.code)
    executor: Any = cast(Any, GatedExecutor).build(
        contract.schema,
        document.ast,
        context_value=context,
        raw_variable_values=dict(operation.variables or {}),
        operation_name=operation.operation_name,
        hide_suggestions=True,
        contract=contract,
    )
    if not isinstance(executor, GatedExecutor):
        errors = cast("list[GraphQLError]", executor)
        about_variables = any(error.nodes for error in errors)
        return request_errors(errors, BadInput.code if about_variables else UNKNOWN_OPERATION)
    try:
        rejected = find_rejections(executor, document)
    except Exception as fault:  # noqa: BLE001 - a check that crashes must refuse
        log_fault(fault, operation.operation_name)
        return request_errors([GraphQLError("The operation could not be checked.")], VALIDATION_FAILED)
    return rejection(contract, executor.access, rejected) if rejected else executor


async def _interpret(executor: GatedExecutor) -> Answer:
    try:
        result: Any = executor.execute_operation()
        return answer_of(executor, await result if isawaitable(result) else result, _name_of(executor))
    except Exception as fault:  # noqa: BLE001 - whatever breaks is masked
        return failure(fault, _name_of(executor))


def _name_of(executor: GatedExecutor) -> str | None:
    name = executor.operation.name
    return name.value if name else None

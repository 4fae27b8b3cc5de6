"""Running an operation on a contract: read the document, refuse what must be refused, execute, tell the answer."""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import aclosing
from inspect import isawaitable
from typing import Any, cast

from graphql import ExecutionResult, GraphQLError, OperationType
from graphql.execution import create_source_event_stream

from errors import BadInput
from execution.contract import Contract
from execution.denials import MESSAGES, details_of, lean_extensions
from execution.documents import VALIDATION_FAILED, Unfit
from execution.executor import GatedExecutor
from execution.faults import (
    cause_of,
    denials_among,
    describe_denial,
    describe_faults,
    describe_request_error,
    log_fault,
    public_face,
)
from execution.model import Answer, Operation, OperationContext
from execution.request_gate import find_rejections, root_rejections
from gating.model import Denied

UNKNOWN_OPERATION = "OPERATION_RESOLUTION_FAILURE"


async def execute(contract: Contract, operation: Operation, context: OperationContext) -> Answer:
    """Runs a query or a mutation. Never raises: faults are masked and logged, expected refusals are in the answer."""
    contract.on_run("no compiler")
    return await interpret(contract, operation, context)


async def interpret(contract: Contract, operation: Operation, context: OperationContext) -> Answer:
    """As `execute`, field by field on graphql-core's executor: slower, and the measure of what is right."""
    executor = _begin(contract, operation, context)
    if isinstance(executor, Answer):
        return executor
    if executor.operation.operation is OperationType.SUBSCRIPTION:
        return _request_error(GraphQLError("A subscription needs a streaming transport."), UNKNOWN_OPERATION)
    return await _run(executor)


async def subscribe(
    contract: Contract, operation: Operation, context: OperationContext
) -> AsyncGenerator[Answer, None]:
    """The answers of a subscription, one for each event; of a query or a mutation, its one answer.

    Before each event the context is refreshed and the root field's gate asked again: once it is denied the stream
    ends with the denial. A request error is the only answer. Close the iterator to close the source.
    """
    executor = _begin(contract, operation, context)
    if isinstance(executor, Answer):
        yield executor
    elif executor.operation.operation is not OperationType.SUBSCRIPTION:
        yield await _run(executor)
    else:
        async with aclosing(_events(executor, context)) as events:
            async for answer in events:
                yield answer


async def _events(executor: GatedExecutor, context: OperationContext) -> AsyncGenerator[Answer, None]:
    opened: Any = create_source_event_stream(executor)
    source: Any = await opened if isawaitable(opened) else opened
    if isinstance(source, ExecutionResult):
        yield _answer(executor, source)
        return
    try:
        async with aclosing(_iterate(source)) as payloads:
            async for payload in payloads:
                await context.refresh()
                event = executor.build_per_event_executor(payload)
                if refused := list(root_rejections(event)):
                    yield _rejection(event, refused)
                    return
                yield await _run(event)
    except Exception as fault:  # noqa: BLE001 - a stream that breaks ends with a masked error
        yield _failure(executor, fault)


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
        return _request_errors(document.errors, document.code)
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
        return _request_errors(errors, BadInput.code if about_variables else UNKNOWN_OPERATION)
    try:
        rejected = find_rejections(executor, document)
    except Exception as fault:  # noqa: BLE001 - a check that crashes must refuse
        log_fault(fault, operation.operation_name)
        return _request_error(GraphQLError("The operation could not be checked."), VALIDATION_FAILED)
    return _rejection(executor, rejected) if rejected else executor


async def _run(executor: GatedExecutor) -> Answer:
    try:
        result: Any = executor.execute_operation()
        return _answer(executor, await result if isawaitable(result) else result)
    except Exception as fault:  # noqa: BLE001 - whatever breaks is masked
        return _failure(executor, fault)


def _answer(executor: GatedExecutor, result: ExecutionResult) -> Answer:
    for refused in executor.denied.values():
        executor.contract.on_denied(refused)
    if not result.errors:
        return Answer(result.data)
    denials = denials_among(result.errors)
    return Answer(
        result.data,
        [*describe_faults(result.errors, _name_of(executor)), *map(describe_denial, denials)],
        details_of((error.denied for error in denials), executor.access, executor.contract.offers),
    )


def _rejection(executor: GatedExecutor, rejected: Sequence[Denied]) -> Answer:
    """Nothing ran: one error for each refused coordinate, its details as for a denied field."""
    once = {denied.rule.coordinate: denied for denied in rejected}
    for denied in once.values():
        executor.contract.on_denied(denied)
    return Answer(
        None,
        [{"message": MESSAGES[denied.code], "extensions": lean_extensions(denied)} for denied in once.values()],
        details_of(rejected, executor.access, executor.contract.offers),
        request_error=True,
    )


def _failure(executor: GatedExecutor, fault: Exception) -> Answer:
    """Execution as a whole broke down."""
    cause = cause_of(fault) if isinstance(fault, GraphQLError) else fault
    log_fault(cause, _name_of(executor))
    code, message = public_face(cause)
    return Answer(None, [{"message": message, "extensions": {"code": code}}])


def _request_error(error: GraphQLError, code: str) -> Answer:
    return _request_errors([error], code)


def _request_errors(errors: Sequence[GraphQLError], code: str) -> Answer:
    return Answer(None, [describe_request_error(error, code) for error in errors], request_error=True)


def _name_of(executor: GatedExecutor) -> str | None:
    name = executor.operation.name
    return name.value if name else None

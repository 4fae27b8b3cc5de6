"""From what became of an operation to its answer."""

from collections.abc import Sequence

from graphql import ExecutionResult, GraphQLError

from execution.contract import Contract
from execution.denials import MESSAGES, details_of, lean_extensions
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
from execution.model import Answer
from gating.model import Access, Denied


def answer_of(executor: GatedExecutor, result: ExecutionResult, name: str | None) -> Answer:
    """What graphql-core made of it."""
    for refused in executor.denied.values():
        executor.contract.on_denied(refused)
    if not result.errors:
        return Answer(result.data)
    denials = denials_among(result.errors)
    return Answer(
        result.data,
        [*describe_faults(result.errors, name), *map(describe_denial, denials)],
        details_of(((error.denied, 1) for error in denials), executor.access, executor.contract.offers),
    )


def rejection(contract: Contract, access: Access, rejected: Sequence[Denied]) -> Answer:
    """Nothing ran: one error for each refused coordinate, its details as for a denied field."""
    once = {denied.rule.coordinate: denied for denied in rejected}
    for denied in once.values():
        contract.on_denied(denied)
    return Answer(
        None,
        [{"message": MESSAGES[denied.code], "extensions": lean_extensions(denied)} for denied in once.values()],
        details_of(((denied, 1) for denied in rejected), access, contract.offers),
        request_error=True,
    )


def failure(fault: Exception, name: str | None) -> Answer:
    """Execution as a whole broke down."""
    cause = cause_of(fault) if isinstance(fault, GraphQLError) else fault
    log_fault(cause, name)
    code, message = public_face(cause)
    return Answer(None, [{"message": message, "extensions": {"code": code}}])


def request_errors(errors: Sequence[GraphQLError], code: str) -> Answer:
    """Nothing ran, for a fault of the request."""
    return Answer(None, [describe_request_error(error, code) for error in errors], request_error=True)

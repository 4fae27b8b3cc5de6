"""Errors in wire form: ours keep code and message, denials are lean, everything unexpected is masked and logged."""

from collections.abc import Sequence
from typing import Any

import structlog
from graphql import GraphQLError, ValueNode
from strawberry.exceptions import StrawberryInputCoercionError

from errors import BadInput, GatehouseError, Unavailable
from execution.executor import DenialError, DeniedSelection

INTERNAL_MESSAGE = "Internal error."

log = structlog.get_logger(__name__)


def describe_request_error(error: GraphQLError, code: str) -> dict[str, Any]:
    """A fault of the request itself: graphql-core's words about the caller's own document or variables."""
    return {**error.formatted, "extensions": {"code": code}}


def denials_among(errors: Sequence[GraphQLError]) -> list[DenialError]:
    """The denied positions that execution collected, in document order, then by index."""
    denials = [error for error in errors if isinstance(error, DenialError)]
    denials.sort(key=lambda error: (error.start, error.path))
    return denials


def describe_faults(errors: Sequence[GraphQLError], operation_name: str | None) -> list[dict[str, Any]]:
    """All that is no denial, in the order in which it happened. Logs each fault once, however many fields met it."""
    logged: set[int] = set()
    return [_describe_fault(error, operation_name, logged) for error in errors if not isinstance(error, DenialError)]


def describe_denial(error: DenialError) -> dict[str, Any]:
    return {"message": error.message, "path": error.path, "extensions": error.extensions}


def describe_denied(
    refused: Sequence[tuple[str, DeniedSelection]], objects: Sequence[Sequence[list[str | int]]]
) -> list[dict[str, Any]]:
    """One error for each of the `objects` that lacks the refused field beside it, in document order, then by index."""
    found = sorted(zip(refused, objects, strict=True), key=lambda each: each[0][1].start)
    errors = [
        {"message": selection.message, "path": [*at, name], "extensions": selection.extensions}
        for (name, selection), places in found
        for at in places
    ]
    if len({selection.start for (_, selection), _ in found}) < len(found):
        # One fragment spread in several places: its positions go by their paths.
        starts = [selection.start for (_, selection), places in found for _ in places]
        errors = [
            error for _, error in sorted(zip(starts, errors, strict=True), key=lambda each: (each[0], each[1]["path"]))
        ]
    return errors


def _describe_fault(error: GraphQLError, operation_name: str | None, logged: set[int]) -> dict[str, Any]:
    cause = cause_of(error)
    if id(cause) not in logged:
        logged.add(id(cause))
        log_fault(cause, operation_name, error.path)
    code, message = public_face(cause)
    return {**error.formatted, "message": message, "extensions": {"code": code}}


def log_fault(cause: Exception, operation_name: str | None, path: Sequence[str | int] | None = None) -> None:
    """One line, with the traceback only where the fault is ours to mend; none for the caller's; never the variables."""
    code, _ = public_face(cause)
    if isinstance(cause, Unavailable):
        log.warning("part_unavailable", operation=operation_name, path=path, reason=cause.message)
    elif code == GatehouseError.code:
        log.error("operation_failed", operation=operation_name, path=path, exc_info=cause)


def public_face(cause: Exception) -> tuple[str, str]:
    """(code, message) that may be shown for `cause`."""
    if isinstance(cause, GatehouseError) and cause.code != GatehouseError.code:
        return cause.code, cause.message
    if isinstance(cause, GraphQLError) and _is_about_input(cause):
        return BadInput.code, cause.message
    return GatehouseError.code, INTERNAL_MESSAGE


def cause_of(error: GraphQLError) -> Exception:
    """What was raised to begin with."""
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _is_about_input(error: GraphQLError) -> bool:
    """Whether graphql-core or Strawberry blames a value of the caller's; their other messages may name hidden types."""
    return isinstance(error, StrawberryInputCoercionError) or any(
        isinstance(node, ValueNode) for node in error.nodes or ()
    )

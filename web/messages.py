"""Between the socket's wire and Strawberry's handler: what it may be given, and what it is to send. Pure."""

from typing import Any, cast

import orjson
from graphql import GraphQLError
from strawberry.http.exceptions import NonJsonMessageReceived
from strawberry.types.execution import ExecutionResult, PreExecutionError

from execution.model import Answer

LONGEST_ID = 200


def message_of(text: str) -> dict[str, Any]:
    """The message, of a shape that Strawberry's handler can take apart; it closes the connection on an empty one."""
    try:
        message: Any = orjson.loads(text)
    except orjson.JSONDecodeError as fault:
        raise NonJsonMessageReceived from fault
    if not isinstance(message, dict):
        return {}
    message = cast("dict[str, Any]", message)
    kind, payload, operation_id = (message.get(name) for name in ("type", "payload", "id"))
    if kind == "connection_init" and payload is None:
        return {"type": kind}
    if kind in ("subscribe", "complete") and not (isinstance(operation_id, str) and len(operation_id) <= LONGEST_ID):
        return {}
    if kind == "subscribe" and not isinstance(payload, dict):
        return {}
    return message if isinstance(kind, str) else {}


def result_of(answer: Answer) -> ExecutionResult:
    kind = PreExecutionError if answer.request_error else ExecutionResult
    errors: list[GraphQLError] = [WireError(error) for error in answer.errors]
    return kind(answer.data, errors, dict(answer.extensions))


class WireError(GraphQLError):
    """An error that already has its wire form."""

    def __init__(self, wire: dict[str, Any]) -> None:
        super().__init__(wire["message"])
        self._wire = wire

    @property
    def formatted(self) -> Any:
        return self._wire

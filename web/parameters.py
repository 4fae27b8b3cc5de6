"""From the bytes of a GraphQL request to an `Operation`, or a refusal that names the parameter and the remedy. Pure."""

from collections.abc import Mapping
from typing import Any, cast

import orjson

from errors import BadInput
from execution.model import Operation
from web.negotiation import is_json

LONGEST_BODY = 256 * 1024
"""Bytes of a POST body, and of a socket's message."""


class RequestRefused(BadInput):
    """Not a GraphQL request that we answer. `status` is the HTTP status; `allow` the methods, for a 405."""

    def __init__(self, status: int, message: str, *, code: str = BadInput.code, allow: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.allow = allow


def operation_of_body(content_type: str, body: bytes) -> Operation:
    """Reads a POST: one JSON object in UTF-8."""
    if not is_json(content_type):
        raise RequestRefused(415, "Send the request as `Content-Type: application/json` in UTF-8.")
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise RequestRefused(400, f"The body is not valid JSON (line {fault.lineno}, column {fault.colno}).") from fault
    if isinstance(parsed, list):
        raise RequestRefused(400, "Batching is not supported: send one operation in one request.")
    if not isinstance(parsed, dict):
        raise RequestRefused(400, 'The body must be a JSON object such as {"query": "{ me { id } }"}.')
    return operation_of(cast("dict[str, Any]", parsed))


def operation_of_query(query: Mapping[str, str]) -> Operation:
    """Reads a GET: the same parameters in the address, `variables` and `extensions` as JSON text."""
    parsed: dict[str, Any] = dict(query)
    for name in ("variables", "extensions"):
        if name in parsed:
            try:
                parsed[name] = orjson.loads(parsed[name])
            except orjson.JSONDecodeError as fault:
                raise RequestRefused(400, f"The parameter `{name}` is not valid JSON.") from fault
    return operation_of(parsed)


def operation_of(parameters: Mapping[str, Any]) -> Operation:
    """Checks the types of the parameters; unknown ones are ignored, as the specification asks."""
    query, variables = parameters.get("query"), parameters.get("variables")
    operation_name, extensions = parameters.get("operationName"), parameters.get("extensions")
    if query is None:
        raise RequestRefused(400, "The parameter `query` is missing: send a GraphQL document.")
    if not isinstance(query, str):
        raise _mistyped("query", "a string that holds a GraphQL document")
    if not (variables is None or isinstance(variables, dict)):
        raise _mistyped("variables", "an object")
    if not (operation_name is None or isinstance(operation_name, str)):
        raise _mistyped("operationName", "a string")
    if not (extensions is None or isinstance(extensions, dict)):
        raise _mistyped("extensions", "an object")
    return Operation(query, cast("dict[str, Any] | None", variables), operation_name)


def _mistyped(name: str, wanted: str) -> RequestRefused:
    return RequestRefused(400, f"The parameter `{name}` must be {wanted}.")

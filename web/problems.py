"""Errors of plain HTTP routes as `application/problem+json` (RFC 9457)."""

from collections.abc import Mapping
from typing import cast

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from errors import BadInput, GatehouseError, Unavailable

STATUS = {Unavailable: 503, BadInput: 400}
CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
MASKED = "Something went wrong on our side."


def problem(request: Request, status: int, code: str, title: str, headers: Mapping[str, str] | None = None) -> Response:
    """`title` is shown to the caller; `code` is stable; `request_id` finds the log line."""
    request_id = request.scope.get("request_id", "")
    body = {"type": "about:blank", "title": title, "status": status, "code": code, "request_id": request_id}
    all_headers = {"cache-control": "no-store", **(headers or {})}
    return Response(orjson.dumps(body), status, all_headers, "application/problem+json")


def masked(request: Request) -> Response:
    """Of what went wrong on our side no more is told."""
    return problem(request, 500, GatehouseError.code, MASKED)


async def on_gatehouse_error(request: Request, fault: Exception) -> Response:
    """The one mapping from our error tree to HTTP."""
    fault = cast(GatehouseError, fault)  # registered for nothing else
    status = next((status for kind, status in STATUS.items() if isinstance(fault, kind)), 500)
    if status == 500:
        return masked(request)
    return problem(request, status, fault.code, fault.message, {"retry-after": "1"} if status == 503 else None)


async def on_http_exception(request: Request, fault: Exception) -> Response:
    """Starlette's own: no such address, no such method."""
    fault = cast(HTTPException, fault)  # registered for nothing else
    return problem(request, fault.status_code, CODES.get(fault.status_code, BadInput.code), fault.detail, fault.headers)

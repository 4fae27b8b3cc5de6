"""What the API refuses, in Stripe's shape: https://docs.stripe.com/api/errors."""

from typing import Any


class ApiError(Exception):
    """An error answer: HTTP status and the fields of `error`. `keeps`: what was done before it stays done."""

    def __init__(self, status: int, type: str, message: str, *, keeps: bool = False, **fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self.keeps = keeps
        self.message = message
        self.error: dict[str, Any] = {"type": type, "message": message, **fields}


def invalid(message: str, param: str | None = None, code: str | None = None, status: int = 400) -> ApiError:
    """An `invalid_request_error`."""
    fields: dict[str, Any] = {name: value for name, value in (("param", param), ("code", code)) if value is not None}
    return ApiError(status, "invalid_request_error", message, **fields)


def missing_object(kind: str, id: str, param: str = "id") -> ApiError:
    """404 where the path names it (`param="id"`), else 400, as Stripe does."""
    name = kind.rpartition(".")[2].replace("_", " ")
    return invalid(f"No such {name}: '{id}'", param, "resource_missing", 404 if param == "id" else 400)


def unimplemented(what: str) -> ApiError:
    """501: what real Stripe does and the twin does not. It never answers with a canned success instead."""
    return ApiError(501, "api_error", f"The twin does not implement {what}.", code="twin_unimplemented")

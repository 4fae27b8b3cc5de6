"""POST /webhooks/stripe: 200 after the commit, 400 for what is not a signed event of ours, 503 to have it again.

Every refusal is the same answer, so that nothing can be learned by trying.
"""

from collections.abc import Sequence

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from clock import Clock
from errors import BadInput, Unavailable
from webhooks.inbox import Inbox
from webhooks.signature import HEADER, is_signed

LARGEST_BODY = 1024 * 1024
"""Bytes."""

PROBLEM = "application/problem+json"


class _Refused(Exception):
    """The delivery is not taken."""


def webhook_route(inbox: Inbox, clock: Clock, secrets: Sequence[bytes]) -> Route:
    """The endpoint; with no secret configured it does not exist (404)."""
    secrets = tuple(secret for secret in secrets if secret)

    async def receive(request: Request) -> Response:
        if not secrets:
            return _problem(404, "Not found.")
        try:
            body = await _read_body(request)
            if not is_signed(body, _signature(request), secrets, clock.now()):
                raise _Refused
            await inbox.accept(body)
        except (_Refused, BadInput, ClientDisconnect):
            return _problem(400, "This is not a signed Stripe event for this endpoint.")
        except Unavailable:
            return _problem(503, "The event could not be stored: send it again later.")
        return Response(status_code=200)

    return Route("/webhooks/stripe", receive, methods=["POST"], name="stripe_webhook")


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise _Refused
    return bytes(body)


def _signature(request: Request) -> bytes:
    """The raw header; empty when it is missing or comes twice."""
    found = [value for name, value in request.scope["headers"] if name == HEADER.encode()]
    return found[0] if len(found) == 1 else b""


def _problem(status: int, detail: str) -> Response:
    return JSONResponse({"status": status, "detail": detail}, status_code=status, media_type=PROBLEM)

"""POST /webhooks/stripe: 200 after the commit, 400 for what is not a signed event of ours, 503 to have it again.

Every refusal is the same answer, so that nothing can be learned by trying.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.routing import Route

from asgi import Gone, Receive, Reply, Scope, Send, TooLong, read_body, respond, value_in
from clock import Clock
from errors import BadInput
from webhooks.inbox import Inbox
from webhooks.signature import HEADER, is_signed

LARGEST_BODY = 1024 * 1024
"""Bytes."""

KEPT = Reply(200, (), b"")
REFUSED = "This is not a signed Stripe event for this endpoint."


def webhook_route(inbox: Inbox, clock: Clock, secrets: Sequence[bytes]) -> Route:
    """The endpoint; with no secret configured it does not exist (404)."""
    endpoint = WebhookEndpoint(inbox, clock, tuple(secret for secret in secrets if secret))
    return Route("/webhooks/stripe", endpoint, methods=["POST"], name="stripe_webhook")


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """An ASGI application. Raises BadInput and Unavailable for whoever makes answers of them."""

    inbox: Inbox
    clock: Clock
    secrets: tuple[bytes, ...]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.secrets:
            raise HTTPException(404)
        try:
            body = await read_body(receive, LARGEST_BODY)
        except TooLong:
            raise BadInput(REFUSED) from None
        except Gone:
            return
        await respond(send, await self.answer(scope, body))

    async def answer(self, scope: Scope, body: bytes) -> Reply:
        """To a delivery."""
        if not is_signed(body, value_in(scope, HEADER) or b"", self.secrets, self.clock.now()):
            raise BadInput(REFUSED)
        try:
            await self.inbox.accept(body)
        except BadInput:
            raise BadInput(REFUSED) from None
        return KEPT

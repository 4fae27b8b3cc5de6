"""GraphQL over server-sent events, the distinct-connections mode of `graphql-sse`: one operation for each request.

On addresses of its own, because some clients accept `text/event-stream` for everything. Who calls is said by the
`Authorization` header alone: browsers' own EventSource cannot send it, clients that fetch can.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass

from asgi import Gone, Receive, Scope, Send, respond
from execution.contract import Contract
from execution.execute import subscribe
from execution.model import Answer, Operation
from identity.bearer import authenticate
from identity.tokens import InvalidToken, Verified
from web.asked import asked_of, body_of, error_body, operation_in, refusal_of
from web.graphql import HEADERS
from web.negotiation import PLAIN_JSON, accepts_event_stream
from web.parameters import RequestRefused
from web.requests import loggable, note, outcome_of
from web.surface import Surface

KEEP_ALIVE_SECONDS = 12.0
"""Shorter than proxies wait. A token taken back on a quiet stream is noticed then, at the latest."""

STREAM_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"vary", b"accept, authorization"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-accel-buffering", b"no"),
)
"""So that no proxy keeps events back, in whole or until it has enough to compress."""

KEEP_ALIVE = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"

EVENTS_ONLY = RequestRefused(406, "This address answers with events: accept `text/event-stream`.")
NO_HEAD = RequestRefused(405, "Ask by GET or POST.", code="METHOD_NOT_ALLOWED", allow="GET, POST")


@dataclass(frozen=True, slots=True)
class StreamEndpoint:
    """An ASGI application. `spa_only` serves every caller the SPA schema."""

    surface: Surface
    spa_only: bool
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = asked_of(scope)
        try:
            if scope["method"] == "HEAD":
                raise NO_HEAD
            if not accepts_event_stream(asked.accept):
                raise EVENTS_ONLY
            verified = authenticate(asked.authorization, self.surface.verifier)
            contract = self.surface.contract_for(verified.principal, spa_only=self.spa_only)
            operation = operation_in(scope, await body_of(scope, receive), asked, contract)
        except (RequestRefused, InvalidToken) as refusal:
            await respond(send, refusal_of(refusal, HEADERS[PLAIN_JSON]))
            return
        except Gone:
            note(scope, outcome="gone")
            return
        note(scope, kind=verified.principal.kind.value, operation=loggable(operation.operation_name))
        await send({"type": "http.response.start", "status": 200, "headers": list(STREAM_HEADERS)})
        sending = asyncio.create_task(self._send(scope, send, verified, contract, operation))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    async def _send(
        self, scope: Scope, send: Send, verified: Verified, contract: Contract, operation: Operation
    ) -> None:
        """Every event as it comes, and a sign of life between them, until the operation or the token ends."""
        outcome, context = "ok", await self.surface.open_context(verified.principal, contract)
        try:
            async with (
                aclosing(subscribe(contract, operation, context)) as answers,
                aclosing(_kept_alive(answers, lambda: self._seconds(verified))) as signs,
            ):
                async for answer in signs:
                    self.surface.verifier.confirm(verified)
                    if answer is not None:
                        outcome = outcome_of(answer)
                    await _say(send, KEEP_ALIVE if answer is None else _event(answer.body()))
        except InvalidToken as fault:
            outcome = "refused"
            await _say(send, _event(error_body(fault)))
        finally:
            note(scope, outcome=outcome)
            self.surface.metrics.operations.labels(outcome).inc()
        await _say(send, COMPLETE)
        await send({"type": "http.response.body", "body": b""})

    def _seconds(self, verified: Verified) -> float:
        """How long to wait before the next look at the token."""
        if verified.expires_at is None:
            return self.keep_alive_seconds
        left = (verified.expires_at - self.surface.clock.now()).total_seconds()
        return max(0.0, min(self.keep_alive_seconds, left))


async def _kept_alive(
    answers: AsyncGenerator[Answer, None], seconds: Callable[[], float]
) -> AsyncGenerator[Answer | None, None]:
    """The answers, and None whenever `seconds` go by without one."""
    following: asyncio.Future[Answer] | None = None
    try:
        while True:
            following = following or asyncio.ensure_future(anext(answers))
            done, _ = await asyncio.wait((following,), timeout=seconds())
            if not done:
                yield None
                continue
            try:
                answer = following.result()
            except StopAsyncIteration:
                return
            following = None
            yield answer
    finally:
        if following is not None and not following.done():
            following.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await following


def _event(body: bytes) -> bytes:
    """JSON has no line ends of its own, so it is one line of data."""
    return b"event: next\ndata: " + body + b"\n\n"


async def _say(send: Send, chunk: bytes) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

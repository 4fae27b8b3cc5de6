"""GraphQL over HTTP, as the specification of that name has it.

An operation that ran answers 200. What was refused before it ran answers without `data`: 400 to clients that accept
`application/graphql-response+json`, 200 to older ones that only know `application/json`, as the specification asks.
Everything that is not a GraphQL request at all is 4xx for both, in the same shape.
"""

from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import Request

from asgi import Gone, Headers, Receive, Reply, Scope, Send, respond
from errors import Unavailable
from execution.execute import execute
from execution.model import Answer
from identity.bearer import authenticate
from identity.tokens import InvalidToken, Verified
from web.asked import Asked, asked_of, body_of, operation_in, refusal_of
from web.explorer.page import explorer_page
from web.negotiation import PLAIN_JSON, RESPONSE_JSON, accepts_html, media_type_for
from web.parameters import RequestRefused
from web.requests import loggable, note, outcome_of
from web.surface import Surface

HEADERS = {
    media_type: (
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"cache-control", b"no-store"),
        (b"vary", b"accept, authorization"),
        (b"x-content-type-options", b"nosniff"),
    )
    for media_type in (RESPONSE_JSON, PLAIN_JSON)
}

TOKEN_HEADER = b"gatehouse-token"
"""Of an answer: the bearer token to send from now on."""

NO_PAGE = RequestRefused(
    406, "This is a GraphQL endpoint: send a query by POST. The explorer runs in development only."
)
NOTHING_ACCEPTABLE = RequestRefused(406, f"Accept `{RESPONSE_JSON}` or `{PLAIN_JSON}`.")


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """An ASGI application. `spa_only` serves every caller the SPA schema; `explorer` answers a person's browser with
    the explorer page."""

    surface: Surface
    spa_only: bool
    explorer: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "GET" and accepts_html(asked_of(scope).accept):
            request = Request(scope)
            if "query" not in request.query_params:
                page = explorer_page(request)(scope, receive, send) if self.explorer else None
                await (page or respond(send, refusal_of(NO_PAGE, HEADERS[PLAIN_JSON])))
                return
        try:
            reply = await self.answer(scope, await body_of(scope, receive))
        except RequestRefused as refusal:
            reply = refusal_of(refusal, HEADERS[media_type_for(asked_of(scope).accept) or PLAIN_JSON])
        except Gone:
            note(scope, outcome="gone")
            return
        await respond(send, reply)

    async def answer(self, scope: Scope, body: bytes) -> Reply:
        """To whatever asks in GraphQL."""
        asked = asked_of(scope)
        media_type = media_type_for(asked.accept)
        if media_type is None:
            return refusal_of(NOTHING_ACCEPTABLE, HEADERS[PLAIN_JSON])
        try:
            verified = authenticate(asked.authorization, self.surface.verifier)
            answer, fresher = await self._execute(scope, body, asked, verified)
        except (RequestRefused, InvalidToken) as refusal:
            return refusal_of(refusal, HEADERS[media_type])
        status = 400 if answer.request_error and media_type == RESPONSE_JSON else 200
        return Reply(status, HEADERS[media_type], answer.body(), fresher)

    async def _execute(self, scope: Scope, body: bytes, asked: Asked, verified: Verified) -> tuple[Answer, Headers]:
        """The answer, and a fresh token where the one sent says what is no longer so."""
        surface, principal = self.surface, verified.principal
        note(scope, kind=principal.kind.value)
        contract = surface.contract_for(principal, spa_only=self.spa_only)
        operation = operation_in(scope, body, asked, contract)
        context = await surface.open_context(principal, contract)
        answer = await execute(contract, operation, context)
        outcome = outcome_of(answer)
        note(scope, operation=loggable(operation.operation_name), outcome=outcome)
        surface.metrics.operations.labels(outcome).inc()
        return answer, await self._fresher(verified) if context.access.outdates(principal.revision) else ()

    async def _fresher(self, verified: Verified) -> Headers:
        """None while the authority does not answer: the next request gets it then."""
        with suppress(Unavailable, InvalidToken):
            return ((TOKEN_HEADER, (await self.surface.reissuer.reissue(verified)).encode()),)
        return ()

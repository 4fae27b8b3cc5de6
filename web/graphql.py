"""GraphQL over HTTP, as the specification of that name has it.

An operation that ran answers 200. What was refused before it ran answers without `data`: 400 to clients that accept
`application/graphql-response+json`, 200 to older ones that only know `application/json`, as the specification asks.
Everything that is not a GraphQL request at all is 4xx for both, in the same shape.
"""

from dataclasses import dataclass

import orjson
from graphql import OperationType, get_operation_ast
from starlette.requests import Request

from asgi import Gone, Receive, Scope, Send, TooLong, read_body, respond
from errors import GatehouseError
from execution.contract import Contract
from execution.documents import Document
from execution.execute import execute
from execution.model import Answer, Operation
from identity.bearer import authenticate
from identity.tokens import InvalidToken
from web.explorer.page import explorer_page
from web.negotiation import PLAIN_JSON, RESPONSE_JSON, accepts_html, media_type_for
from web.parameters import LONGEST_BODY, RequestRefused, operation_of_body, operation_of_query
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
PREFLIGHT_HEADERS = ("x-gatehouse-preflight", "apollo-require-preflight", "x-apollo-operation-name")


NO_PAGE = RequestRefused(
    406, "This is a GraphQL endpoint: send a query by POST. The explorer runs in development only."
)
NOTHING_ACCEPTABLE = RequestRefused(406, f"Accept `{RESPONSE_JSON}` or `{PLAIN_JSON}`.")


@dataclass(slots=True)
class _Asked:
    """What of a request's headers decides."""

    accept: str = ""
    content_type: str = ""
    authorization: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """An ASGI application. `spa_only` serves every caller the SPA schema; `explorer` answers a person's browser with
    the explorer page."""

    surface: Surface
    spa_only: bool
    explorer: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _asked(scope)
        if scope["method"] == "GET" and accepts_html(asked.accept):
            request = Request(scope)
            if "query" not in request.query_params:
                page = explorer_page(request)(scope, receive, send) if self.explorer else None
                await (page or _refuse(send, PLAIN_JSON, NO_PAGE))
                return
        media_type = media_type_for(asked.accept)
        if media_type is None:
            await _refuse(send, PLAIN_JSON, NOTHING_ACCEPTABLE)
            return
        try:
            answer = await self._answer(scope, receive, asked)
        except RequestRefused as refusal:
            await _refuse(send, media_type, refusal)
        except InvalidToken as fault:
            await _refuse_token(send, media_type, fault)
        except Gone:
            note(scope, outcome="gone")
        else:
            status = 400 if answer.request_error and media_type == RESPONSE_JSON else 200
            await respond(send, status, HEADERS[media_type], answer.body())

    async def _answer(self, scope: Scope, receive: Receive, asked: _Asked) -> Answer:
        principal = authenticate(asked.authorization, self.surface.verifier).principal
        note(scope, kind=principal.kind.value)
        contract = self.surface.contract_for(principal, spa_only=self.spa_only)
        if scope["method"] == "POST":
            operation = operation_of_body(asked.content_type, await _body_of(receive))
        else:
            request = Request(scope)
            _refuse_foreign_page(request)
            operation = operation_of_query(request.query_params)
            _refuse_mutation(contract, operation)
        answer = await execute(contract, operation, await self.surface.open_context(principal, contract))
        outcome = outcome_of(answer)
        note(scope, operation=loggable(operation.operation_name), outcome=outcome)
        self.surface.metrics.operations.labels(outcome).inc()
        return answer


def _asked(scope: Scope) -> _Asked:
    """Headers in one pass. `Accept` may come in several lines; of others the first counts."""
    asked = _Asked()
    for name, value in scope["headers"]:
        if name == b"accept":
            asked.accept = f"{asked.accept},{value.decode('latin-1')}" if asked.accept else value.decode("latin-1")
        elif name == b"content-type":
            asked.content_type = asked.content_type or value.decode("latin-1")
        elif name == b"authorization":
            asked.authorization += (value.decode("latin-1"),)
    return asked


def _refuse_foreign_page(request: Request) -> None:
    """A GET that a browser sends for a page of another origin, without having had to ask us first.

    Identity never travels by cookie, so such a page could only ask what anybody may; it still has no business here.
    """
    foreign = request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
    if foreign and not any(request.headers.get(name) for name in PREFLIGHT_HEADERS):
        message = f"Send the query by POST, or add the header `{PREFLIGHT_HEADERS[0]}: 1`."
        raise RequestRefused(403, message, code="FORBIDDEN")


def _refuse_mutation(contract: Contract, operation: Operation) -> None:
    """What cannot be read or chosen is left to execution, which says what is wrong with it."""
    document = contract.documents.find(operation.query)
    if isinstance(document, Document):
        found = get_operation_ast(document.ast, operation.operation_name)
        if found is not None and found.operation is OperationType.MUTATION:
            raise RequestRefused(405, "Send mutations by POST.", code="METHOD_NOT_ALLOWED", allow="POST")


async def _body_of(receive: Receive) -> bytes:
    try:
        return await read_body(receive, LONGEST_BODY)
    except TooLong:
        raise RequestRefused(413, f"The body is longer than {LONGEST_BODY} bytes.") from None


async def _refuse(send: Send, media_type: str, refusal: RequestRefused) -> None:
    allow = ((b"allow", refusal.allow.encode()),) if refusal.allow else ()
    await respond(send, refusal.status, (*HEADERS[media_type], *allow), _error(refusal))


async def _refuse_token(send: Send, media_type: str, fault: InvalidToken) -> None:
    challenge = (b"www-authenticate", b'Bearer error="invalid_token"')
    await respond(send, 401, (*HEADERS[media_type], challenge), _error(fault))


def _error(fault: GatehouseError) -> bytes:
    return orjson.dumps({"errors": [{"message": fault.message, "extensions": {"code": fault.code}}]})

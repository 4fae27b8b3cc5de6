"""GraphQL over HTTP, as the specification of that name has it.

An operation that ran answers 200. What was refused before it ran answers without `data`: 400 to clients that accept
`application/graphql-response+json`, 200 to older ones that only know `application/json`, as the specification asks.
Everything that is not a GraphQL request at all is 4xx for both, in the same shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import OperationType, get_operation_ast
from starlette.requests import Request
from starlette.responses import Response

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

HEADERS = {"cache-control": "no-store", "vary": "accept, authorization", "x-content-type-options": "nosniff"}
PREFLIGHT_HEADERS = ("x-gatehouse-preflight", "apollo-require-preflight", "x-apollo-operation-name")


NO_PAGE = RequestRefused(
    406, "This is a GraphQL endpoint: send a query by POST. The explorer runs in development only."
)
NOTHING_ACCEPTABLE = RequestRefused(406, f"Accept `{RESPONSE_JSON}` or `{PLAIN_JSON}`.")


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """`spa_only` serves every caller the SPA schema; `explorer` answers a person's browser with the explorer page."""

    surface: Surface
    spa_only: bool
    explorer: bool

    async def respond(self, request: Request) -> Response:
        accept = ",".join(request.headers.getlist("accept"))
        if request.method == "GET" and accepts_html(accept) and "query" not in request.query_params:
            return explorer_page(request) if self.explorer else _refuse(PLAIN_JSON, NO_PAGE)
        media_type = media_type_for(accept)
        if media_type is None:
            return _refuse(PLAIN_JSON, NOTHING_ACCEPTABLE)
        try:
            answer = await self._answer(request)
        except RequestRefused as refusal:
            return _refuse(media_type, refusal)
        except InvalidToken as fault:
            return _unauthenticated(media_type, fault)
        status = 400 if answer.request_error and media_type == RESPONSE_JSON else 200
        return _json(media_type, status, answer.payload())

    async def _answer(self, request: Request) -> Answer:
        principal = authenticate(request.headers.getlist("authorization"), self.surface.verifier).principal
        note(request, kind=principal.kind.value)
        contract = self.surface.contract_for(principal, spa_only=self.spa_only)
        if request.method == "POST":
            operation = operation_of_body(request.headers.get("content-type", ""), await _body_of(request))
        else:
            _refuse_foreign_page(request)
            operation = operation_of_query(request.query_params)
            _refuse_mutation(contract, operation)
        answer = await execute(contract, operation, await self.surface.open_context(principal, contract))
        note(request, operation=loggable(operation.operation_name), outcome=outcome_of(answer))
        self.surface.metrics.operations.labels(outcome_of(answer)).inc()
        return answer


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


async def _body_of(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise RequestRefused(413, f"The body is longer than {LONGEST_BODY} bytes.")
    return bytes(body)


def _refuse(media_type: str, refusal: RequestRefused) -> Response:
    headers = {"allow": refusal.allow} if refusal.allow else {}
    return _json(media_type, refusal.status, _errors(refusal.message, refusal.code), headers)


def _unauthenticated(media_type: str, fault: InvalidToken) -> Response:
    challenge = {"www-authenticate": 'Bearer error="invalid_token"'}
    return _json(media_type, 401, _errors(fault.message, fault.code), challenge)


def _errors(message: str, code: str) -> dict[str, Sequence[dict[str, Any]]]:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


def _json(media_type: str, status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    content = orjson.dumps(body)
    return Response(content, status, {**HEADERS, **(headers or {})}, f"{media_type}; charset=utf-8")

"""What a GraphQL request over HTTP asks: the headers that decide, its operation, and what a GET may not do."""

from typing import NamedTuple

import orjson
from graphql import OperationType, get_operation_ast
from starlette.requests import Request

from asgi import Headers, Receive, Reply, Scope, TooLong, headers_in, read_body
from errors import GatehouseError
from execution.contract import Contract
from execution.documents import Document
from execution.model import Operation
from identity.tokens import InvalidToken
from web.parameters import LONGEST_BODY, RequestRefused, operation_of_body, operation_of_query

PREFLIGHT_HEADERS = ("x-gatehouse-preflight", "apollo-require-preflight", "x-apollo-operation-name")


class Asked(NamedTuple):
    """What of a request's headers decides."""

    accept: str
    content_type: str
    authorization: tuple[str, ...]


def asked_of(scope: Scope) -> Asked:
    """`Accept` may come in several lines; of `Content-Type` the first counts, `Authorization` is told as it came."""
    by_name, headers = headers_in(scope), scope["headers"]
    if len(by_name) == len(headers):
        token = by_name.get(b"authorization")
        return Asked(
            by_name.get(b"accept", b"").decode("latin-1"),
            by_name.get(b"content-type", b"").decode("latin-1"),
            () if token is None else (token.decode("latin-1"),),
        )
    accepts, types, tokens = (
        [str(value, "latin-1") for name, value in headers if name == wanted]
        for wanted in (b"accept", b"content-type", b"authorization")
    )
    return Asked(",".join(filter(None, accepts)), next((each for each in types if each), ""), tuple(tokens))


async def body_of(scope: Scope, receive: Receive) -> bytes:
    """Of a POST, else nothing. Raises RequestRefused and asgi.Gone."""
    if scope["method"] != "POST":
        return b""
    try:
        return await read_body(receive, LONGEST_BODY)
    except TooLong:
        raise RequestRefused(413, f"The body is longer than {LONGEST_BODY} bytes.") from None


def operation_in(scope: Scope, body: bytes, asked: Asked, contract: Contract) -> Operation:
    """From the body of a POST, or the address of a GET. Raises RequestRefused."""
    if scope["method"] == "POST":
        return operation_of_body(asked.content_type, body)
    request = Request(scope)
    _refuse_foreign_page(request)
    operation = operation_of_query(request.query_params)
    _refuse_mutation(contract, operation)
    return operation


def refusal_of(fault: RequestRefused | InvalidToken, headers: Headers) -> Reply:
    """The answer to what is no request of ours, or carries a token that counts for nothing."""
    if isinstance(fault, InvalidToken):
        challenge = (b"www-authenticate", b'Bearer error="invalid_token"')
        return Reply(401, (*headers, challenge), error_body(fault))
    allow = ((b"allow", fault.allow.encode()),) if fault.allow else ()
    return Reply(fault.status, (*headers, *allow), error_body(fault))


def error_body(fault: GatehouseError) -> bytes:
    """A response map with this one error."""
    return orjson.dumps({"errors": [{"message": fault.message, "extensions": {"code": fault.code}}]})


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

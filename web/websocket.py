"""GraphQL over WebSocket (`graphql-transport-ws`): Strawberry's handler speaks it, our contracts answer.

A connection only carries who is calling, from the `authorization` of its `connection_init`, until that token ends;
every operation on it opens a context of its own.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import orjson
import structlog
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import NonTextMessageReceived
from strawberry.schema import BaseSchema
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.unset import UNSET, UnsetType

from clock import Clock
from errors import GatehouseError
from execution.execute import subscribe
from identity.bearer import NOBODY, authenticate
from identity.tokens import InvalidToken, Verified
from web.messages import message_of, result_of
from web.parameters import LONGEST_BODY, RequestRefused, operation_of
from web.requests import loggable, outcome_of
from web.surface import Surface

INIT_WAIT = timedelta(seconds=10)
MOST_OPERATIONS = 50
"""Under way at once on one connection."""

LONGEST_REASON = 123
"""Bytes that a close frame has room for (RFC 6455, 5.5)."""

TOKEN_ENDED, TOO_LONG = 4401, 1009

log = structlog.get_logger()


@dataclass
class Connection:
    """What one socket knows; Strawberry fills `connection_params` from `connection_init`."""

    websocket: WebSocket
    clock: Clock
    verified: Verified = NOBODY
    connection_params: dict[str, Any] = field(default_factory=dict[str, Any])

    def seconds_left(self) -> float | None:
        """Of the life of the token; None for an anonymous caller."""
        ends = self.verified.expires_at
        return None if ends is None else (ends - self.clock.now()).total_seconds()


@dataclass(frozen=True, slots=True)
class OperationStream:
    """Stands where Strawberry's handler expects a schema; it asks nothing of it but `stream`."""

    surface: Surface
    spa_only: bool

    async def stream(
        self,
        query: Any,
        *,
        variable_values: Any,
        context_value: Connection,
        root_value: object,
        operation_name: Any,
    ) -> AsyncGenerator[ExecutionResult, None]:
        parameters = {"query": query, "variables": variable_values, "operationName": operation_name}
        return self._results(parameters, context_value.verified)

    async def _results(
        self, parameters: Mapping[str, Any], verified: Verified
    ) -> AsyncGenerator[ExecutionResult, None]:
        try:
            self.surface.verifier.confirm(verified)
            operation = operation_of(parameters)
        except (InvalidToken, RequestRefused) as refusal:
            yield _refused(refusal)
            return
        contract = self.surface.contract_for(verified.principal, spa_only=self.spa_only)
        context = await self.surface.open_context(verified.principal, contract)
        name = loggable(operation.operation_name)
        sent, outcome = 0, "ok"
        try:
            async with aclosing(subscribe(contract, operation, context)) as answers:
                async for answer in answers:
                    self.surface.verifier.confirm(verified)
                    sent, outcome = sent + 1, outcome_of(answer)
                    yield result_of(answer)
        except InvalidToken as fault:
            outcome = "refused"
            yield _refused(fault)
        finally:
            self.surface.metrics.operations.labels(outcome).inc()
            log.info("socket operation", kind=verified.principal.kind.value, operation=name, outcome=outcome, sent=sent)


def _refused(fault: GatehouseError) -> PreExecutionError:
    return PreExecutionError(None, [GraphQLError(fault.message, extensions={"code": fault.code})])


class SocketAdapter(ASGIWebSocketAdapter):
    """Only well-formed messages in, only close reasons that fit out; the connection ends when its token does."""

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        connection: Connection = self.ws.state.connection
        try:
            while self.ws.application_state is not WebSocketState.DISCONNECTED:
                async with asyncio.timeout(connection.seconds_left()):
                    text = await self.ws.receive_text()
                if len(text) > LONGEST_BODY:
                    await self.close(TOO_LONG, f"A message may have {LONGEST_BODY} characters.")
                    return
                yield message_of(text)
        except TimeoutError:
            await self.close(TOKEN_ENDED, "The bearer token has expired: connect with a fresh one.")
        except KeyError as fault:  # how Starlette tells of a binary frame
            raise NonTextMessageReceived from fault
        except WebSocketDisconnect:
            return

    async def close(self, code: int, reason: str) -> None:
        await super().close(code, reason.encode()[:LONGEST_REASON].decode(errors="ignore"))


class SocketView(GraphQL[Connection, None]):
    """One WebSocket endpoint. A page of any origin may connect: what it may ask hangs on the token it sends."""

    websocket_adapter_class = SocketAdapter

    def __init__(self, surface: Surface, *, spa_only: bool) -> None:
        super().__init__(
            cast("BaseSchema", OperationStream(surface, spa_only)),
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=INIT_WAIT,
            max_subscriptions_per_connection=MOST_OPERATIONS,
        )
        self._surface = surface

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Connection:
        request.state.connection = Connection(cast("WebSocket", request), self._surface.clock)
        return request.state.connection

    async def on_ws_connect(self, context: Connection) -> UnsetType | dict[str, object] | None:
        """Who is calling: the `authorization` of `connection_init`, or the handshake's header where that is absent."""
        given = context.connection_params.get("authorization")
        values = context.websocket.headers.getlist("authorization") if given is None else [str(given)]
        try:
            context.verified = authenticate(values, self._surface.verifier)
        except InvalidToken as fault:
            raise ConnectionRejectionError from fault
        return UNSET

    def encode_json(self, data: object) -> str:
        return orjson.dumps(data).decode()

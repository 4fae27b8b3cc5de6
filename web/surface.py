"""What both transports, HTTP and sockets, serve a caller with: which contract, and the context of one operation."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from clock import Clock
from execution.contract import Contract
from execution.model import OperationContext
from identity.model import Kind, Principal
from identity.tokens import TokenVerifier
from telemetry import Metrics
from web.reissue import Reissuer


@dataclass(frozen=True, slots=True)
class Surface:
    """`open_context` makes the context of ONE operation: what it loads is never shared with another.

    `reissuer` makes tokens that say what their member holds now.
    """

    full: Contract
    integrator: Contract
    spa: Contract
    open_context: Callable[[Principal, Contract], Awaitable[OperationContext]]
    verifier: TokenVerifier
    clock: Clock
    metrics: Metrics
    reissuer: Reissuer

    def contract_for(self, principal: Principal, *, spa_only: bool) -> Contract:
        """The schema a caller sees, by the kind in the verified token and never by anything else a client may choose.

        Members and anonymous callers see the SPA schema on `/graphql` too: whoever has not proved to be more gets
        the narrowest one.
        """
        if spa_only:
            return self.spa
        if principal.kind is Kind.OPERATOR:
            return self.full
        return self.integrator if principal.kind is Kind.INTEGRATOR else self.spa

"""Tokens that no longer count though they verify: single ones, or all that a caller was given up to an instant.

One process's memory. Who takes tokens back tells it here, in every process that verifies.
"""

from datetime import datetime, timedelta

from clock import Clock
from identity.model import Kind, Principal

SWEEP = 1024
"""So many are kept before those are looked for that may go."""


class Revocations:
    """`longest_life` is that of any token accepted: a revocation is forgotten when nothing that it covers can live."""

    def __init__(self, clock: Clock, longest_life: timedelta) -> None:
        self._clock = clock
        self._longest_life = longest_life
        self._tokens: dict[str, datetime] = {}
        self._callers: dict[tuple[Kind, str], datetime] = {}
        self._sweep_at = SWEEP

    def revoke(self, token_id: str) -> None:
        """The token of this id, from now on. Raises ValueError without an id: so are all tokens that have none."""
        if not token_id:
            raise ValueError("a token without an id cannot be revoked alone: revoke all of its caller's")
        self._tokens[token_id] = self._clock.now()
        self._sweep()

    def revoke_all(self, kind: Kind, subject: str, until: datetime) -> None:
        """Every token of the caller issued at `until` or before; whole seconds, so those of the same second too."""
        caller = kind, subject
        self._callers[caller] = max(until, self._callers.get(caller, until))
        self._sweep()

    def cover(self, principal: Principal, issued_at: datetime) -> bool:
        """Asked at every request, and mostly of nothing at all."""
        if self._tokens and principal.token_id in self._tokens:
            return True
        if not self._callers:
            return False
        until = self._callers.get((principal.kind, principal.subject))
        return until is not None and issued_at <= until

    def __len__(self) -> int:
        return len(self._tokens) + len(self._callers)

    def _sweep(self) -> None:
        if len(self) < self._sweep_at:
            return
        over = self._clock.now() - self._longest_life
        self._tokens = {token_id: at for token_id, at in self._tokens.items() if at > over}
        self._callers = {caller: until for caller, until in self._callers.items() if until > over}
        self._sweep_at = max(SWEEP, 2 * len(self))

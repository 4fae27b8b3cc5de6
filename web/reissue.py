"""Tokens that say what their member holds now, in exchange for one that says less, or what is no longer so.

A new token lives exactly as long as the one it replaces: nothing here prolongs anything.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import orjson

from asgi import Receive, Reply, Scope, Send, respond
from clock import Clock
from identity.bearer import authenticate
from identity.keys import SigningKey
from identity.model import Principal
from identity.tokens import LONGEST_LIFE, Held, InvalidToken, TokenVerifier, Verified, mint
from web.asked import asked_of, refusal_of
from web.parameters import RequestRefused

HEADERS = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"), (b"vary", b"authorization"))
NOT_A_MEMBER = RequestRefused(403, "Send a member's token: others hold no entitlements.", code="FORBIDDEN")


@dataclass(frozen=True, slots=True)
class Reissuer:
    """`held` reads from the authority what a member holds who calls so; it raises Unavailable."""

    key: SigningKey
    issuer: str
    clock: Clock
    held: Callable[[Principal], Awaitable[Held]]

    async def reissue(self, verified: Verified) -> str:
        """For the same member, with the same id and end. Raises RequestRefused for others, InvalidToken at the end."""
        now = self.clock.now()
        if verified.expires_at is None:
            raise InvalidToken("Send the bearer token that is to be exchanged.")
        if verified.principal.member_id is None:
            raise NOT_A_MEMBER
        left = verified.expires_at - now.replace(microsecond=0)
        if left.total_seconds() <= 0:
            raise InvalidToken("The bearer token has expired: get a fresh one.")
        held = await self.held(verified.principal)
        principal = replace(verified.principal, revision=held.revision)
        development = left > LONGEST_LIFE
        return mint(principal, self.key, left, issuer=self.issuer, now=now, development=development, held=held)


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """`POST /token`: the present token of whoever calls, as `{"token": …}`."""

    verifier: TokenVerifier
    reissuer: Reissuer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            verified = authenticate(asked_of(scope).authorization, self.verifier)
            token = await self.reissuer.reissue(verified)
        except (RequestRefused, InvalidToken) as refusal:
            reply = refusal_of(refusal, HEADERS)
        else:
            reply = Reply(200, HEADERS, orjson.dumps({"token": token}))
        await respond(send, reply)

"""Bearer tokens: minting, verifying, and the memory of those already verified.

A token is a JWT of type `at+jwt` for audience `gatehouse`. Its own claim is `gatehouse`: `kind`, `scopes` and, where
there are any, the `roles` that policies ask for; tokens minted for development add `development: true`, may live for a
day, and are refused in production. A member's may say what the member holds (`tier`, `features`, `revision`,
`held_until`): for the edge; nothing is granted on it here.
"""

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import jwt
from jwt.types import Options
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from clock import Clock
from errors import GatehouseError
from identity.keys import Keys, SigningKey
from identity.model import Kind, Principal
from identity.revocation import Revocations

AUDIENCE = "gatehouse"
TOKEN_TYPE = "at+jwt"
LONGEST_LIFE = timedelta(minutes=5)
LONGEST_DEVELOPMENT_LIFE = timedelta(hours=24)
CLOCK_SKEW = timedelta(seconds=30)
LONGEST_TOKEN = 8192
"""Characters; more is refused before it is parsed."""

CHECKS: Options = {
    "require": ["iss", "aud", "exp", "iat", "sub"],
    # PyJWT would ask the machine for the time; `_check_times` asks the Clock.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}

Seconds = Annotated[int, Field(strict=True, ge=0, le=253_402_300_799)]
Name = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200)]


class InvalidToken(GatehouseError):
    """The message says what is wrong and never quotes the token."""

    code = "UNAUTHENTICATED"


class OutdatedToken(InvalidToken):
    """What the token says of its member's entitlements is no longer so."""

    code = "TOKEN_OUTDATED"


@dataclass(frozen=True, slots=True)
class Held:
    """What a member holds, for a token to say. `until` is when the answer can next change by itself."""

    tier: str | None
    features: frozenset[str]
    revision: int
    until: datetime | None


class _Own(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    kind: Literal[Kind.MEMBER, Kind.OPERATOR, Kind.INTEGRATOR]
    scopes: frozenset[Name] = Field(default=frozenset(), max_length=100)
    roles: frozenset[Name] = Field(default=frozenset(), max_length=100)
    development: bool = Field(default=False, strict=True)
    revision: Annotated[int, Field(strict=True, ge=0)] | None = None


class _Claims(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    sub: Name
    iat: Seconds
    exp: Seconds
    nbf: Seconds = 0
    jti: Name = ""
    gatehouse: _Own


@dataclass(frozen=True, slots=True)
class Verified:
    """`expires_at` bounds everything done on a token's authority, an open socket too. Without a token, no dates."""

    principal: Principal
    expires_at: datetime | None
    issued_at: datetime | None


def mint(
    principal: Principal,
    key: SigningKey,
    ttl: timedelta,
    *,
    issuer: str,
    now: datetime,
    development: bool = False,
    held: Held | None = None,
) -> str:
    """A signed token, valid from `now` for `ttl`. Raises ValueError when `ttl` is longer than verifiers accept."""
    longest = LONGEST_DEVELOPMENT_LIFE if development else LONGEST_LIFE
    if not timedelta(0) < ttl <= longest:
        raise ValueError(f"a token may live for at most {longest}, not {ttl}")
    issued = int(now.timestamp())
    own: dict[str, object] = {"kind": principal.kind.value, "scopes": sorted(principal.scopes)}
    if principal.roles:
        own["roles"] = sorted(principal.roles)
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": principal.subject,
        "iat": issued,
        "exp": issued + int(ttl.total_seconds()),
        "jti": principal.token_id or secrets.token_urlsafe(12),
        "gatehouse": {**own, **({"development": True} if development else {}), **(_said(held) if held else {})},
    }
    return jwt.encode(claims, key.private, algorithm=key.algorithm, headers={"kid": key.key_id, "typ": TOKEN_TYPE})


def _said(held: Held) -> dict[str, object]:
    until = {} if held.until is None else {"held_until": int(held.until.timestamp())}
    return {"tier": held.tier, "features": sorted(held.features), "revision": held.revision, **until}


class TokenVerifier:
    """Verifies against a fixed set of keys: the key is looked up by id, and brings its algorithm with it.

    Verified tokens are remembered by digest until they expire, at most `capacity` of them, the least recently used
    forgotten first. The memory only saves the signature check; it never prolongs a token, nor outlives a revocation:
    what `revocations` cover is refused from that moment. By digest, so that no token lies in memory, and how long a
    look-up takes tells nothing of one.
    """

    def __init__(self, keys: Keys, *, issuer: str, clock: Clock, development: bool, capacity: int = 10_000) -> None:
        self._keys = {key.key_id: key for key in keys.verifying}
        self._issuer = issuer
        self._clock = clock
        self._development = development
        self._capacity = capacity
        self._memory: OrderedDict[bytes, Verified] = OrderedDict()
        self.revocations = Revocations(clock, LONGEST_DEVELOPMENT_LIFE + CLOCK_SKEW)

    def verify(self, token: str) -> Principal:
        """The caller the token speaks for. Raises InvalidToken."""
        return self.examine(token).principal

    def examine(self, token: str) -> Verified:
        """The caller and the end of the token's life. Raises InvalidToken."""
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise InvalidToken("The bearer token is not a token of ours.")
        digest = hashlib.sha256(token.encode()).digest()
        now = self._clock.now()
        known = self._memory.pop(digest, None) or self._check(token, now)
        self._confirm(known, now)
        self._memory[digest] = known
        if len(self._memory) > self._capacity:
            self._memory.popitem(last=False)
        return known

    @property
    def remembered(self) -> int:
        """How many verified tokens are in memory."""
        return len(self._memory)

    def confirm(self, verified: Verified) -> None:
        """Raises InvalidToken when the token has expired or was taken back since it was examined."""
        self._confirm(verified, self._clock.now())

    def _confirm(self, verified: Verified, now: datetime) -> None:
        if verified.expires_at is None or verified.issued_at is None:
            return
        if verified.expires_at <= now:
            raise InvalidToken("The bearer token has expired: get a fresh one.")
        if self.revocations.cover(verified.principal, verified.issued_at):
            raise InvalidToken("The bearer token was taken back: sign in again.")

    def _check(self, token: str, now: datetime) -> Verified:
        claims = self._claims(token)
        _check_times(claims, now, LONGEST_DEVELOPMENT_LIFE if claims.gatehouse.development else LONGEST_LIFE)
        if claims.gatehouse.development and not self._development:
            raise InvalidToken("The bearer token was made for development and is not accepted here.")
        own = claims.gatehouse
        return Verified(
            Principal(own.kind, claims.sub, own.scopes, claims.jti, own.revision, own.roles),
            expires_at=datetime.fromtimestamp(claims.exp, UTC),
            issued_at=datetime.fromtimestamp(claims.iat, UTC),
        )

    def _claims(self, token: str) -> _Claims:
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.get(header.get("kid", ""))
            if key is None or header.get("typ") != TOKEN_TYPE or "crit" in header:
                raise InvalidToken("The bearer token was not signed by a key of ours.")
            payload = jwt.decode(
                token,
                key.public,
                algorithms=[key.algorithm],
                audience=AUDIENCE,
                issuer=self._issuer,
                options=CHECKS,
            )
            return _Claims.model_validate(payload)
        except (jwt.PyJWTError, ValidationError, ValueError, RecursionError) as fault:
            raise InvalidToken("The bearer token is not valid: get a fresh one.") from fault


def _check_times(claims: _Claims, now: datetime, longest: timedelta) -> None:
    seconds = now.timestamp()
    if claims.exp <= seconds:
        raise InvalidToken("The bearer token has expired: get a fresh one.")
    if max(claims.iat, claims.nbf) > seconds + CLOCK_SKEW.total_seconds():
        raise InvalidToken("The bearer token is not valid yet: check the clocks.")
    if claims.exp - claims.iat > longest.total_seconds():
        raise InvalidToken("The bearer token lives longer than is accepted here: get one with a shorter life.")

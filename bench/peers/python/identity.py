"""Who calls, and what the caller holds; with the same switches as the Node peers."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import jwt

from bench.peers.python.connection import Pool, switched_on

MEMORY_SECONDS = 30
FEATURES = "SELECT feature FROM bench.entitlement WHERE member_id = $1 ORDER BY feature"

_public_key = Path(os.environ["BENCH_PUBLIC_KEY_FILE"]).read_text()
_issuer = os.environ["BENCH_TOKEN_ISSUER"]
_token_cache = switched_on("BENCH_TOKEN_CACHE")
_memory = os.environ.get("BENCH_ENTITLEMENTS") == "memory"
_verified: dict[str, tuple[str, float]] = {}
_remembered: dict[str, tuple[frozenset[str], float]] = {}


@dataclass(frozen=True, slots=True)
class Caller:
    member_id: str
    features: frozenset[str]


async def authenticate(authorization: str, pool: Pool) -> Caller:
    member_id = _verify(authorization.removeprefix("Bearer "))
    return Caller(member_id, await _features_of(member_id, pool))


def _verify(token: str) -> str:
    known = _verified.get(token)
    if known and known[1] > time.time():  # noqa: TID251 - a peer has no Clock
        return known[0]
    claims = jwt.decode(token, _public_key, algorithms=["ES256"], audience="gatehouse", issuer=_issuer)
    if _token_cache:
        _verified[token] = claims["sub"], claims["exp"]
    return claims["sub"]


async def _features_of(member_id: str, pool: Pool) -> frozenset[str]:
    known = _remembered.get(member_id)
    if known and known[1] > time.monotonic():
        return known[0]
    features = frozenset(row["feature"] for row in await pool.fetch(FEATURES, member_id))
    if _memory:
        _remembered[member_id] = features, time.monotonic() + MEMORY_SECONDS
    return features

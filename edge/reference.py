"""The decision of `gate.mjs`, in Python: to read beside it, for edges that run Python, and for the tests to compare."""

import base64
import hashlib
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import unquote, urlencode

import jwt
from jwt.types import Options

LONGEST_TOKEN = 8192
LONGEST_LIFE = 5 * 60
CLOCK_SKEW = 30

Json = Mapping[str, Any]
Decision = dict[str, Any]


class Invalid(Exception):
    """The token counts for nothing; the message is the reason."""


def decide(path: str, token: str | None, *, state: Json, jwks: Json, seconds: float) -> Decision:
    """By the two documents as the origin published them; `seconds` of the Unix epoch. Never raises."""
    route = route_of(state["routes"], path)
    if route is None:
        return {"action": "pass"}
    if not token:
        return {"action": "sign_in", "reason": "no token"}
    try:
        claims = verify(token, state, jwks, seconds)
    except Invalid as fault:
        return {"action": "sign_in", "reason": str(fault)}
    return decide_by(claims, route, state, seconds)


def decide_by(claims: Json, route: Json, state: Json, seconds: float) -> Decision:
    own: Json = claims["gatehouse"]
    if own["kind"] != "member":
        return {"action": "origin", "reason": "not a member"}
    revision = own.get("revision")
    ended = "held_until" in own and seconds >= own["held_until"]
    if revision is None or revision < state["changed"].get(digest_of(claims["sub"]), -1) or ended:
        action = "refuse" if route["fresh"] and revision is not None else "refresh"
        return {"action": action, "reason": "outdated"}
    if route["fresh"]:
        return {"action": "origin", "reason": "decided there"}
    if route["feature"] in own["features"]:
        return {"action": "pass", "tier": own["tier"]}
    plan = next(iter(route["plans"]), None)
    query = urlencode({"feature": route["feature"], **({"plan": plan} if plan else {})})
    location = f"{state['upgrade']}?{query}"
    return {"action": "upgrade", "feature": route["feature"], "plan": plan, "location": location}


def route_of(routes: Sequence[Json], path: str) -> Json | None:
    """The longest route that `path`, written plainly, begins with."""
    plain = unquote(path, encoding="latin-1").replace("\\", "/")
    normal = posixpath.normpath("/" + plain.lstrip("/")) + ("/" if plain.endswith("/") else "")
    normal = "/" if normal == "//" else normal
    found = [route for route in routes if normal.startswith(route["path"]) or f"{normal}/" == route["path"]]
    return max(found, key=lambda route: len(route["path"]), default=None)


def verify(token: str, state: Json, jwks: Json, seconds: float) -> Json:
    """The claims. Raises Invalid. The key brings its algorithm: the header only names the key."""
    keys = {jwk["kid"]: jwk for jwk in jwks["keys"]}
    try:
        header = jwt.get_unverified_header(token) if len(token) <= LONGEST_TOKEN else {}
    except jwt.PyJWTError:
        raise Invalid("unreadable") from None
    jwk = keys.get(header.get("kid"))
    if jwk is None or header.get("typ") != "at+jwt" or "crit" in header or header.get("alg") != jwk["alg"]:
        raise Invalid("no key of ours" if header else "unreadable")
    try:
        claims = jwt.decode(
            token, jwt.PyJWK(jwk).key, algorithms=[jwk["alg"]], options={"verify_signature": True, **OFF}
        )
    except jwt.InvalidSignatureError:
        raise Invalid("signature") from None
    except (jwt.PyJWTError, ValueError):
        raise Invalid("unreadable") from None
    _check(claims, state, seconds)
    return claims


OFF: Options = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
}
"""Checked below, by the time that the caller gives."""


def _check(claims: Json, state: Json, seconds: float) -> None:
    own: Any = claims.get("gatehouse")
    if not isinstance(own, dict):
        raise Invalid("unreadable")
    own = cast("Json", own)
    if claims.get("iss") != state["issuer"] or claims.get("aud") != state["audience"]:
        raise Invalid("for another service")
    if not isinstance(claims.get("sub"), str):
        raise Invalid("unreadable")
    expires, issued = claims.get("exp"), claims.get("iat")
    if not (type(expires) is int and type(issued) is int):
        raise Invalid("unreadable")
    if expires <= seconds:
        raise Invalid("expired")
    if max(issued, claims.get("nbf", 0)) > seconds + CLOCK_SKEW:
        raise Invalid("not valid yet")
    if own.get("development") or expires - issued > LONGEST_LIFE:
        raise Invalid("too long a life")
    if "revision" in own and not (type(own["revision"]) is int and isinstance(own.get("features"), list)):
        raise Invalid("unreadable")


def digest_of(member_id: str) -> str:
    """The first 16 bytes of SHA-256, base64url without padding."""
    digest = hashlib.sha256(member_id.encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

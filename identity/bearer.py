"""From a request's credentials to the caller."""

from collections.abc import Iterable

from identity.model import ANONYMOUS
from identity.tokens import InvalidToken, TokenVerifier, Verified

NOBODY = Verified(ANONYMOUS, None)


def authenticate(authorization: Iterable[str], verifier: TokenVerifier) -> Verified:
    """The caller named by the values of the `Authorization` header: none is anonymous, a wrong one is never.

    Raises InvalidToken on any other scheme, on several values and on a token that does not verify.
    """
    values = list(authorization)
    if not values:
        return NOBODY
    scheme, _, token = values[0].partition(" ")
    if len(values) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise InvalidToken("Send exactly one header of the form `Authorization: Bearer <token>`.")
    return verifier.examine(token.strip())

"""From a request's credentials to the caller."""

from collections.abc import Sequence

from identity.model import ANONYMOUS
from identity.tokens import InvalidToken, TokenVerifier, Verified

NOBODY = Verified(ANONYMOUS, None, None)


def authenticate(authorization: Sequence[str], verifier: TokenVerifier) -> Verified:
    """The caller named by the values of the `Authorization` header: none is anonymous, a wrong one is never.

    Raises InvalidToken on any other scheme, on several values and on a token that does not verify.
    """
    if not authorization:
        return NOBODY
    scheme, _, token = authorization[0].partition(" ")
    token = token.strip()
    if len(authorization) > 1 or scheme.lower() != "bearer" or not token:
        raise InvalidToken("Send exactly one header of the form `Authorization: Bearer <token>`.")
    return verifier.examine(token)

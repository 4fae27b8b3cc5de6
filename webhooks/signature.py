"""Stripe's webhook signature, by hand: HMAC-SHA256 over `{t}.{body}`, as hex, in `v1=` of the header.

Stripe's own `construct_event` raises half a dozen errors on hostile input and accepts any date in the future.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from hmac import compare_digest

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

HEADER = b"stripe-signature"
TOLERANCE_SECONDS = 300
LONGEST_HEADER = 4096
"""Bytes; more is refused before it is parsed."""


def is_signed(body: bytes, header: bytes, secrets: Sequence[bytes], now: datetime) -> bool:
    """True iff one of `secrets` made one of the header's `v1` signatures, within TOLERANCE_SECONDS of `now`.

    Total: whatever the header holds, the answer is True or False. Several secrets are for rolling them over.
    """
    if len(header) > LONGEST_HEADER:
        return False
    times: list[bytes] = []
    given: list[bytes] = []
    for part in header.split(b","):
        name, _, value = part.strip().partition(b"=")
        if name == b"t":
            times.append(value)
        elif name == b"v1":
            given.append(value)
    if len(times) != 1 or not _is_recent(times[0], now):
        return False
    for secret in secrets:
        expected = signature(body, times[0], secret)
        for one in given:
            if compare_digest(expected, one):
                return True
    return False


def signature(body: bytes, timestamp: bytes, secret: bytes) -> bytes:
    """The `v1` signature in hex."""
    mac = _keyed(secret).copy()
    mac.update(timestamp + b"." + body)
    return mac.finalize().hex().encode()


@lru_cache
def _keyed(secret: bytes) -> HMAC:
    """Never to be updated itself: setting up a key takes longer than hashing a body."""
    return HMAC(secret, SHA256())


def signed_header(body: bytes, secrets: Iterable[bytes], at: datetime) -> bytes:
    """The header that Stripe would send."""
    timestamp = str(int(at.timestamp())).encode()
    return b",".join([b"t=" + timestamp, *(b"v1=" + signature(body, timestamp, secret) for secret in secrets)])


def _is_recent(timestamp: bytes, now: datetime) -> bool:
    if not (timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(now.timestamp() - int(timestamp)) <= TOLERANCE_SECONDS

"""Stripe's webhook signature, by hand: HMAC-SHA256 over `{t}.{body}`, as hex, in `v1=` of the header.

Stripe's own `construct_event` raises half a dozen errors on hostile input and accepts any date in the future.
"""

import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

HEADER = b"stripe-signature"
TOLERANCE = timedelta(seconds=300)
LONGEST_HEADER = 4096
"""Bytes; more is refused before it is parsed."""


def is_signed(body: bytes, header: bytes, secrets: Sequence[bytes], now: datetime) -> bool:
    """True iff one of `secrets` made one of the header's `v1` signatures, at most TOLERANCE before or after `now`.

    Total: whatever the header holds, the answer is True or False. Several secrets are for rolling them over.
    """
    if len(header) > LONGEST_HEADER:
        return False
    named = [part.strip().partition(b"=") for part in header.split(b",")]
    times = [value for name, _, value in named if name == b"t"]
    if len(times) != 1 or not _is_recent(times[0], now):
        return False
    given = [value for name, _, value in named if name == b"v1"]
    expected = [signature(body, times[0], secret) for secret in secrets]
    return any(hmac.compare_digest(one, other) for one in expected for other in given)


def signature(body: bytes, timestamp: bytes, secret: bytes) -> bytes:
    """The `v1` signature in hex."""
    mac = _keyed(secret).copy()
    mac.update(timestamp + b"." + body)
    return mac.hexdigest().encode()


@lru_cache
def _keyed(secret: bytes) -> hmac.HMAC:
    """Never to be updated itself: setting up a key takes longer than hashing a body."""
    return hmac.new(secret, digestmod="sha256")


def signed_header(body: bytes, secrets: Iterable[bytes], at: datetime) -> bytes:
    """The header that Stripe would send."""
    timestamp = str(int(at.timestamp())).encode()
    return b",".join([b"t=" + timestamp, *(b"v1=" + signature(body, timestamp, secret) for secret in secrets)])


def _is_recent(timestamp: bytes, now: datetime) -> bool:
    if not (timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(now.timestamp() - int(timestamp)) <= TOLERANCE.total_seconds()

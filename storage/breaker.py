"""A circuit breaker: after some failures in a row a part is left alone, but for one probe now and then.

The first probe may go at once: a stall of our own that looked like an outage is over by then.
"""

import time
from collections import deque
from collections.abc import Callable


class Breaker:
    """Opens after `failures` in a row within `within_seconds`; while open, a probe is due each `probe_seconds`."""

    def __init__(
        self,
        *,
        failures: int = 5,
        within_seconds: float = 1.0,
        probe_seconds: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failed_at: deque[float] = deque(maxlen=failures)
        self._failures = failures
        self._within_seconds = within_seconds
        self._probe_seconds = probe_seconds
        self._monotonic = monotonic
        self._next_probe: float | None = None

    @property
    def is_open(self) -> bool:
        return self._next_probe is not None

    def take_probe(self) -> bool:
        """Whether it is open and a probe is due; True takes it, and the taker then tells how it went."""
        now = self._monotonic()
        if self._next_probe is None or now < self._next_probe:
            return False
        self._next_probe = now + self._probe_seconds
        return True

    def succeeded(self) -> None:
        self._failed_at.clear()
        self._next_probe = None

    def failed(self) -> None:
        now = self._monotonic()
        self._failed_at.append(now)
        if self.is_open:
            return
        if len(self._failed_at) == self._failures and now - self._failed_at[0] <= self._within_seconds:
            self._next_probe = now

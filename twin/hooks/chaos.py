"""Switches for what may go wrong between Stripe and its callers. Probabilities are 0 to 1; all begin off."""

from dataclasses import dataclass


@dataclass(slots=True)
class Chaos:
    duplicate: float = 0.0
    """A delivery is made twice."""
    reorder: float = 0.0
    """A delivery waits up to `reorder_seconds`, so that later ones overtake it."""
    reorder_seconds: float = 30.0
    delay_seconds: float = 0.0
    """Each delivery waits so long."""
    drop: float = 0.0
    """An event is never delivered to an endpoint: only List Events still has it."""
    burst_seconds: float = 0.0
    """Deliveries are held, and go out together at the next multiple of this."""
    api_429: float = 0.0
    api_500: float = 0.0
    """Refused before anything is done."""
    api_lost: float = 0.0
    """Done, but a 500 comes in place of the answer; the same idempotency key still brings it."""
    api_timeout: float = 0.0
    """Done, but no answer comes."""
    api_slow_seconds: float = 0.0
    """Each answer is half to all of this long on its way, is as old when it comes, and may be overtaken."""
    requests_per_second: int | None = None
    """More are answered 429: Stripe's sandbox takes 25, live mode 100."""

"""What an account's owner sets in Stripe's dashboard, and what of Stripe's own timing can be changed here."""

from dataclasses import dataclass

API_VERSION = "2026-10-28.endive"
"""The version that stripe-python 16.1 pins, and the only one the twin speaks."""

HOUR = 3_600
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Account:
    """Billing settings: https://docs.stripe.com/billing/revenue-recovery/smart-retries and the dashboard's defaults."""

    name: str = "Twin of Stripe"
    country: str = "US"
    retry_after_days: tuple[float, ...] = (1, 3, 5, 7, 9, 11, 13, 14)
    """Payment retries, counted from the first failure: eight within two weeks, as Stripe advises."""
    after_retries: str = "cancel"
    """What becomes of a subscription when they are used up: `cancel`, `unpaid` or `past_due`."""
    finalize_after_seconds: int = HOUR
    incomplete_seconds: int = 23 * HOUR
    trial_will_end_seconds: int = 3 * DAY
    upcoming_seconds: int = 7 * DAY
    sepa_seconds: int = 5 * DAY
    session_seconds: int = DAY

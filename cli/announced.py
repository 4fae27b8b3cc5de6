"""How other commands find the twin of Stripe that a `gatehouse run` brought, and the time that both go by.

It says so in a file of the data folder, for as long as it runs.
"""

from datetime import datetime, timedelta
from pathlib import Path

import orjson
from pydantic import SecretStr

from clock import Clock, SystemClock
from settings import Settings

KEY = SecretStr("sk_test_twin")
"""Any test key will do for it."""


class AnnouncedClock:
    """The machine's time, and what the twin's is ahead of it, which may change at any moment."""

    def __init__(self, announcement: Path) -> None:
        self._announcement = announcement
        self._machine = SystemClock()

    def now(self) -> datetime:
        _, ahead = _read(self._announcement) or ("", 0.0)
        return self._machine.now() + timedelta(seconds=ahead)


def announcement_of(settings: Settings) -> Path:
    return settings.data_dir / "stripe-twin.here"


def clock_of(settings: Settings) -> Clock:
    """The time by which a `gatehouse run` of the same settings goes."""
    return AnnouncedClock(announcement_of(settings)) if goes_by_twin(settings) else SystemClock()


def goes_by_twin(settings: Settings) -> bool:
    """In development, unless the settings name another Stripe."""
    return settings.development and (settings.stripe_api_key == KEY or not names_stripe(settings))


def names_stripe(settings: Settings) -> bool:
    return bool(settings.stripe_api_key or settings.stripe_api_base)


def with_announced(settings: Settings) -> Settings:
    """The settings with the twin as Stripe, where one runs that is for them."""
    said = _read(announcement_of(settings)) if goes_by_twin(settings) else None
    return with_stripe(settings, said[0]) if said else settings


def with_stripe(settings: Settings, url: str, *webhook_secrets: SecretStr) -> Settings:
    every = (*settings.stripe_webhook_secrets, *webhook_secrets)
    named = {"stripe_api_key": KEY, "stripe_api_base": url, "stripe_webhook_secrets": every}
    return settings.model_copy(update=named)


def _read(announcement: Path) -> tuple[str, float] | None:
    """Address and seconds ahead; None where no twin runs."""
    try:
        said = orjson.loads(announcement.read_bytes())
        return str(said["url"]), float(said["ahead"])
    except (OSError, ValueError, KeyError, TypeError):
        return None

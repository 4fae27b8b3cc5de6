"""What may be set for a key, by its kind; and what sets it: operators' overrides, experiments' variations. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gating.merge import Amount


class ValueKind(StrEnum):
    FEATURE = "feature"
    LIMIT = "limit"
    LEVEL = "level"


Value = bool | int | str | None
"""Of a feature, whether it is held; of a limit its number, None for no limit; of a level its word."""


def refuse_naive(*dates: datetime | None) -> None:
    """Raises ValueError for a date without a zone."""
    for date in dates:
        if date is not None and date.tzinfo is None:
            raise ValueError(f"{date.isoformat()} has no time zone: grants are dated by aware instants")


def within(starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> bool:
    return (starts_at is None or starts_at <= now) and (ends_at is None or now < ends_at)


def refuse_misfit(kind: ValueKind, key: str, value: Value) -> None:
    """Raises ValueError for a value that nothing of this kind can have."""
    number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    fits = {
        ValueKind.FEATURE: isinstance(value, bool),
        ValueKind.LIMIT: number or value is None,
        ValueKind.LEVEL: isinstance(value, str),
    }
    if not fits[kind]:
        raise ValueError(f"{key}: {value!r} cannot be set for a {kind}")


@dataclass(frozen=True, slots=True)
class Override:
    """What an operator set: `value` instead of what the grants of `key` come to, while it holds.

    `source_id` names the case behind it. `organization` is whose members it is for; None: for this member alone.
    """

    kind: ValueKind
    key: str
    value: Value
    source_id: str
    organization: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        refuse_naive(self.starts_at, self.ends_at)
        refuse_misfit(self.kind, self.key, self.value)

    def holds_at(self, now: datetime) -> bool:
        return within(self.starts_at, self.ends_at, now)


@dataclass(frozen=True, slots=True)
class Variation:
    """What an experiment gives instead of what everybody has for nothing; never touches what was granted otherwise.

    `source_id` is `experiment:variant`.
    """

    kind: ValueKind
    key: str
    value: Value
    source_id: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        refuse_naive(self.starts_at, self.ends_at)
        refuse_misfit(self.kind, self.key, self.value)

    def holds_at(self, now: datetime) -> bool:
        return within(self.starts_at, self.ends_at, now)


def amount_of(each: Override | Variation) -> Amount:
    """Of one that is for a limit."""
    return None if each.value is None else int(each.value)

"""What an explanation of access consists of, in the words of the API."""

from dataclasses import dataclass
from datetime import datetime

from billing.events import StripeEvent
from gating.explain import Deciding, Reason, Standing
from gating.history import Change
from gating.model import DenialCode, Grant, Source
from gating.policies import PolicyKind
from gating.values import Override, Value, ValueKind, Variation


@dataclass(frozen=True, slots=True)
class ExplainedReason:
    """One grant or override; `change` is what brought it, None for what everybody holds; `event` was behind that."""

    standing: Standing
    reason: Reason
    change: Change | None
    event: StripeEvent | None

    @property
    def source(self) -> Source:
        match self.reason:
            case Override():
                return Source.MANUAL
            case Variation():
                return Source.EXPERIMENT
            case _:
                return self.reason.source

    @property
    def value(self) -> str:
        return in_words(True if isinstance(self.reason, Grant) else self.reason.value)

    @property
    def plan(self) -> str | None:
        return self.reason.plan if isinstance(self.reason, Grant) else None

    @property
    def starts_at(self) -> datetime | None:
        return self.reason.starts_at

    @property
    def ends_at(self) -> datetime | None:
        return self.reason.ends_at

    @property
    def source_id(self) -> str:
        return self.reason.source_id

    @property
    def recorded_at(self) -> datetime | None:
        return self.change.recorded_at if self.change else None

    @property
    def revision(self) -> int | None:
        return self.change.snapshot.revision if self.change else None

    @property
    def cause(self) -> str | None:
        return self.change.cause if self.change else None


@dataclass(frozen=True, slots=True)
class ExplainedValue:
    """What the reasons of one key came to, in words, and by which rule."""

    kind: ValueKind
    key: str
    value: str | None
    rule: Deciding
    reasons: tuple[ExplainedReason, ...]


@dataclass(frozen=True, slots=True)
class AppliedPolicy:
    """A policy on a feature that was asked about, and whether it takes it from this caller."""

    feature: str
    kind: PolicyKind
    denied: tuple[str, ...]
    only: tuple[str, ...]
    withholds: bool


@dataclass(frozen=True, slots=True)
class AccessExplanation:
    """`granted` is the decision for a member's own token, `code` why not; `values` are all that it could hang on.

    `countries` are where the member was known to be.
    """

    at: datetime
    revision: int
    granted: bool
    code: DenialCode | None
    values: tuple[ExplainedValue, ...]
    policies: tuple[AppliedPolicy, ...]
    countries: tuple[str, ...]


def in_words(value: Value) -> str:
    """`held` or `not held`, a number or `unlimited`, a word."""
    match value:
        case bool():
            return "held" if value else "not held"
        case None:
            return "unlimited"
        case _:
            return str(value)

"""What a mutation answers: the thing it was about, or why it was not done, as values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

import strawberry

from billing.model import Catalogue
from billing.refusals import Refusal
from gating.ports import Offer
from metering.quota import Exceeded

Entity = TypeVar("Entity")


class UserErrorCode(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    ALREADY_PUBLISHED = "ALREADY_PUBLISHED"
    NOT_A_MEMBER = "NOT_A_MEMBER"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"


@dataclass(frozen=True, slots=True)
class QuotaExceeded:
    """`used` of `limit` of `meter` are used up, until `resets_at`; `required_plans` have more, cheapest first."""

    meter: str
    limit: int
    used: int
    resets_at: datetime
    required_plans: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class UserError:
    """`path` leads to the input field at fault, outermost first. `quota` is what was used up, if anything was."""

    code: UserErrorCode
    message: str
    path: tuple[str, ...] = ()
    quota: QuotaExceeded | None = None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Entity]):
    """Either `entity`, or at least one error."""

    entity: Entity | None
    user_errors: tuple[UserError | Refusal, ...] = ()


def outcome_of(result: Entity | Refusal) -> Outcome[Entity]:
    """What an action of billing came to."""
    return Outcome(None, (result,)) if isinstance(result, Refusal) else Outcome(result)


def refused(code: UserErrorCode, message: str, *path: str) -> Outcome[Any]:
    return Outcome(None, (UserError(code, message, path),))


def not_found(what: str, *path: str) -> Outcome[Any]:
    return refused(UserErrorCode.NOT_FOUND, f"There is no {what} with this id: check the id.", *path)


def not_a_member() -> Outcome[Any]:
    return refused(UserErrorCode.NOT_A_MEMBER, "Only members can do this: sign in as one.")


def over_quota(exceeded: Exceeded, catalogue: Catalogue) -> Outcome[Any]:
    plans = catalogue.plans_beyond(exceeded.meter, exceeded.allowed)
    known = catalogue.limits.get(exceeded.meter)
    more = f", or with {plans[0].name}" if plans else ""
    message = (
        f"You have used {exceeded.used} of {exceeded.allowed}: {known.name if known else exceeded.meter}."
        f" There is more from {exceeded.resets_at:%Y-%m-%d} on{more}."
    )
    quota = QuotaExceeded(exceeded.meter, exceeded.allowed, exceeded.used, exceeded.resets_at, plans)
    return Outcome(None, (UserError(UserErrorCode.QUOTA_EXCEEDED, message, (), quota),))


def quota_of(root: strawberry.Parent[UserError | Refusal]) -> QuotaExceeded | None:
    """Refusals of billing are never for a quota."""
    return root.quota if isinstance(root, UserError) else None

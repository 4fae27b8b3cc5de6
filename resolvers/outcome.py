"""What a mutation answers: the thing it was about, or why it was not done, as values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from billing.refusals import Refusal

Entity = TypeVar("Entity")


class UserErrorCode(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    ALREADY_PUBLISHED = "ALREADY_PUBLISHED"
    NOT_A_MEMBER = "NOT_A_MEMBER"


@dataclass(frozen=True, slots=True)
class UserError:
    """`path` leads to the input field at fault, outermost first."""

    code: UserErrorCode
    message: str
    path: tuple[str, ...] = ()


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

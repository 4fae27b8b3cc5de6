"""The verified caller. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What sort of caller a token speaks for; it alone chooses the GraphQL contract on `/graphql`."""

    ANONYMOUS = "anonymous"
    MEMBER = "member"
    OPERATOR = "operator"
    INTEGRATOR = "integrator"


@dataclass(frozen=True, slots=True)
class Principal:
    """`subject` is the member id for members, a name for operators and integrators, empty for anonymous callers.

    `revision` is that of the entitlements which the token speaks of; None when it speaks of none. `roles` are what the
    caller is in its organisation, in the words of whoever makes the tokens.
    """

    kind: Kind
    subject: str = ""
    scopes: frozenset[str] = frozenset()
    token_id: str = ""
    revision: int | None = None
    roles: frozenset[str] = frozenset()
    member_id: str | None = field(init=False, compare=False, repr=False)
    """None for who is no member."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "member_id", self.subject if self.kind is Kind.MEMBER else None)


ANONYMOUS = Principal(Kind.ANONYMOUS)

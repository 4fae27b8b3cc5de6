"""Reading what Strawberry left on a built GraphQLSchema: the definition and the directives behind each element."""

from typing import Any, TypeVar, cast

Directive = TypeVar("Directive")

DEFINITION = "strawberry-definition"

LOCKABLE = "Lockable"
"""The interface whose `access` field tells as data what LOCK fields leave out of the errors."""


def definition_of(element: Any) -> Any:
    """The Strawberry definition of a GraphQL type, field, argument or enum value; None where there is none."""
    return (getattr(element, "extensions", None) or {}).get(DEFINITION)


def directives_of(element: Any) -> tuple[object, ...]:
    """The schema directives applied to `element`, in order of declaration."""
    return tuple(cast("list[object]", getattr(definition_of(element), "directives", None) or ()))


def find_directive(element: Any, kind: type[Directive]) -> Directive | None:
    """The first directive of `kind` on `element`, or None."""
    return next((directive for directive in directives_of(element) if isinstance(directive, kind)), None)

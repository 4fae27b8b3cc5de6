"""Reading what Strawberry left on a built GraphQLSchema: the definition and the directives behind each element."""

from typing import Any, TypeVar, cast

from graphql import (
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_list_type,
)
from strawberry.types import Info

Directive = TypeVar("Directive")

DEFINITION = "strawberry-definition"

BATCH = "answer_together"
"""The attribute of a resolver that holds its form for many sources: `await (sources, info, **arguments)`, one each."""

LOCKABLE = "Lockable"
"""The interface whose `access` field tells as data what LOCK fields leave out of the errors."""


def definition_of(element: Any) -> Any:
    """The Strawberry definition of a GraphQL type, field, argument or enum value; None where there is none."""
    extensions: dict[str, Any] = getattr(element, "extensions", None) or {}
    return extensions.get(DEFINITION)


def named_type_of(element: Any) -> GraphQLNamedType:
    """The type of a field or an argument without its list and non-null wrappers."""
    return cast(GraphQLNamedType, get_named_type(element.type))


def object_types(schema: GraphQLSchema, named: Any) -> list[GraphQLObjectType]:
    """The object types that a value of type `named` can be of; none for leaves."""
    if is_abstract_type(named):
        return list(schema.get_possible_types(named))
    return [named] if isinstance(named, GraphQLObjectType) else []


def list_depth(returned: Any) -> int:
    """How many lists stand around a value of this type."""
    nullable: Any = get_nullable_type(returned)
    return 1 + list_depth(nullable.of_type) if is_list_type(nullable) else 0


def raw_info_of(info: Any) -> Any:
    """graphql-core's own resolve info behind Strawberry's; itself when it already is that."""
    return cast(Any, info)._raw_info if isinstance(info, Info) else info


def directives_of(element: Any) -> tuple[object, ...]:
    """The schema directives applied to `element`, in order of declaration."""
    return tuple(cast("list[object]", getattr(definition_of(element), "directives", None) or ()))


def find_directive(element: Any, kind: type[Directive]) -> Directive | None:
    """The first directive of `kind` on `element`, or None."""
    return next((directive for directive in directives_of(element) if isinstance(directive, kind)), None)

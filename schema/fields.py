"""Short forms for declaring fields and enums: the description comes first and cannot be forgotten."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, TypeVar

import strawberry
from strawberry.types.enum import EnumValue, StrawberryEnumDefinition

from resolvers.columns import COLUMNS

EnumClass = TypeVar("EnumClass", bound=type[Enum])


def field(
    description: str,
    *,
    resolver: Callable[..., Any] | None = None,
    columns: Iterable[str] | None = None,
    directives: Sequence[object] = (),
    name: str | None = None,
) -> Any:
    """A field of a type. Without `resolver` it is the record's attribute of the same name.

    `columns` are those that `resolver` reads of its record, so that no others are fetched; None stands for all.
    The type is the annotation's, whatever the resolver says that it returns.
    """
    metadata: dict[Any, Any] = {} if columns is None else {COLUMNS: frozenset(columns)}
    declared = strawberry.field(description=description, directives=directives, metadata=metadata, name=name)
    return declared(resolver) if resolver else declared


def follow(description: str, *, resolver: Callable[..., Any], directives: Sequence[object] = ()) -> Any:
    """A field of the root Subscription; `resolver` yields one record for each event."""
    return strawberry.subscription(resolver=resolver, description=description, directives=directives)


def shows(*records: type[Any]) -> Any:
    """`is_type_of = shows(Record)`: objects of these classes are of the type, behind interfaces and unions too."""

    def is_type_of(value: object, _info: object) -> bool:
        return isinstance(value, records)

    # Plans look a type up by an object's class.
    vars(is_type_of)["records"] = records
    return staticmethod(is_type_of)


def show_enum(
    of: EnumClass, description: str, values: Mapping[Any, str | EnumValue], *, name: str | None = None
) -> EnumClass:
    """Shows an enum of the domain in the schema, in the order of `values`: a description each, or a definition."""
    definition = StrawberryEnumDefinition(
        wrapped_cls=of,
        name=name or of.__name__,
        values=[_enum_value(member, value) for member, value in values.items()],
        description=description,
    )
    shown: Any = of
    shown.__strawberry_definition__ = definition
    return of


def _enum_value(member: Enum, value: str | EnumValue) -> EnumValue:
    return value if isinstance(value, EnumValue) else EnumValue(member.name, member.value, description=value)


def gated_value(member: Enum, description: str, *directives: object) -> EnumValue:
    """A value of `show_enum` that carries directives."""
    return EnumValue(member.name, member.value, description=description, directives=directives)

"""One audience's schema, derived from the full one: what it may not see does not exist there.

Parsing, validation, introspection, suggestions and execution all use the derived schema, so a hidden field is the
same as one that never was. Resolvers are shared, therefore no resolver may branch on the audience.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    is_specified_directive,
    validate_schema,
)

from errors import NotConfigured
from execution.definitions import DEFINITION, definition_of, named_type_of
from gating.directives import Audience, Audiences
from schema.visibility import FIELDED, Hidden, find_hidden, reachable_types

Element = TypeVar("Element", GraphQLField, GraphQLInputField)

STRIPPED = "audiences"
"""The directive that no contract shows: whom else there is a schema for is nobody's business."""


def build_contract(full: GraphQLSchema, audience: Audience) -> GraphQLSchema:
    """The schema of `audience`, in the order of `full`; Strawberry's resolvers and SDL printer work on it as on `full`.

    Raises NotConfigured when what is left would not be a valid schema.
    """
    hidden = find_hidden(full, audience)
    directives = [directive for directive in full.directives if directive.name != STRIPPED]
    arguments = [
        arg for directive in directives if not is_specified_directive(directive) for arg in directive.args.values()
    ]
    names = reachable_types(full, hidden, {named_type_of(argument).name for argument in arguments})
    copied: dict[str, GraphQLNamedType] = {}
    for name in names:
        copied[name] = _copy_type(full.type_map[name], hidden, copied)
    strawberry_schema = copy.copy(cast(Any, full)._strawberry_schema)
    contract = GraphQLSchema(
        query=cast("GraphQLObjectType | None", copied.get(full.query_type.name) if full.query_type else None),
        mutation=cast("GraphQLObjectType | None", copied.get(full.mutation_type.name) if full.mutation_type else None),
        subscription=cast(
            "GraphQLObjectType | None", copied.get(full.subscription_type.name) if full.subscription_type else None
        ),
        types=list(copied.values()),
        directives=directives,
        extensions={DEFINITION: strawberry_schema},
    )
    strawberry_schema._schema = contract
    cast(Any, contract)._strawberry_schema = strawberry_schema
    if errors := validate_schema(contract):
        reasons = "; ".join(error.message for error in errors)
        raise NotConfigured(f"What {audience.value} may see is not a valid schema: {reasons}")
    return contract


def _copy_type(original: GraphQLNamedType, hidden: Hidden, copied: Mapping[str, GraphQLNamedType]) -> GraphQLNamedType:
    if not isinstance(original, (*FIELDED, GraphQLUnionType, GraphQLEnumType)) and not _marked(original):
        return original
    kwargs = cast("dict[str, Any]", original.to_kwargs())
    kwargs["extensions"] = _without_audiences(original)
    if isinstance(original, GraphQLEnumType):
        values = {name: value for name, value in original.values.items() if (original.name, name) not in hidden.values}
        if len(values) == len(original.values) and not any(map(_marked, (original, *values.values()))):
            return original
        kwargs["values"] = {name: _copy_value(value) for name, value in values.items()}
        kwargs["enum"] = definition_of(original)
    elif isinstance(original, GraphQLUnionType):
        kwargs["types"] = lambda: [copied[member.name] for member in original.types if member.name in copied]
        # Strawberry recognises its union by identity.
        kwargs["resolve_type"] = _resolve_as(original)
    elif isinstance(original, FIELDED):
        kwargs["fields"] = lambda: _copy_fields(original, hidden, copied)
        if not isinstance(original, GraphQLInputObjectType):
            kwargs["interfaces"] = lambda: [copied[one.name] for one in original.interfaces if one.name in copied]
    return type(original)(**kwargs)


def _resolve_as(original: GraphQLUnionType) -> Callable[[Any, Any, Any], Any]:
    return lambda value, info, _copy: cast(Any, original.resolve_type)(value, info, original)


def _copy_fields(
    owner: GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType,
    hidden: Hidden,
    copied: Mapping[str, GraphQLNamedType],
) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, original in owner.fields.items():
        if (owner.name, name) in hidden.fields:
            continue
        kwargs = cast("dict[str, Any]", original.to_kwargs())
        kwargs["type_"] = _copy_reference(original.type, copied)
        kwargs["extensions"] = _without_audiences(original)
        if isinstance(original, GraphQLField):
            kwargs["args"] = {
                argument_name: _copy_argument(argument, copied)
                for argument_name, argument in original.args.items()
                if (owner.name, name, argument_name) not in hidden.arguments
            }
        fields[name] = type(original)(**kwargs)
    return fields


def _copy_argument(original: GraphQLArgument, copied: Mapping[str, GraphQLNamedType]) -> GraphQLArgument:
    kwargs = cast("dict[str, Any]", original.to_kwargs())
    kwargs["type_"] = _copy_reference(cast(Any, original).type, copied)
    kwargs["extensions"] = _without_audiences(original)
    return GraphQLArgument(**kwargs)


def _copy_value(original: Any) -> Any:
    kwargs = original.to_kwargs()
    kwargs["extensions"] = _without_audiences(original)
    return type(original)(**kwargs)


def _copy_reference(original: Any, copied: Mapping[str, GraphQLNamedType]) -> Any:
    if isinstance(original, GraphQLNonNull):
        return GraphQLNonNull(_copy_reference(cast(Any, original).of_type, copied))
    if isinstance(original, GraphQLList):
        return GraphQLList(_copy_reference(cast(Any, original).of_type, copied))
    return copied[original.name]


def _marked(element: Any) -> bool:
    directives = getattr(definition_of(element), "directives", None) or ()
    return any(isinstance(directive, Audiences) for directive in directives)


def _without_audiences(element: Any) -> dict[str, Any]:
    """The element's extensions, whose definition the printer reads, without `@audiences`."""
    extensions = dict(element.extensions or {})
    if _marked(element):
        definition = copy.copy(extensions[DEFINITION])
        definition.directives = [one for one in definition.directives if not isinstance(one, Audiences)]
        extensions[DEFINITION] = definition
    return extensions

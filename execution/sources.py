"""Where the value of a field comes from: the record's attribute, or a resolver called as its author wrote it.

Strawberry's own wrappers cost more than most resolvers do. They are passed by where they add nothing: a plain resolver
is called directly with what it declares; a field with extensions, permissions or a resolver of another make keeps them.
"""

from collections.abc import Callable, Mapping
from functools import partial
from inspect import Parameter
from typing import Any, cast

from graphql import FieldNode, GraphQLField, GraphQLSchema, Node, VariableNode, Visitor, visit
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.schema import schema_converter
from strawberry.types import Info
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from execution.definitions import BATCH, definition_of
from execution.plan import Attribute, Call, FieldPlan
from execution.plan_run import PlannedInfo, PlanRun

Arguments = dict[str, Any]

NO_VARIABLES = VariableValues({}, {})


def source_of(schema: GraphQLSchema, field: GraphQLField, node: FieldNode) -> Attribute | Call:
    """How `field` is read when it is selected by `node`, whose arguments hold for all nodes merged with it."""
    strawberry = cast(Any, schema)._strawberry_schema
    definition = definition_of(field)
    if not _is_plain(definition, field) or strawberry.schema_converter.exception_handlers:
        return Call(_as_wrapped(field), None, None, _argument_reader(field, node, None), PlanRun.info_for)
    if definition.base_resolver is None:
        if strawberry.config.default_resolver is getattr and definition.python_name.isidentifier():
            return Attribute(definition.python_name)
        return Call(_as_wrapped(field), None, None, _argument_reader(field, node, None), PlanRun.info_for)
    convert = partial(_converted, definition, strawberry.config, strawberry.schema_converter.scalar_registry)
    resolver: StrawberryResolver[Any] = definition.base_resolver
    together = getattr(resolver.wrapped_func, BATCH, None)
    return Call(
        _as_written(resolver),
        None if field.args or together else _plainly(resolver),
        together,
        _argument_reader(field, node, convert),
        _info_maker(definition, strawberry.config.info_class),
    )


def _info_maker(definition: StrawberryField, info_class: type[Any]) -> Callable[[PlanRun, FieldPlan], Any]:
    if info_class is not Info:
        return lambda run, planned: info_class(run.info_for(planned), definition)
    return lambda run, planned: PlannedInfo(run, planned, definition)


def _is_plain(definition: Any, field: GraphQLField) -> bool:
    """Whether what Strawberry made of the field does nothing but call its resolver, or read its attribute."""
    own = isinstance(definition, StrawberryField) and field.resolve.__module__ == schema_converter.__name__
    return own and not definition.extensions and not definition.is_subscription


def _as_wrapped(field: GraphQLField) -> Callable[[Any, Arguments], Callable[[Any], Any]]:
    """Through whatever stands around the resolver."""
    resolve = cast("Callable[..., Any]", field.resolve)
    return lambda info, arguments: lambda source: resolve(source, info, **arguments)


def _as_written(resolver: StrawberryResolver[Any]) -> Callable[[Any, Arguments], Callable[[Any], Any]]:
    """The resolver with the source and the info where its signature asks for them."""
    function = cast("Callable[..., Any]", resolver.wrapped_func)
    info_name = resolver.info_parameter.name if resolver.info_parameter else None
    named = list({each.name: None for each in (resolver.parent_parameter, resolver.root_parameter) if each})
    first = next(iter(resolver.signature.parameters.values()), None)
    leads = first is not None and first.kind is not Parameter.KEYWORD_ONLY
    positional = resolver.self_parameter is not None or (leads and first is not None and named == [first.name])

    def bind(info: Any, arguments: Arguments) -> Callable[[Any], Any]:
        given = {**arguments, info_name: info} if info_name else arguments
        if positional:
            return (lambda source: function(source, **given)) if given else function
        if not named:
            return lambda _source: function(**given)
        return lambda source: function(**given, **dict.fromkeys(named, source))

    return bind


def _plainly(resolver: StrawberryResolver[Any]) -> Callable[[Any, Any], Any] | None:
    """The resolver as a function of the source and the info, where it is written as one of either or both."""
    function = cast("Callable[..., Any]", resolver.wrapped_func)
    declared = resolver.signature.parameters.values()
    if resolver.self_parameter or any(each.kind is not Parameter.POSITIONAL_OR_KEYWORD for each in declared):
        return None
    sources = {each.name for each in (resolver.parent_parameter, resolver.root_parameter) if each}
    info_name = resolver.info_parameter.name if resolver.info_parameter else None
    match ["info" if each.name == info_name else each.name in sources for each in declared]:
        case [True, "info"]:
            return function
        case [True]:
            return lambda source, _info: function(source)
        case ["info"]:
            return lambda _source, info: function(info)
        case []:
            return lambda _source, _info: function()
        case _:
            return None


Convert = Callable[[Arguments, Any], Arguments]


def _converted(
    definition: StrawberryField, config: Any, scalars: Mapping[object, Any], values: Arguments, info: Any
) -> Arguments:
    return convert_arguments(values, definition.arguments, scalar_registry=scalars, config=config, info=info)


def _argument_reader(
    field: GraphQLField, node: FieldNode, convert: Convert | None
) -> Callable[[VariableValues, Any], Arguments] | None:
    """Arguments that no variable is part of are read once."""
    if not field.args:
        return None

    def read(variables: VariableValues, info: Any) -> Arguments:
        values = get_argument_values(field, node, variables, None, hide_suggestions=True)
        return convert(values, info) if convert else values

    if _uses_variables(node):
        return read
    known: list[Arguments] = []

    def recall(variables: VariableValues, info: Any) -> Arguments:
        if not known:
            known.append(read(variables, info))
        return known[0]

    return recall


def _uses_variables(node: FieldNode) -> bool:
    return any(_holds_variable(argument.value) for argument in node.arguments or ())


def _holds_variable(value: Node) -> bool:
    finder = _VariableFinder()
    visit(value, finder)
    return finder.found


class _VariableFinder(Visitor):
    found = False

    def enter_variable(self, _node: VariableNode, *_: Any) -> None:
        self.found = True

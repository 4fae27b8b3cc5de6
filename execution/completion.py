"""Careful completion: the answer from the values read, with every error at its position and nulls where they spread to.

The measure is graphql-core's executor, whose messages these are. Positions are visited in the order in which their
values were read, all of them even below a null that spreads, so that each object finds its own values again.
"""

from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, cast

from graphql import (
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    located_error,
)
from graphql.execution.executor import invalid_return_type_error
from graphql.pyutils import Undefined, is_iterable

from execution.fetching import runtime_type
from execution.plan import Attribute, Constant, FieldPlan, Refused, Selection
from execution.plan_run import PlanRun
from execution.ready import Ready

Position = list[str | int]


class NotCompletable(Exception):
    """A value that would have to be waited for where only values are expected: the interpreter can."""


@dataclass(slots=True)
class Completed:
    """`data` is None when a null spread to the top. `denied` has the objects that lack each of the plan's `refused`."""

    data: dict[str, Any] | None
    errors: list[GraphQLError]
    denied: list[list[Position]]


@dataclass(slots=True)
class _Completing:
    run: PlanRun
    visited: list[int]
    told: list[GraphQLError | tuple[int, Position]] = field(default_factory=list[GraphQLError | tuple[int, Position]])


def complete(run: PlanRun) -> Completed:
    """The whole answer. Raises NotCompletable."""
    state = _Completing(run, [0] * run.plan.places)
    try:
        data = _complete_selection(state, run.plan.root, run.root, [])
    except GraphQLError as error:
        state.told.append(error)
        data = None
    completed = Completed(data, [], [[] for _ in run.plan.refused])
    for each in state.told:
        if isinstance(each, GraphQLError):
            completed.errors.append(each)
        else:
            completed.denied[each[0]].append(each[1])
    return completed


def _complete_selection(state: _Completing, selection: Selection, source: Any, at: Position) -> dict[str, Any]:
    """Raises the first error that spreads to this object; what later fields had to tell is then nobody's business."""
    for planned in selection.fields:
        if isinstance(planned.source, Refused) and planned.source.place is not None:
            state.told.append((planned.source.place, at))
    answer: dict[str, Any] = {}
    spreading: GraphQLError | None = None
    told = 0
    for planned in selection.fields:
        try:
            answer[planned.response_name] = _complete_field(state, planned, source, [*at, planned.response_name])
        except GraphQLError as error:
            if spreading is None:
                spreading, told = error, len(state.told)
    if spreading is not None:
        del state.told[told:]
        raise spreading
    return answer


def _complete_field(state: _Completing, planned: FieldPlan, source: Any, at: Position) -> Any:
    if isinstance(planned.source, Refused):
        return None
    if isinstance(planned.source, Constant):
        return planned.source.value
    try:
        value = _value_of(state, planned, source)
        return _complete_value(state, planned, planned.returns, value, at)
    except NotCompletable:
        raise
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is told at this position
        return _tell(state, planned, planned.returns, fault, at)


def _value_of(state: _Completing, planned: FieldPlan, source: Any) -> Any:
    if planned.place is None:
        return getattr(source, cast(Attribute, planned.source).name)
    ordinal = state.visited[planned.place]
    state.visited[planned.place] = ordinal + 1
    return state.run.values[planned.place][ordinal]


def _tell(state: _Completing, planned: FieldPlan, returned: Any, fault: Exception, at: Position) -> None:
    error = located_error(fault, planned.nodes, at)
    if isinstance(returned, GraphQLNonNull):
        raise error
    state.told.append(error)


def _complete_value(state: _Completing, planned: FieldPlan, returned: Any, value: Any, at: Position) -> Any:
    if isinstance(value, Exception):
        raise value
    if isinstance(returned, GraphQLNonNull):
        completed = _complete_value(state, planned, cast(Any, returned).of_type, value, at)
        if completed is None:
            raise TypeError(f"Cannot return null for non-nullable field {planned.parent}.{planned.info.field_name}.")
        return completed
    if value is None or value is Undefined:
        return None
    if isawaitable(value) or hasattr(value, "__aiter__"):
        raise NotCompletable
    if isinstance(returned, GraphQLList):
        return _complete_list(state, planned, cast("GraphQLList[Any]", returned).of_type, value, at)
    if is_leaf_type(returned):
        return state.run.plan.executor.complete_leaf_value(returned, value)
    return _complete_object(state, planned, value, at)


def _complete_list(state: _Completing, planned: FieldPlan, inner: Any, value: Any, at: Position) -> list[Any]:
    if not is_iterable(value):
        raise GraphQLError(
            f"Expected Iterable, but did not find one for field '{planned.parent}.{planned.info.field_name}'."
        )
    completed: list[Any] = []
    spreading: GraphQLError | None = None
    told = 0
    for index, item in enumerate(value):
        place = [*at, index]
        try:
            try:
                completed.append(_complete_value(state, planned, inner, item, place))
            except NotCompletable:
                raise
            except Exception as fault:  # noqa: BLE001 - told at this position
                completed.append(_tell(state, planned, inner, fault, place))
        except GraphQLError as error:
            if spreading is None:
                spreading, told = error, len(state.told)
    if spreading is not None:
        del state.told[told:]
        raise spreading
    return completed


def _complete_object(state: _Completing, planned: FieldPlan, value: Any, at: Position) -> dict[str, Any] | Ready:
    if value.__class__ is Ready:
        return value
    name = runtime_type(state.run, planned, value)
    if name is None:
        raise _wrong_type(state, planned, value)
    return _complete_selection(state, planned.below[name], value, at)


def _wrong_type(state: _Completing, planned: FieldPlan, value: Any) -> Exception:
    """What the executor would say of a value that is of no type that may stand here."""
    executor, named = state.run.plan.executor, get_named_type(planned.returns)
    info = state.run.info_for(planned)
    try:
        chosen: Any = named
        if is_abstract_type(named):
            told: Any = (named.resolve_type or executor.type_resolver)(value, info, named)
            if isawaitable(told):
                raise NotCompletable
            chosen = executor.ensure_valid_runtime_type(told, named, planned.details, info, value)
        is_type_of = cast(GraphQLObjectType, chosen).is_type_of
        if is_type_of is not None and isawaitable(is_type_of(value, info)):
            raise NotCompletable
    except NotCompletable:
        raise
    except Exception as fault:  # noqa: BLE001 - told like any other
        return fault
    return invalid_return_type_error(cast(GraphQLObjectType, chosen), value, planned.details)

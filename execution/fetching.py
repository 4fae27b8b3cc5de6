"""Reading all values that resolvers give, set by set: each resolver for all objects of its selection at once.

Fields beside one another are read at the same time, those of a mutation's root one after the other. What a resolver
raises stands among the values in place of one. Afterwards nothing is left to wait for.
"""

from asyncio import gather
from collections.abc import Awaitable, Coroutine, Iterable, Sequence
from functools import lru_cache
from inspect import isawaitable
from types import CoroutineType, GeneratorType
from typing import Any, cast

from graphql import (
    GraphQLAbstractType,
    GraphQLList,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
)
from graphql.pyutils import is_iterable

from errors import GatehouseError
from execution.plan import Call, FieldPlan, Selection
from execution.plan_run import PlanRun

Work = Coroutine[Any, Any, None]


def read_values(run: PlanRun) -> Awaitable[Any] | None:
    """Fills `run.values`; what it returns is to be waited for."""
    if run.plan.serial:
        return _read_in_turn(run)
    works = _read_selection(run, run.plan.root, [run.root])
    return _all_of(works) if works else None


async def _read_in_turn(run: PlanRun) -> None:
    for planned in run.plan.root.stored:
        if works := _read(run, planned, [run.root]):
            await _all_of(works)


def _read_selection(run: PlanRun, selection: Selection, objects: list[Any]) -> Sequence[Work]:
    """Keeps what is at hand, on `objects` and below them; returns what is still to be waited for."""
    works: list[Work] = []
    for planned in selection.stored:
        works += _read(run, planned, objects)
    return works


def _all_of(works: Sequence[Work]) -> Awaitable[Any]:
    return works[0] if len(works) == 1 else gather(*works)


def _read(run: PlanRun, planned: FieldPlan, objects: list[Any]) -> Sequence[Work]:
    """Keeps the values of `planned`; returns what is still to be waited for."""
    source: Any = planned.source
    if source.__class__ is Call:
        if source.plainly is not None and len(objects) == 1:
            return _ask_one(run, planned, source, objects[0])
        return _ask(run, planned, source, objects)
    name: str = source.name
    try:
        values = [getattr(each, name) for each in objects]
    except Exception:  # noqa: BLE001 - an attribute may be a property that raises anything
        values = [_attribute_of(run, each, name) for each in objects]
    return _keep(run, planned, values)


def _ask_one(run: PlanRun, planned: FieldPlan, call: Any, source: Any) -> Sequence[Work]:
    """As `_ask`, of a resolver without arguments and for one object, which is what most of a small query is."""
    try:
        value = call.plainly(source, call.info_for(run, planned))
    except Exception as fault:  # noqa: BLE001 - whatever a resolver raises is told at its position
        run.irregular = True
        value = fault
    if _is_awaited(value):
        return (_wait_each(run, planned, [value], [0]),)
    return _keep(run, planned, [value])


def _ask(run: PlanRun, planned: FieldPlan, call: Call, objects: list[Any]) -> Sequence[Work]:
    info = call.info_for(run, planned)
    arguments: dict[str, Any] = {}
    if call.arguments_of is not None:
        try:
            arguments = call.arguments_of(run.variables, info)
        except Exception as fault:  # noqa: BLE001 - told at every position, like anything a resolver raises
            run.irregular = True
            return _keep(run, planned, [fault] * len(objects))
    if call.together is not None:
        return [_wait_together(run, planned, objects, call.together(objects, info=info, **arguments))]
    plainly = call.plainly
    ask = call.bind(info, arguments) if plainly is None else lambda source: plainly(source, info)
    values: list[Any] = []
    waiting: list[int] = []
    for source in objects:
        try:
            value = ask(source)
        except Exception as fault:  # noqa: BLE001 - whatever a resolver raises is told at its position
            run.irregular = True
            value = fault
        if _is_awaited(value):
            waiting.append(len(values))
        values.append(value)
    return [_wait_each(run, planned, values, waiting)] if waiting else _keep(run, planned, values)


def _is_awaited(value: Any) -> bool:
    """As `isawaitable`, which looks at more than the class of generators alone."""
    kind = value.__class__
    return kind is CoroutineType or (_may_be_awaited(kind) and isawaitable(value))


@lru_cache(1024)
def _may_be_awaited(kind: type) -> bool:
    return kind is GeneratorType or issubclass(kind, Awaitable)


async def _wait_together(
    run: PlanRun, planned: FieldPlan, objects: list[Any], answers: Awaitable[Sequence[Any]]
) -> None:
    try:
        values = list(await answers)
        if len(values) != len(objects):
            raise GatehouseError(f"{len(values)} answers for {len(objects)} sources of {planned.info.field_name}")
    except Exception as fault:  # noqa: BLE001 - told at every position
        run.irregular = True
        values = [fault] * len(objects)
    if works := _keep(run, planned, values):
        await _all_of(works)


async def _wait_each(run: PlanRun, planned: FieldPlan, values: list[Any], waiting: list[int]) -> None:
    if len(waiting) == 1:
        [place] = waiting
        try:
            values[place] = await values[place]
        except Exception as fault:  # noqa: BLE001 - told at its position
            run.irregular = True
            values[place] = fault
    else:
        settled = await gather(*(values[place] for place in waiting), return_exceptions=True)
        for place, value in zip(waiting, settled, strict=True):
            values[place] = value
            if isinstance(value, BaseException):
                if not isinstance(value, Exception):
                    raise value
                run.irregular = True
    if works := _keep(run, planned, values):
        await _all_of(works)


def _attribute_of(run: PlanRun, source: Any, name: str) -> Any:
    try:
        return getattr(source, name)
    except Exception as fault:  # noqa: BLE001 - told at its position
        run.irregular = True
        return fault


def _keep(run: PlanRun, planned: FieldPlan, values: list[Any]) -> Sequence[Work]:
    """The values are here; what is below them is read as well. Returns what is still to be waited for."""
    if planned.depth and (planned.depth > 1 or not _are_lists(values)):
        values = [_settled(planned.returns, value) for value in values]
    place: Any = planned.place
    run.values[place] = values
    if not planned.leads_on:
        return ()
    works: list[Work] = []
    for name, objects in _by_type(run, planned, _flat(planned.depth, values)).items():
        works += _read_selection(run, planned.below[name], objects)
    return works


def _are_lists(values: Iterable[Any]) -> bool:
    for value in values:  # noqa: SIM110 - a generator costs more than what it looks at
        if value.__class__ is not list and value.__class__ is not tuple:
            return False
    return True


def _settled(returned: Any, value: Any) -> Any:
    """Lists that can be walked only once are made ones that can be walked again."""
    returned = get_nullable_type(returned)
    if not isinstance(returned, GraphQLList) or not is_iterable(value):
        return value
    inner: Any = cast(Any, returned).of_type
    items: Any = value if value.__class__ in (list, tuple) else list(value)
    return [_settled(inner, item) for item in items] if isinstance(get_nullable_type(inner), GraphQLList) else items


def _flat(depth: int, values: Iterable[Any]) -> list[Any]:
    """The objects in `values`, through all lists; what is not as its type has it is left out."""
    present = [value for value in values if value is not None and not isinstance(value, Exception)]
    if not depth:
        return present
    lists: list[Any] = [value for value in present if value.__class__ in (list, tuple)]
    return _flat(depth - 1, [item for items in lists for item in items])


def _by_type(run: PlanRun, planned: FieldPlan, objects: list[Any]) -> dict[str, list[Any]]:
    if planned.by_class and len(classes := {each.__class__ for each in objects}) == 1:
        [only] = classes
        if (name := planned.by_class.get(only)) is not None:
            return {name: objects} if planned.below[name].stored else {}
    found: dict[str, list[Any]] = {}
    for each in objects:
        name = runtime_type(run, planned, each)
        if name is not None:
            found.setdefault(name, []).append(each)
    return {name: those for name, those in found.items() if planned.below[name].stored}


def runtime_type(run: PlanRun, planned: FieldPlan, value: Any) -> str | None:
    """The name of the type that `value` is of at this position; None when it is of none that may stand there."""
    by_class = planned.by_class
    if by_class is not None and (known := by_class.get(value.__class__)) is not None:
        return known
    name = _told_type(run, planned, value)
    if name is not None and by_class is not None:
        by_class[value.__class__] = name
    return name


def _told_type(run: PlanRun, planned: FieldPlan, value: Any) -> str | None:
    named = get_named_type(planned.returns)
    info = run.info_for(planned)
    try:
        if is_abstract_type(named):
            name: Any = _resolve_type(run, named, value, info)
            chosen = run.schema.get_type(name) if isinstance(name, str) else None
        else:
            chosen = named
        if not isinstance(chosen, GraphQLObjectType) or chosen.name not in planned.below:
            return None
        fits: Any = chosen.is_type_of is None or chosen.is_type_of(value, info)
    except Exception:  # noqa: BLE001 - careful completion asks again, and tells
        return None
    return chosen.name if fits and not isawaitable(fits) else None


def _resolve_type(run: PlanRun, named: GraphQLAbstractType, value: Any, info: Any) -> Any:
    return (named.resolve_type or run.plan.executor.type_resolver)(value, info, named)

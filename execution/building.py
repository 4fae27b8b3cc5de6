"""Generated code that builds the answer of a plan from the values read, for the plain case: nothing is wrong.

Whatever is not as the types say raises, and the answer is completed carefully instead (`completion`). So the code asks
of each value only that it is of the class it mostly is of, and leaves all other cases to a slow and careful function.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any, cast

import orjson
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
    get_nullable_type,
    is_leaf_type,
)
from graphql.pyutils import Undefined
from strawberry.schema.types.base_scalars import isoformat

from execution.fetching import runtime_type
from execution.plan import Attribute, Constant, FieldPlan, Plan, Refused, Selection
from execution.plan_run import Irregular, PlanRun
from execution.ready import Ready

CERTAIN: Mapping[Any, str] = {
    GraphQLString: "{0}.__class__ is str",
    GraphQLID: "{0}.__class__ is str",
    GraphQLInt: "{0}.__class__ is int and -2147483648 <= {0} <= 2147483647",
    GraphQLBoolean: "{0} is True or {0} is False",
    GraphQLFloat: "{0}.__class__ is float and {0} - {0} == 0",
}
"""When a value stands for itself in JSON, by leaf type."""

Build = Callable[[PlanRun, list[list[Any]]], Any]


def compile_builder(plan: Plan) -> Build:
    """`build(run, positions)` makes the data and adds to `positions[place]` where each refused selection stood."""
    writer = _Writer()
    writer.define(plan.root)
    source = "\n".join(
        [
            "def build(run, positions):",
            *(f"    {line}" for line in (*writer.preamble, *writer.functions, *writer.late)),
            f"    return s{plan.root.number}(run.root{', []' if plan.root.tells else ''})",
        ]
    )
    scope: dict[str, Any] = {
        **writer.constants,
        "fail": _fail,
        "told": runtime_type,
        "by_class": _by_class,
        "ready": _ready,
    }
    scope |= {"datetime": datetime, "UTC": UTC, "instant": _instant}
    exec(compile(source, "<plan>", "exec"), scope)  # noqa: S102 - made of names of the schema and literals alone
    return cast(Build, scope["build"])


class _Writer:
    """Writes a function for each selection, or its answer where it is used if its objects are of one class.

    `constants` are what the code refers to by name; `preamble` runs before the functions are defined, `late` after.
    """

    def __init__(self) -> None:
        self.constants: dict[str, Any] = {}
        self.preamble: list[str] = []
        self.functions: list[str] = []
        self.late: list[str] = []
        self._names = 0

    def define(self, selection: Selection) -> str:
        """The name of a function for objects of `selection`."""
        path = ", at" if selection.tells else ""
        self.functions += [f"def s{selection.number}(o{path}):", f"    return {self.answer(selection, 'o')}"]
        return f"s{selection.number}"

    def answer(self, selection: Selection, record: str) -> str:
        """An expression for the answer of the object called `record`."""
        fields = (f"{planned.response_name!r}: {self.field(planned, record)}" for planned in selection.fields)
        return f"{{{', '.join(fields)}}}"

    def field(self, planned: FieldPlan, record: str) -> str:
        source = planned.source
        if isinstance(source, Constant):
            return repr(source.value)
        if isinstance(source, Refused):
            if source.place is None:
                return "None"
            return f"{self.bind(f'positions[{source.place}].append')}(at)"
        if planned.place is not None:
            value = f"{self.bind(f'iter(run.values[{planned.place}]).__next__')}()"
        else:
            value = f"{record}.{cast(Attribute, source).name}"
        path = f"[*at, {planned.response_name!r}" if any(each.tells for each in planned.below.values()) else ""
        return self.value(planned, planned.returns, value, path)

    def value(self, planned: FieldPlan, returned: Any, value: str, path: str) -> str:
        """An expression that completes `value`, an expression that is used once; `path` lacks its closing bracket."""
        absent = "fail()" if isinstance(returned, GraphQLNonNull) else "None"
        returned = get_nullable_type(returned)
        kept = self.name()
        if is_leaf_type(returned):
            return self.leaf(returned, value, kept, absent)
        if isinstance(returned, GraphQLList):
            return self.items(planned, cast("GraphQLList[Any]", returned).of_type, value, kept, path, absent)
        if not path and planned.by_class is not None and len(planned.by_class) == len(planned.below) == 1:
            [known], [selection] = planned.by_class, planned.below.values()
            other = f"({absent} if {kept} is None else ready({kept}))"
            answer = self.answer(selection, kept)
            return f"({answer} if ({kept} := {value}).__class__ is {self.constant(known)} else {other})"
        argument = f", {path}]" if path else ""
        function = self.object(planned, kept)
        return f"({function}({kept}{argument}) if ({kept} := {value}) is not None else {absent})"

    def items(self, planned: FieldPlan, inner: Any, value: str, kept: str, path: str, absent: str) -> str:
        item = self.name()
        if path:
            index = self.name()
            expression = self.value(planned, inner, item, f"{path}, {index}")
            loop = f"[{expression} for {index}, {item} in enumerate({kept})]"
        else:
            loop = f"[{self.value(planned, inner, item, '')} for {item} in {kept}]"
        other = f"({absent} if {kept} is None else fail())"
        return f"({loop} if ({kept} := {value}).__class__ is list or {kept}.__class__ is tuple else {other})"

    def leaf(self, returned: Any, value: str, kept: str, absent: str) -> str:
        other = f"({absent} if {kept} is None else {self.constant(_coercing(returned.coerce_output_value))}({kept}))"
        certain = CERTAIN.get(returned)
        if certain is not None:
            first, *rest = certain.format(kept).split(" ", 1)
            test = " ".join([first.replace(kept, f"({kept} := {value})", 1), *rest])
            return f"({kept} if {test} else {other})"
        made = self.name()
        if isinstance(returned, GraphQLEnumType):
            names = self.constant(_Remembered(_coercing(returned.coerce_output_value)))
            return f"({names}[{kept}] if ({kept} := {value}) is not None else {absent})"
        if returned.coerce_output_value is isoformat:
            test = f"({kept} := {value}).__class__ is datetime and {kept}.tzinfo is UTC"
            return f"(instant({kept}) if {test} else {other})"
        coerce = self.constant(_coercing(returned.coerce_output_value))
        test = f"({kept} := {value}) is not None and ({made} := {coerce}({kept})).__class__ is str"
        return f"({made} if {test} else {other})"

    def object(self, planned: FieldPlan, kept: str) -> str:
        """An expression for the function that builds the object `kept`; of a class not yet met it raises KeyError."""
        functions = self.name()
        by_name = ", ".join(f"{name!r}: {self.define(each)}" for name, each in planned.below.items())
        if planned.by_class is None:
            self.late.append(f"{functions} = {{None: ready, {by_name}}}")
            return f"{functions}[told(run, {self.constant(planned)}, {kept})]"
        self.late.append(f"{functions} = by_class({self.constant(planned.by_class)}, {{{by_name}}})")
        return f"{functions}[{kept}.__class__]"

    def bind(self, expression: str) -> str:
        """A name for what `expression` is in each run."""
        name = self.name()
        self.preamble.append(f"{name} = {expression}")
        return name

    def constant(self, value: Any) -> str:
        name = self.name()
        self.constants[name] = value
        return name

    def name(self) -> str:
        self._names += 1
        return f"v{self._names}"


class _Remembered(dict[Any, Any]):
    """What `coerce` made of values that can be remembered, as those of an enum."""

    def __init__(self, coerce: Callable[[Any], Any]) -> None:
        super().__init__()
        self._coerce = coerce

    def __missing__(self, value: Any) -> Any:
        made = self[value] = self._coerce(value)
        return made


def _coercing(coerce: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def checked(value: Any) -> Any:
        if isawaitable(value) or isinstance(value, Exception):  # a String would be made of either
            raise Irregular
        made = coerce(value)
        if made is None or made is Undefined:
            raise Irregular
        return made

    return checked


def refuse(_run: PlanRun, _positions: list[list[Any]]) -> Any:
    """Builds nothing."""
    raise Irregular


def _instant(value: datetime) -> str:
    """As `isoformat`, in a tenth of its time."""
    return orjson.dumps(value)[1:-1].decode()


def _by_class(known: Mapping[type, str], functions: Mapping[str, Any]) -> dict[type, Any]:
    return {Ready: _ready, **{each: functions[name] for each, name in known.items()}}


def _ready(value: Any, _path: Any = None) -> Ready:
    if value.__class__ is not Ready:
        raise Irregular
    return value


def _fail(*_: Any) -> Any:
    raise Irregular

"""The plan of an operation: which fields of which types are read how, decided once for all callers denied the same.

A plan knows neither a caller nor a value. Denied fields have no source, so nothing of them is ever run or read.
Objects of one selection are worked on as a set; where several types are possible each has a selection of its own.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, GraphQLObjectType, GraphQLOutputType
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.values import VariableValues

from execution.executor import DeniedSelection, GatedExecutor
from gating.model import Denied


@dataclass(frozen=True, slots=True)
class Attribute:
    """Read from the record."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """The same for every object: `__typename`."""

    value: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Null. `place` numbers the selections that tell their positions as errors; None tells none."""

    selection: DeniedSelection
    place: int | None


@dataclass(frozen=True, slots=True)
class Call:
    """Asked of a resolver, for all objects of the selection together where it can answer so.

    `bind(info, arguments)` gives what answers for one source, with a value or an awaitable; without arguments
    `plainly(source, info)` does. `together(sources, info, **arguments)` awaits one value for each source, in their
    order. `arguments_of(variables, info)` raises GraphQLError on what does not fit; None where there are none.
    `info_for(run, planned)` makes the info that the resolver expects.
    """

    bind: Callable[[Any, dict[str, Any]], Callable[[Any], Any]]
    plainly: Callable[[Any, Any], Any] | None
    together: Callable[..., Awaitable[Sequence[Any]]] | None
    arguments_of: Callable[[VariableValues, Any], dict[str, Any]] | None
    info_for: Callable[[Any, Any], Any]


Source = Attribute | Constant | Refused | Call


@dataclass(frozen=True, slots=True, eq=False)
class FieldPlan:
    """One response name of a selection. `place` numbers the fields whose values are read before assembly.

    `below` has the selections on its objects by type name; empty for leaves. `info` is the resolve info but for
    what belongs to a request. `by_class` remembers the type of objects by their class, where that tells it. `depth`
    counts the lists around a value; `leads_on` says that values below it are to be read as well.
    """

    response_name: str
    nodes: list[FieldNode]
    details: FieldDetailsList
    returns: GraphQLOutputType
    parent: GraphQLObjectType
    source: Source
    info: Any
    below: Mapping[str, "Selection"] = field(default_factory=dict[str, "Selection"])
    place: int | None = None
    by_class: dict[type, str] | None = None
    depth: int = 0
    leads_on: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What is selected on objects of one type at one position of the document, in response order.

    `stored` are the fields whose values are read, set by set, before assembly: calls, and what leads to calls.
    `tells` says that denied positions lie in it or below.
    """

    number: int
    type: GraphQLObjectType
    fields: tuple[FieldPlan, ...]
    stored: tuple[FieldPlan, ...]
    tells: bool


@dataclass(slots=True, eq=False)
class Plan:
    """`executor` was made without a caller: it collects selections, and tells types and what is wrong with them.

    `denied` are the coordinates asked for in vain, `refused` the selections that tell it, by their
    place, each with its response name.
    `selections` remembers for resolvers what is selected below them, for all requests alike.
    `runs` counts; `build` was written when there were `classes_known`.
    """

    executor: GatedExecutor
    root: Selection
    places: int
    denied: tuple[Denied, ...]
    refused: tuple[tuple[str, DeniedSelection], ...]
    rejected: tuple[Denied, ...]
    serial: bool
    weight: int
    selections: dict[tuple[Any, ...], Any] = field(default_factory=dict[tuple[Any, ...], Any])
    build: Callable[..., Any] | None = None
    classes_known: int = 0
    runs: int = 0
    _by_class: list[dict[type, str]] | None = None

    def classes_met(self) -> int:
        """How many classes of objects have come, over all positions."""
        if self._by_class is None:
            self._by_class = list(_class_tables(self.root))
        return sum(map(len, self._by_class))

    @property
    def name(self) -> str | None:
        """The operation's, for logs."""
        name = self.executor.operation.name
        return name.value if name else None


def _class_tables(selection: Selection) -> Iterator[dict[type, str]]:
    for planned in selection.fields:
        if planned.by_class is not None:
            yield planned.by_class
        for below in planned.below.values():
            yield from _class_tables(below)

"""One run of a plan for one caller: what its resolvers may know, and the values read so far."""

from collections.abc import Callable
from typing import Any, cast

from graphql import GraphQLSchema
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList
from graphql.execution.values import VariableValues
from strawberry.types import Info
from strawberry.types.field import StrawberryField

from execution.contract import Contract
from execution.denials import TypeAccess
from execution.gate import Gate
from execution.model import OperationContext
from execution.plan import FieldPlan, Plan
from execution.running import EXECUTOR
from gating.model import Access
from gating.ports import Offers

make_tuple: Callable[[type[Any], tuple[Any, ...]], Any] = cast("Any", tuple).__new__
"""As a NamedTuple's own, which takes twice as long."""


class Irregular(Exception):
    """Something in the values is not as the plain case has it; careful completion finds out what."""


class PlanRun:
    """`values[place]` are those of one field for all objects of its selection, in their order; exceptions among them.

    `irregular` says that something went wrong already.
    """

    __slots__ = (
        "access",
        "context",
        "contract",
        "gate",
        "irregular",
        "plan",
        "root",
        "selections",
        "takes_ready",
        "type_accesses",
        "values",
        "variables",
    )

    def __init__(
        self,
        contract: Contract,
        plan: Plan,
        gate: Gate,
        context: OperationContext,
        variables: VariableValues,
        root: Any,
    ) -> None:
        self.contract = contract
        self.plan = plan
        self.gate = gate
        self.access: Access = context.access
        self.context = context
        self.variables = variables
        self.root = root
        self.values: list[list[Any]] = [[]] * plan.places
        self.irregular = False
        self.takes_ready = True
        self.type_accesses: dict[str, TypeAccess] = {}
        self.selections = plan.selections

    @property
    def schema(self) -> GraphQLSchema:
        return self.contract.schema

    @property
    def offers(self) -> Offers:
        return self.contract.offers

    def collect_subfields(self, return_type: Any, field_details_list: FieldDetailsList) -> CollectedFields:
        return self.plan.executor.collect_subfields(return_type, field_details_list)

    def info_for(self, planned: FieldPlan) -> Any:
        """graphql-core's resolve info; its path has no list indices, since one call may answer for many positions."""
        blank = planned.info
        # Made each time, for a run that held it would hold itself, and all its values until the collector comes.
        own = (self.root, blank[8], self.variables.coerced, self.context)
        return make_tuple(blank.__class__, (*blank[:7], *own, *blank[11:-1], {EXECUTOR: self}))


class PlannedInfo(Info[Any, Any]):
    """Strawberry's info of one field in one run. What it has of graphql-core's is made when somebody asks for it.

    `planned` is the field, `running` the run.
    """

    __slots__ = ("_definition", "_made", "context", "planned", "running")

    def __init__(self, running: PlanRun, planned: FieldPlan, definition: StrawberryField) -> None:
        self.running = running
        self.planned = planned
        self.context = running.context  # pyright: ignore[reportIncompatibleMethodOverride, reportAttributeAccessIssue] - a slot: six reads of it in a small query
        self._definition = definition
        self._made = None

    @property
    def _raw_info(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride] - made when it is asked for
        if self._made is None:
            self._made = self.running.info_for(self.planned)
        return self._made

    @property
    def _field(self) -> StrawberryField:  # pyright: ignore[reportIncompatibleVariableOverride] - the class has slots
        return self._definition

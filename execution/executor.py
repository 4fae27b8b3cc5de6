"""The gated executor: one decision for each (runtime type, selection), a denied field is never resolved.

Built on graphql-core's private executor methods, so its version is pinned and the leak test guards an upgrade.
The decision is made where a selection is collected, which graphql-core does once for a whole list; the set of
fields that is then executed lacks the denied ones, so on the allowed path nothing at all is added.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    GraphQLError,
    GraphQLNonNull,
    GraphQLObjectType,
    OperationDefinitionNode,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    DeferUsage,
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from execution.contract import Contract
from execution.denials import MESSAGES, TypeAccess, lean_extensions
from execution.documents import Document
from execution.gate import Gate
from execution.model import OperationContext
from execution.running import EXECUTOR
from gating.model import Access, Denied, Mode
from gating.ports import Offers


class DenialError(GraphQLError):
    """One denied position. Whatever does not depend on the position is shared by all positions of its selection."""

    __slots__ = ("denied", "start")

    def __init__(self, selection: "DeniedSelection", path: list[str | int]) -> None:
        # GraphQLError's own constructor is what makes a denied list slow; a denial needs none of what it computes.
        Exception.__init__(self, selection.message)
        self.message = selection.message
        self.cause = self.original_error = self.nodes = self.source = self.positions = self.locations = None
        self.path = path
        self.extensions = selection.extensions
        self.denied = selection.denied
        self.start = selection.start


@dataclass(frozen=True, slots=True)
class DeniedSelection:
    """One response name of a collected selection set that this caller may not have; `start` is its document offset."""

    field_name: str
    denied: Denied
    start: int
    message: str
    extensions: dict[str, Any]
    silent: bool
    non_null: bool


@dataclass(frozen=True, slots=True)
class _Nobody:
    """The context of an executor that runs nothing."""

    access: Access


class GatedFields(dict[str, FieldDetailsList]):
    """The allowed part of a collected selection set, with what was taken out and the order of the whole."""

    __slots__ = ("denied", "order")

    def __init__(self, allowed: GroupedFieldSet, denied: dict[str, DeniedSelection], order: tuple[str, ...]) -> None:
        super().__init__(allowed)
        self.denied = denied
        self.order = order


class GatedExecutor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor, for one operation of one caller. Reads `context.access` once, and again for each event.

    `denied` is what was refused so far, by coordinate; `type_accesses` and `selections` remember for the resolvers.
    """

    contract: Contract
    access: Access
    gate: Gate
    denied: dict[str, Denied]
    type_accesses: dict[str, TypeAccess]
    selections: dict[tuple[Any, ...], Any]
    takes_ready = False

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.contract = contract
        self._read_access()

    @classmethod
    def without_caller(
        cls,
        contract: Contract,
        document: Document,
        operation: OperationDefinitionNode,
        gate: Gate,
        variables: VariableValues,
    ) -> "GatedExecutor":
        """For working out what `operation` selects for whoever is denied what `gate` denies; runs nothing."""
        return cls(
            contract.schema,
            document.fragments,
            {name: FragmentDetails(node, None) for name, node in document.fragments.items()},
            None,
            _Nobody(gate.access),
            operation,
            variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            False,
            None,
            None,
            None,
            hide_suggestions=True,
            contract=contract,
        )

    def _read_access(self) -> None:
        self.access = cast(OperationContext, self.context_value).access
        self.gate = self.contract.gate_for(self.access)
        self.denied = {}
        self.type_accesses = {}
        self.selections = {}
        self.operation_extensions = {EXECUTOR: self}

    @property
    def offers(self) -> Offers:
        return self.contract.offers

    def build_per_event_executor(self, payload: Any) -> "GatedExecutor":
        event = cast(GatedExecutor, cast(Any, super()).build_per_event_executor(payload))
        gate = self.gate
        event._read_access()
        if event.gate is not gate:
            event._relevant_sub_fields = {}
        return event

    def collect_subfields(
        self, return_type: GraphQLObjectType, field_details_list: FieldDetailsList
    ) -> CollectedFields:
        key = (return_type, id(field_details_list))
        known = self._relevant_sub_fields.get(key)
        if known is not None:
            return known[1]
        collected = super().collect_subfields(return_type, field_details_list)
        gated = collected._replace(grouped_field_set=self._gated(return_type, collected.grouped_field_set))
        self._relevant_sub_fields[key] = (field_details_list, gated)
        return gated

    def collect_root(self, root_type: GraphQLObjectType) -> GroupedFieldSet:
        """The selection of the operation itself, gated like any other."""
        collected = collect_fields(
            self.schema, self.fragments, self.variable_values, root_type, self.operation, self.hide_suggestions
        )
        _refuse_deferred(collected.new_defer_usages)
        return self._gated(root_type, collected.grouped_field_set)

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        new_defer_usages: Sequence[DeferUsage],
    ) -> AwaitableOrValue[dict[str, Any]]:
        _refuse_deferred(new_defer_usages)
        gated = self._gated(root_type, grouped_field_set)
        if isinstance(gated, GatedFields):
            return self._execute_gated(root_type, root_value, None, gated, serially)
        return self.execute_root_grouped_field_set(root_type, root_value, gated, serially, None)

    def execute_collected_subfields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path,
        grouped_field_set: GroupedFieldSet,
        new_defer_usages: Sequence[DeferUsage],
        delivery_group_map: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        _refuse_deferred(new_defer_usages)
        if grouped_field_set.__class__ is GatedFields:
            gated = cast(GatedFields, grouped_field_set)
            return self._execute_gated(parent_type, source_value, path, gated, serially=False)
        return self.execute_fields(parent_type, source_value, path, grouped_field_set, delivery_group_map)

    def _gated(self, parent_type: GraphQLObjectType, selected: GroupedFieldSet) -> GroupedFieldSet:
        """`selected` itself when nothing in it is denied, else its allowed part."""
        denials = self.gate.fields.get(parent_type.name)
        if not denials:
            return selected
        taken = {
            response_name: self._denied_selection(parent_type, details, denials[details[0].node.name.value])
            for response_name, details in selected.items()
            if details[0].node.name.value in denials
        }
        if not taken:
            return selected
        allowed = {name: details for name, details in selected.items() if name not in taken}
        return GatedFields(allowed, taken, tuple(selected))

    def _denied_selection(
        self, parent_type: GraphQLObjectType, details: FieldDetailsList, denied: Denied
    ) -> DeniedSelection:
        self.denied[denied.rule.coordinate] = denied
        node = details[0].node
        return DeniedSelection(
            node.name.value,
            denied,
            node.loc.start if node.loc else 0,
            MESSAGES[denied.code],
            lean_extensions(denied),
            denied.rule.mode is Mode.LOCK,
            isinstance(parent_type.fields[node.name.value].type, GraphQLNonNull),
        )

    def _execute_gated(
        self, parent_type: GraphQLObjectType, source_value: Any, path: Path | None, fields: GatedFields, serially: bool
    ) -> AwaitableOrValue[dict[str, Any]]:
        for response_name, selection in fields.denied.items():
            self._deny(selection, Path(path, response_name, parent_type.name))
        execute = self.execute_fields_serially if serially else self.execute_fields
        results = cast(Any, execute(parent_type, source_value, path, fields, None))
        return _in_order(results, fields) if results.__class__ is dict else _in_order_later(results, fields)

    def _deny(self, selection: DeniedSelection, path: Path) -> None:
        # A static check keeps gates off non-null fields; were one there all the same, its parent goes.
        if selection.non_null and self.error_propagation:
            raise DenialError(selection, path.as_list())
        if not selection.silent:
            self.collected_errors.add(DenialError(selection, path.as_list()), path)


async def _in_order_later(results: Awaitable[dict[str, Any]], fields: GatedFields) -> dict[str, Any]:
    return _in_order(await results, fields)


def _in_order(results: dict[str, Any], fields: GatedFields) -> dict[str, Any]:
    """`results` with null for what was denied, in the order of the document."""
    denied = fields.denied
    return {name: results.get(name) for name in fields.order if name in denied or name in results}


def _refuse_deferred(usages: Sequence[DeferUsage]) -> None:
    if usages:
        raise GraphQLError("Incremental delivery is not offered here.")

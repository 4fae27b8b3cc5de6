"""What resolvers may know of the executor that runs their operation: found through `info`, never imported."""

from typing import Any, Protocol, cast

from graphql import GraphQLObjectType, GraphQLSchema
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList

from execution.definitions import raw_info_of
from execution.denials import TypeAccess
from execution.gate import Gate
from gating.model import Access
from gating.ports import Offers

EXECUTOR = "gatehouse.executor"
"""Where it is, in `info.operation_extensions`."""


class Running(Protocol):
    """One operation of one caller; `type_accesses` and `selections` remember for the resolvers.

    `takes_ready` says whether values may come as JSON (`ready`).
    """

    schema: GraphQLSchema
    access: Access
    gate: Gate
    type_accesses: dict[str, TypeAccess]
    selections: dict[tuple[Any, ...], Any]
    takes_ready: bool

    @property
    def offers(self) -> Offers: ...

    def collect_subfields(
        self, return_type: GraphQLObjectType, field_details_list: FieldDetailsList
    ) -> CollectedFields: ...


def executor_of(info: Any) -> Running:
    """The executor that runs the operation of `info`, Strawberry's or graphql-core's own."""
    running: Running | None = getattr(info, "running", None)  # where `info` is that of a plan
    return cast(Running, raw_info_of(info).operation_extensions[EXECUTOR]) if running is None else running

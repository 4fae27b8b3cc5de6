"""Running an operation by its plan: values read set by set, then built by generated code into one answer."""

from collections.abc import Mapping
from typing import Any, cast

from graphql import OperationType, get_operation_ast
from graphql.execution.values import VariableValues, get_variable_values

from execution.answers import rejection
from execution.building import Build, compile_builder, refuse
from execution.completion import Completed, complete
from execution.contract import Contract
from execution.denials import details_of
from execution.documents import Document
from execution.executor import GatedExecutor
from execution.faults import describe_denied, describe_faults
from execution.fetching import read_values
from execution.gate import Gate
from execution.model import Answer, Operation, OperationContext
from execution.plan import Plan
from execution.plan_run import PlanRun
from execution.planner import NotCompiled, plan_for
from execution.plans import Prepared, prepare_operation
from execution.request_gate import input_rejections

NO_VARIABLES = VariableValues({}, {})


def begin_plan(
    contract: Contract, document: Document, operation: Operation, context: OperationContext
) -> PlanRun | Answer | None:
    """The run of an operation's plan, or why the operation is refused; None where `interpret` is to say."""
    prepared = prepared_for(contract, document, operation.operation_name)
    variables = _variables_of(contract, prepared, operation.variables) if prepared else None
    if prepared is None or variables is None or prepared.node.operation is OperationType.SUBSCRIPTION:
        return None
    access = context.access
    gate = contract.gate_for(access)
    plan = find_plan(contract, prepared, gate, variables)
    if isinstance(plan, str):
        contract.on_run(plan)
        return None
    if plan.rejected or (document.guarded and gate.denies_input):
        rejected = [*plan.rejected, *input_rejections(contract.schema, gate, document, prepared.node, variables)]
        if rejected:
            return rejection(contract, access, rejected)
    return PlanRun(contract, plan, gate, context, variables, None)


def begin_event(event: GatedExecutor, operation: Operation, payload: Any) -> PlanRun | None:
    """The run of a subscription's plan for one event; None where it is interpreted."""
    contract = event.contract
    document = contract.documents.find(operation.query)
    prepared = prepared_for(contract, document, operation.operation_name) if isinstance(document, Document) else None
    if prepared is None:
        return None
    plan = find_plan(contract, prepared, event.gate, event.variable_values)
    if isinstance(plan, str):
        contract.on_run(plan)
        return None
    return PlanRun(contract, plan, event.gate, event.context_value, event.variable_values, payload)


def _variables_of(contract: Contract, prepared: Prepared, given: Mapping[str, Any] | None) -> VariableValues | None:
    """None when they do not fit."""
    definitions = prepared.node.variable_definitions
    if not definitions:
        return NO_VARIABLES
    values = get_variable_values(contract.schema, definitions, dict(given or {}), hide_suggestions=True)
    return None if isinstance(values, list) else values


def prepared_for(contract: Contract, document: Document, operation_name: str | None) -> Prepared | None:
    """None when the document has no such operation, or several and none is named."""
    prepared: Prepared | None = document.prepared.get((contract.plans, operation_name))
    if prepared is None:
        node = get_operation_ast(document.ast, operation_name)
        if node is None or contract.schema.get_root_type(node.operation) is None:
            return None
        prepared = prepare_operation(contract.schema, contract.rules, document, node)
        document.prepared[contract.plans, operation_name] = prepared
    return prepared


def find_plan(contract: Contract, prepared: Prepared, gate: Gate, variables: VariableValues) -> Plan | str:
    """The plan, or why the operation is interpreted."""
    if prepared.conditions and any(variables.coerced.get(name) is None for name in prepared.conditions):
        return "condition that is null"  # refused where it is met, if it is: the plan would meet all of them
    found = contract.plans.find(prepared, gate, variables)
    if found is None:
        found = _made(contract, prepared, gate, variables)
        contract.plans.keep(prepared, gate, variables, found)
    return cast("Plan | str", found)


def _made(contract: Contract, prepared: Prepared, gate: Gate, variables: VariableValues) -> Plan | str:
    try:
        return plan_for(GatedExecutor.without_caller(contract, prepared.document, prepared.node, gate, variables))
    except NotCompiled as reason:
        return str(reason)


async def run_plan(run: PlanRun) -> Answer:
    """Raises NotCompletable; never what a resolver raises."""
    plan, contract = run.plan, run.contract
    if (reading := read_values(run)) is not None:
        await reading
    completed = _assemble(run)
    for denied in plan.denied:
        contract.on_denied(denied)
    if not completed.errors and not any(completed.denied):
        return Answer(completed.data)
    counts = zip((selection.denied for _, selection in plan.refused), map(len, completed.denied), strict=True)
    return Answer(
        completed.data,
        [*describe_faults(completed.errors, plan.name), *describe_denied(plan.refused, completed.denied)],
        details_of(counts, run.access, contract.offers),
    )


def _assemble(run: PlanRun) -> Completed:
    """By generated code from the second run on: most operations of a stranger are asked once."""
    plan = run.plan
    plan.runs += 1
    if plan.runs > 1 and not run.irregular:
        told: list[list[list[str | int]]] = [[] for _ in plan.refused]
        try:
            return Completed(_builder(plan)(run, told), [], told)
        except Exception:  # noqa: BLE001, S110 - something is not as the types say: completed carefully, it is told
            pass
    return complete(run)


def _builder(plan: Plan) -> Build:
    """Written anew when objects of classes not seen before have come."""
    classes = plan.classes_met()
    if plan.build is None or classes > plan.classes_known:
        plan.classes_known = classes
        plan.build = refuse  # where it cannot be written, being too large for Python
        plan.build = compile_builder(plan)
    return plan.build

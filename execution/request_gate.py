"""What is refused before anything runs: roots that REJECT, and gated arguments, input fields and enum values.

`subscribe` opens the source stream without ever executing a field, so the executor alone would be too late.
"""

from collections.abc import Iterable

from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode, OperationType
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import VariableValues

from execution.documents import Document
from execution.executor import GatedExecutor
from execution.gate import Gate
from execution.input_uses import find_input_uses
from gating.model import Denied, Mode


def find_rejections(executor: GatedExecutor, document: Document) -> list[Denied]:
    """What the operation about to run may not have, in document order, once for each use; empty lets it run."""
    inputs = input_rejections(executor.schema, executor.gate, document, executor.operation, executor.variable_values)
    return [*root_rejections(executor), *inputs]


def input_rejections(
    schema: GraphQLSchema,
    gate: Gate,
    document: Document,
    operation: OperationDefinitionNode,
    variables: VariableValues,
) -> Iterable[Denied]:
    """The gated arguments, input fields and enum values that `operation` uses and this caller may not."""
    if not (document.guarded and gate.denies_input):
        return ()
    return find_input_uses(schema, gate, document.fragments, operation, variables)


def root_rejections(executor: GatedExecutor) -> Iterable[Denied]:
    """Denied root fields that refuse the whole operation: each with REJECT, and each of a subscription."""
    kind = executor.operation.operation
    root = executor.schema.get_root_type(kind)
    denials = executor.gate.fields.get(root.name) if root else None
    if root is None or not denials:
        return
    selected = collect_fields(
        executor.schema, executor.fragments, executor.variable_values, root, executor.operation, True
    ).grouped_field_set
    for details in selected.values():
        node: FieldNode = details[0].node
        denied = denials.get(node.name.value)
        if denied and (denied.rule.mode is Mode.REJECT or kind is not OperationType.QUERY):
            yield denied

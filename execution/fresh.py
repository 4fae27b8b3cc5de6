"""Which documents ask for something that must be decided on what the authority says at that moment (`@fresh`)."""

from typing import Any

from graphql import DocumentNode, FieldNode, GraphQLSchema, TypeInfo, TypeInfoVisitor, Visitor, is_abstract_type, visit

from execution.definitions import find_directive
from gating.directives import Fresh


def asks_fresh(schema: GraphQLSchema, document: DocumentNode) -> bool:
    """Whether any operation of `document` selects a marked field, through an interface too. Of queries and mutations:
    each event of a subscription is decided by the store.
    """
    types = TypeInfo(schema)
    search = _Search(schema, types)
    visit(document, TypeInfoVisitor(types, search))
    return search.found


class _Search(Visitor):
    def __init__(self, schema: GraphQLSchema, types: TypeInfo) -> None:
        super().__init__()
        self._schema = schema
        self._types = types
        self.found = False

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self._types.get_parent_type()
        owners: list[Any] = [parent]
        if parent is not None and is_abstract_type(parent):
            owners += self._schema.get_possible_types(parent)
        fields = [getattr(owner, "fields", {}).get(node.name.value) for owner in owners]
        self.found = self.found or any(find_directive(field, Fresh) for field in fields)

"""How large a document may be: counted over its fragments as they expand, so that none can multiply unseen."""

from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds for one document; `depth` to `fields` hold for each operation with its fragments expanded."""

    characters: int = 20_000
    tokens: int = 3_000
    depth: int = 16
    aliases: int = 30
    root_fields: int = 20
    directives: int = 50
    fields: int = 2_000


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Size:
    """What one selection set expands to."""

    depth: int = 0
    aliases: int = 0
    root_fields: int = 0
    directives: int = 0
    fields: int = 0


def limit_errors(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """One error for each limit that an operation of `document` exceeds, naming the limit and the size found."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    sizes: dict[str, Size] = {}
    errors: list[GraphQLError] = []
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            size = _size_of(node.selection_set, fragments, sizes)
            errors += [
                GraphQLError(f"The operation has {name.replace('_', ' ')} {found}; the limit is {limit}.", node)
                for name in ("depth", "aliases", "root_fields", "directives", "fields")
                if (found := getattr(size, name)) > (limit := getattr(limits, name))
            ]
    return errors


def _size_of(
    selections: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode], sizes: dict[str, Size]
) -> Size:
    """The size of a selection set; `sizes` remembers fragments. A cycle adds nothing, validation reports it."""
    parts = [_size_of_selection(selection, fragments, sizes) for selection in selections.selections]
    return Size(
        max((part.depth for part in parts), default=0),
        sum(part.aliases for part in parts),
        sum(part.root_fields for part in parts),
        sum(part.directives for part in parts),
        sum(part.fields for part in parts),
    )


def _size_of_selection(
    node: SelectionNode, fragments: dict[str, FragmentDefinitionNode], sizes: dict[str, Size]
) -> Size:
    own = len(node.directives or ())
    if isinstance(node, FragmentSpreadNode):
        name = node.name.value
        if name not in sizes and name in fragments:
            sizes[name] = Size()
            sizes[name] = _size_of(fragments[name].selection_set, fragments, sizes)
        inner = sizes.get(name, Size())
    else:
        nested: SelectionSetNode | None = getattr(node, "selection_set", None)
        inner = _size_of(nested, fragments, sizes) if nested else Size()
    if not isinstance(node, FieldNode):
        return Size(inner.depth, inner.aliases, inner.root_fields, inner.directives + own, inner.fields)
    alias = 1 if node.alias else 0
    return Size(inner.depth + 1, inner.aliases + alias, 1, inner.directives + own, inner.fields + 1)

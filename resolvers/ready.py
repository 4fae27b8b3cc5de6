"""Nested lists whose values become JSON all at once: no object of theirs is made, which is most of their time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from content.nested import COLUMNS, Nested, list_nested_json
from execution.ready import Leaf, Ready, Shape, ready_shape
from execution.selection import remembered
from resolvers.connection import Page
from resolvers.context import Info

SCALARS: Mapping[type, frozenset[str]] = {str: frozenset({"String", "ID"}), int: frozenset({"Int"})}
"""By the type of a column, the scalars that tell its values just as JSON does."""


@dataclass(frozen=True, slots=True)
class Frame:
    """JSON of a connection but for what its nodes have: `pieces` stand around the values of `columns`, one more."""

    head: str
    node_head: str
    columns: tuple[str, ...]
    pieces: tuple[str, ...]
    node_tail: str
    tail: str

    def filled(self, nodes: str) -> Ready:
        return Ready(f"{self.head}[{self.node_head}{nodes}{self.node_tail}]{self.tail}" if nodes else self.empty)

    @property
    def empty(self) -> str:
        return f"{self.head}[]{self.tail}"


async def list_ready(info: Info, nested: Nested, parent_ids: Sequence[str], page: Page) -> list[Ready] | None:
    """The connection of each parent; None where its shape, or a value, is not to be written so."""
    frame = remembered(info, (Frame,), lambda: [_frame_of(ready_shape(info))])[0]
    if frame is None:
        return None
    found = await list_nested_json(
        info.context.services.database,
        nested,
        frame.columns,
        frame.pieces,
        f"{frame.node_tail},{frame.node_head}",
        list(dict.fromkeys(parent_ids)),
        after=page.after,
        limit=page.first,
    )
    return None if found is None else [frame.filled(found[each]) for each in parent_ids]


def _frame_of(connection: Shape | None) -> Frame | None:
    if connection is None or (edges := _around(connection, "edges")) is None:
        return None
    head, edge, tail = edges
    if (node := _around(edge, "node")) is None or (columns := _columns(node[1])) is None:
        return None
    before, record, after = node
    pieces = [""]
    for name, field in record.fields:
        pieces[-1] += f'{"" if pieces == [""] else ","}"{name}":'
        if isinstance(field, str):
            pieces[-1] += field
        else:
            pieces.append("")
    return Frame(head, f"{before}{{", columns, tuple(pieces), f"}}{after}", tail)


def _around(shape: Shape, attribute: str) -> tuple[str, Shape, str] | None:
    """The JSON before and after the one thing in `shape` that is no text, if that is `attribute`'s objects."""
    [*found] = [field for _, field in shape.fields if not isinstance(field, str)]
    if len(found) != 1 or not isinstance(found[0], Shape) or found[0].attribute != attribute:
        return None
    members = [(name, "\0" if field is found[0] else str(field)) for name, field in shape.fields]
    before, _, after = ("{" + ",".join(f'"{name}":{text}' for name, text in members) + "}").partition("\0")
    return before, found[0], after


def _columns(record: Shape) -> tuple[str, ...] | None:
    """Those that the fields are, in order; None where they are not all plain, or one comes twice."""
    leaves = [field for _, field in record.fields if not isinstance(field, str)]
    columns = tuple(leaf.attribute for leaf in leaves if isinstance(leaf, Leaf) and _is_plain(leaf))
    return columns if leaves and len(set(columns)) == len(leaves) else None


def _is_plain(leaf: Leaf) -> bool:
    column = COLUMNS.get(leaf.attribute)
    return column is not None and leaf.type_name in SCALARS[column] and leaf.required

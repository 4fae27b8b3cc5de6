"""Relay connections over keyset pages: arguments checked, opaque cursors, counts only when asked for."""

from binascii import a2b_base64, b2a_base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, NamedTuple, Protocol, TypeVar

import orjson
import strawberry

from errors import BadInput
from execution.plan_run import make_tuple
from resolvers.inputs import is_id

MOST = 100
BIGGEST_INTEGER = 2**63 - 1


class Identified(Protocol):
    @property
    def id(self) -> str: ...


Node = TypeVar("Node", bound=Identified)
First = Annotated[
    int, strawberry.argument(description=f"How many items at most, 1 to {MOST}. Ask for more with `after`.")
]
After = Annotated[
    str | None,
    strawberry.argument(
        description="Only items after this one: an `endCursor` of the same list in the same order. Opaque."
    ),
]

Count = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of an ordered list: `first` items after the (sort key, id) `after`. `order` marks its cursors."""

    order: str
    first: int
    after: tuple[Any, str] | None

    @property
    def after_id(self) -> str | None:
        """For lists ordered by something that the id leads to."""
        return self.after[1] if self.after else None

    @property
    def limit(self) -> int:
        """One more than asked for, to learn whether more exist."""
        return self.first + 1


class Edge(NamedTuple, Generic[Node]):
    """`key` is the value that orders the list called `order`; the node has an `id`."""

    key: Any
    node: Node
    order: str

    @property
    def cursor(self) -> str:
        return b2a_base64(orjson.dumps((self.order, self.key, self.node.id)), newline=False).decode()


class PageInfo(NamedTuple):
    """`first` and `last` are the edges at its ends; None when the page is empty."""

    has_next_page: bool
    has_previous_page: bool
    first: Edge[Any] | None
    last: Edge[Any] | None

    @property
    def start_cursor(self) -> str | None:
        return self.first.cursor if self.first else None

    @property
    def end_cursor(self) -> str | None:
        return self.last.cursor if self.last else None


@dataclass(frozen=True, slots=True)
class Connection(Generic[Node]):
    edges: Sequence[Edge[Node]]
    page_info: PageInfo
    count: Count


def page_for(first: int, after: str | None, order: str, key_type: type[datetime] | type[str] | type[int]) -> Page:
    """The page that the arguments `first` and `after` ask for. Raises BadInput."""
    if not 1 <= first <= MOST:
        raise BadInput(f"`first` is {first}: ask for 1 to {MOST} items, and for more with `after`.")
    return Page(order, first, None if after is None else _position(after, order, key_type))


def connect(rows: Sequence[tuple[Any, Node]], page: Page, count: Count) -> Connection[Node]:
    """A connection of `rows` (sort key, node), which were fetched with `page.limit`."""
    order = page.order
    edges: list[Edge[Node]] = [make_tuple(Edge, (key, node, order)) for key, node in rows]
    more = len(edges) > page.first
    if more:
        del edges[page.first :]
    ends = (edges[0], edges[-1]) if edges else (None, None)
    return Connection(edges, PageInfo(more, page.after is not None, *ends), count)


async def total_count(root: strawberry.Parent[Any]) -> int:
    return await root.count()


def _position(cursor: str, order: str, key_type: type[datetime] | type[str] | type[int]) -> tuple[Any, str]:
    refusal = BadInput("`after` is not a cursor of this list in this order: pass an `endCursor` that it gave you.")
    try:
        decoded = orjson.loads(a2b_base64(cursor, strict_mode=True))
        [its_order, plain, identity] = decoded
        key = datetime.fromisoformat(plain) if key_type is datetime else plain
    except (ValueError, TypeError) as fault:
        raise refusal from fault
    if its_order != order or type(identity) is not str or not is_id(identity) or not _fits(key, key_type):
        raise refusal
    return key, identity


def _fits(key: Any, key_type: type) -> bool:
    if isinstance(key, datetime):
        return key.tzinfo is not None
    if isinstance(key, str) and ("\x00" in key or not key.isprintable()):
        return False
    return type(key) is key_type and (not isinstance(key, int) or abs(key) <= BIGGEST_INTEGER)

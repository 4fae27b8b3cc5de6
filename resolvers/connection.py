"""Relay connections over keyset pages: arguments checked, opaque cursors, counts only when asked for."""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from errors import BadInput
from resolvers.inputs import is_id

MOST = 100
BIGGEST_INTEGER = 2**63 - 1

Node = TypeVar("Node")
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


@dataclass(frozen=True, slots=True)
class Edge(Generic[Node]):
    cursor: str
    node: Node


@dataclass(frozen=True, slots=True)
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


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


def connect(rows: Sequence[tuple[Any, str, Node]], page: Page, count: Count) -> Connection[Node]:
    """A connection of `rows` (sort key, id, node), which were fetched with `page.limit`."""
    edges = [Edge(_cursor(page.order, key, identity), node) for key, identity, node in rows[: page.first]]
    info = PageInfo(
        has_next_page=len(rows) > page.first,
        has_previous_page=page.after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Connection(edges, info, count)


async def total_count(root: strawberry.Parent[Any]) -> int:
    return await root.count()


def _cursor(order: str, key: Any, identity: str) -> str:
    plain = key.isoformat() if isinstance(key, datetime) else key
    text = json.dumps([order, plain, identity], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _position(cursor: str, order: str, key_type: type[datetime] | type[str] | type[int]) -> tuple[Any, str]:
    refusal = BadInput("`after` is not a cursor of this list in this order: pass an `endCursor` that it gave you.")
    try:
        decoded = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        [its_order, plain, identity] = decoded
        key = datetime.fromisoformat(plain) if key_type is datetime else plain
    except (binascii.Error, ValueError, TypeError, RecursionError) as fault:
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

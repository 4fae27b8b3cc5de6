"""What everything else is made of: nodes and connections, as Relay defines them."""

from typing import Generic, TypeVar

import strawberry

from resolvers.connection import total_count
from schema.fields import field

T = TypeVar("T")


@strawberry.interface(description="Anything that can be fetched again by its id.")
class Node:
    id: strawberry.ID = field("Opaque, never changes, unique over all types. Do not take it apart.")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = field("Whether more items follow: fetch them with `after: endCursor`.")
    has_previous_page: bool = field("Whether items come before this page; true whenever `after` was given.")
    start_cursor: str | None = field("The cursor of the first item; null when the page is empty.")
    end_cursor: str | None = field("The cursor of the last item; null when the page is empty.")


@strawberry.type(description="One item of a page, with its place in the list.")
class Edge(Generic[T]):
    cursor: str = field("The item's place in this list in this order. Opaque; give it as `after`.")
    node: T = field("The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = field("The items, in the order of the list.")
    page_info: PageInfo = field("Where this page stands in the list.")
    total_count: int = field(
        "How many items the whole list has, with the same filter. Counted only when asked for.", resolver=total_count
    )

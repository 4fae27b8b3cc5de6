"""Lists of content, and content by slug or id."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from content.browse import DRAFTS, ORDERINGS, Order, Ordering, Where, count_content, list_content, search_content
from content.find import count_authors, find_content_by_slug, list_authors, list_tags
from content.model import Author, Entry, Kind, Tag
from resolvers.columns import columns_for
from resolvers.connection import After, Connection, First, Page, connect, page_for
from resolvers.context import Info
from resolvers.inputs import text_of

Slug = Annotated[str, strawberry.argument(description="The `slug` of the content, as in the address of its page.")]
SearchText = Annotated[
    str,
    strawberry.argument(
        description='Words to find in titles and teasers, all of them; `or`, `-word` and "quoted words" are understood.'
    ),
]


async def contents(
    info: Info, first: int, after: str | None, where: Where, order: Order = Order.NEWEST
) -> Connection[Entry]:
    ordering = ORDERINGS[order]
    return await _connection(info, page_for(first, after, order.value, ordering.key_type), where, ordering)


async def articles(info: Info, first: First = 20, after: After = None) -> Connection[Entry]:
    return await contents(info, first, after, Where(kinds=(Kind.ARTICLE,)))


async def courses(info: Info, first: First = 20, after: After = None) -> Connection[Entry]:
    return await contents(info, first, after, Where(kinds=(Kind.COURSE,)))


async def drafts(info: Info, first: First = 20, after: After = None) -> Connection[Entry]:
    page = page_for(first, after, "drafts", DRAFTS.key_type)
    return await _connection(info, page, Where(drafts=True, archived=True), DRAFTS)


async def content(info: Info, slug: Slug) -> Entry | None:
    database, features = info.context.services.database, info.context.access.features
    return await find_content_by_slug(database, features, columns_for(info, Entry), text_of("slug", slug))


async def search(info: Info, text: SearchText, first: First = 20) -> Sequence[Entry]:
    limit = page_for(first, None, "search", str).first
    database, features = info.context.services.database, info.context.access.features
    return await search_content(database, features, columns_for(info, Entry), text_of("text", text), limit=limit)


async def authors(info: Info, first: First = 20, after: After = None) -> Connection[Author]:
    database, page = info.context.services.database, page_for(first, after, "name", str)
    columns = columns_for(info, Author, "edges", "node")
    found = await list_authors(database, columns, after=page.after, limit=page.limit)
    rows = [(author.name, author) for author in found]
    return connect(rows, page, lambda: count_authors(database))


async def tags(info: Info) -> Sequence[Tag]:
    return await list_tags(info.context.services.database)


async def _connection(info: Info, page: Page, where: Where, ordering: Ordering) -> Connection[Entry]:
    database, features = info.context.services.database, info.context.access.features
    columns = columns_for(info, Entry, "edges", "node")
    rows = await list_content(database, features, columns, where, ordering, after=page.after, limit=page.limit)
    return connect(rows, page, lambda: count_content(database, features, where, ordering))

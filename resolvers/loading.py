"""Batches for `Context.load` over content and authors: an id and the columns wanted of it, one statement for all."""

from collections.abc import Sequence

from content.find import find_authors, find_content
from content.model import Author, Entry
from resolvers.context import Context

Wanted = tuple[str, frozenset[str]]
"""An id and the columns that a selection needs of it."""


async def load_authors(context: Context, wanted: Sequence[Wanted]) -> Sequence[Author | None]:
    author_ids = {author_id for author_id, _ in wanted}
    found = await find_authors(context.services.database, _all_columns(wanted), author_ids)
    return [found.get(author_id) for author_id, _ in wanted]


async def load_content(context: Context, wanted: Sequence[Wanted]) -> Sequence[Entry | None]:
    """Published content alone."""
    entry_ids = {entry_id for entry_id, _ in wanted}
    found = await find_content(context.services.database, context.access.features, _all_columns(wanted), entry_ids)
    return [found.get(entry_id) for entry_id, _ in wanted]


def _all_columns(wanted: Sequence[Wanted]) -> frozenset[str]:
    return frozenset[str]().union(*(columns for _, columns in wanted))

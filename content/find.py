"""Content and authors by their ids, many in one statement; tags in use."""

from collections.abc import Iterable, Sequence

from content.browse import names_of
from content.model import LISTED_KINDS, Author, Entry, Tag
from content.records import author_maker, entry_maker
from storage.database import Database


async def find_content(database: Database, columns: frozenset[str], content_ids: Iterable[str]) -> dict[str, Entry]:
    """Those of `content_ids` that are published, by id, archived or not."""
    names = names_of(columns)
    query = f"SELECT kind, {', '.join(names)} FROM content WHERE id = ANY(:ids) AND published_at IS NOT NULL"
    rows = await database.fetch(query, {"ids": list(content_ids)})
    return {entry.id: entry for entry in map(entry_maker(names), rows)}


async def find_content_by_slug(database: Database, columns: frozenset[str], slug: str) -> Entry | None:
    """The published entry, archived or not; lessons are not found by slug."""
    names = names_of(columns)
    query = (
        f"SELECT kind, {', '.join(names)} FROM content"
        " WHERE slug = :slug AND published_at IS NOT NULL AND kind = ANY(:kinds)"
    )
    rows = await database.fetch(query, {"slug": slug, "kinds": [kind.value for kind in LISTED_KINDS]})
    return entry_maker(names)(rows[0]) if rows else None


async def find_authors(database: Database, columns: frozenset[str], author_ids: Iterable[str]) -> dict[str, Author]:
    """Those of `author_ids` that exist, by id."""
    names = names_of(columns)
    query = f"SELECT {', '.join(names)} FROM author WHERE id = ANY(:ids)"
    rows = await database.fetch(query, {"ids": list(author_ids)})
    return {author.id: author for author in map(author_maker(names), rows)}


async def list_authors(
    database: Database, columns: frozenset[str], *, after: tuple[str, str] | None = None, limit: int
) -> Sequence[tuple[str, Author]]:
    """At most `limit` authors by name, then id, those after the (name, id) `after`; with the name each."""
    follows = " WHERE (name, id) > (:after_name, :after_id)" if after else ""
    names = names_of(columns)
    query = f"SELECT name AS cursor_key, {', '.join(names)} FROM author{follows} ORDER BY name, id LIMIT :limit"
    parameters = {"limit": limit, **({"after_name": after[0], "after_id": after[1]} if after else {})}
    found = await database.fetch(query, parameters)
    make = author_maker(names, at=1)
    return [(row[0], make(row)) for row in found]


async def count_authors(database: Database) -> int:
    [row] = await database.fetch("SELECT count(*) AS total FROM author")
    return row.total


async def list_tags(database: Database) -> Sequence[Tag]:
    """All tags of published, unarchived content, by name."""
    query = (
        "SELECT tag, count(*) AS entries FROM content c, unnest(c.tags) AS tag"
        " WHERE c.published_at IS NOT NULL AND c.archived_at IS NULL GROUP BY tag ORDER BY tag"
    )
    return [Tag(row.tag, row.entries) for row in await database.fetch(query)]

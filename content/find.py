"""Content and authors by their ids, many in one statement; tags in use."""

from collections.abc import Iterable, Sequence

from content.model import LISTED_KINDS, Author, Entry, Tag
from content.selecting import fetch_rows, select, select_of
from storage.database import Database


async def find_content(
    database: Database, features: Iterable[str], columns: frozenset[str], content_ids: Iterable[str]
) -> dict[str, Entry]:
    """Those of `content_ids` that are published, by id, archived or not."""
    selected = select(columns)
    query = (
        f"SELECT {selected.columns}, c.id AS key FROM content c{selected.joins}"
        " WHERE c.id = ANY(:ids) AND c.published_at IS NOT NULL"
    )
    rows = await fetch_rows(database, features, query, {"ids": list(content_ids)}, walled=selected.walled)
    return dict(selected.entries(rows))


async def find_content_by_slug(
    database: Database, features: Iterable[str], columns: frozenset[str], slug: str
) -> Entry | None:
    """The published entry, archived or not; lessons are not found by slug."""
    selected = select(columns)
    query = (
        f"SELECT {selected.columns}, c.id AS key FROM content c{selected.joins}"
        " WHERE c.slug = :slug AND c.published_at IS NOT NULL AND c.kind = ANY(:kinds)"
    )
    parameters = {"slug": slug, "kinds": [kind.value for kind in LISTED_KINDS]}
    rows = await fetch_rows(database, features, query, parameters, walled=selected.walled)
    return next((entry for _, entry in selected.entries(rows)), None)


async def find_authors(database: Database, columns: frozenset[str], author_ids: Iterable[str]) -> dict[str, Author]:
    """Those of `author_ids` that exist, by id."""
    names, made = select_of(Author, columns)
    rows = await database.fetch(f"SELECT {names} FROM author WHERE id = ANY(:ids)", {"ids": list(author_ids)})
    return {author.id: author for author in made(rows)}


async def list_authors(
    database: Database, columns: frozenset[str], *, after: tuple[str, str] | None = None, limit: int
) -> Sequence[Author]:
    """At most `limit` authors by name, then id, those after the (name, id) `after`; the name is always read."""
    names, made = select_of(Author, columns | {"name"})
    follows = " WHERE (name, id) > (:after_name, :after_id)" if after else ""
    parameters = {"limit": limit, **({"after_name": after[0], "after_id": after[1]} if after else {})}
    query = f"SELECT {names} FROM author{follows} ORDER BY name, id LIMIT :limit"
    return made(await database.fetch(query, parameters))


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

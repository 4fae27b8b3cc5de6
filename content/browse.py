"""Lists of content: filtered, ordered, page by page, counted, searched.

Only published entries are listed, or only drafts where drafts are asked for. Statements name exactly the columns asked
for. What a filter or an order reads from behind the wall is read as a holder of `features`: without the feature
there is no row to filter or order by, whatever the caller was allowed before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any

from content.model import LISTED_KINDS, Entry, Kind
from content.records import entry_maker
from storage.database import Database
from storage.rows import Row


class Order(Enum):
    """How lists are ordered; ties by id. Only MOST_READ reads behind the wall."""

    NEWEST = "newest"
    OLDEST = "oldest"
    TITLE = "title"
    MOST_READ = "most_read"


@dataclass(frozen=True, slots=True)
class Where:
    """What to list. None and False leave it open; `body_contains` ignores case and reads behind the wall."""

    kinds: tuple[Kind, ...] = LISTED_KINDS
    tag: str | None = None
    author_id: str | None = None
    body_contains: str | None = None
    archived: bool = False
    drafts: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry and the value it was ordered by."""

    key: Any
    entry: Entry


@dataclass(frozen=True, slots=True)
class Ordering:
    """SQL of the sort key, its direction, and the type that a cursor's key must have. Keys are never null."""

    key: str
    descending: bool
    key_type: type[datetime] | type[str] | type[int]
    join: str = ""


STATS = " LEFT JOIN content_stats s ON s.content_id = c.id"

ORDERINGS = {
    Order.NEWEST: Ordering("c.published_at", True, datetime),
    Order.OLDEST: Ordering("c.published_at", False, datetime),
    Order.TITLE: Ordering("c.title", False, str),
    Order.MOST_READ: Ordering("COALESCE(s.read_count, 0)", True, int, STATS),
}
DRAFTS = Ordering("c.created_at", True, datetime)


async def list_content(
    database: Database,
    features: Iterable[str],
    columns: frozenset[str],
    where: Where,
    ordering: Ordering,
    *,
    after: tuple[Any, str] | None = None,
    limit: int,
) -> Sequence[Listed]:
    """At most `limit` entries, those after the (key, id) `after`; ask for one more to learn whether more exist."""
    names = names_of(columns)
    query = _list_query(names, _shape(where), ordering, after is not None)
    parameters = {**_values(where), "limit": limit}
    if after is not None:
        parameters |= {"after_key": after[0], "after_id": after[1]}
    rows = await _fetch(database, features, query, parameters, walled=_walled(where, ordering))
    make = entry_maker(names)
    return [Listed(row[-1], make(row)) for row in rows]


async def count_content(database: Database, features: Iterable[str], where: Where, ordering: Ordering) -> int:
    """How many entries `list_content` would list without a limit."""
    query = f"SELECT count(*) AS total FROM content c{ordering.join} WHERE {_conditions(_shape(where))}"
    [row] = await _fetch(database, features, query, _values(where), walled=_walled(where, ordering))
    return row.total


async def search_content(database: Database, columns: frozenset[str], words: str, *, limit: int) -> Sequence[Entry]:
    """The newest entries, lessons among them, whose title or teaser has all of `words`, in websearch's syntax."""
    names = names_of(columns)
    listed = ", ".join(f"c.{name}" for name in names)
    query = (
        f"SELECT c.kind, {listed} FROM content c WHERE c.published_at IS NOT NULL AND c.archived_at IS NULL"
        " AND to_tsvector('simple', c.title || ' ' || c.teaser) @@ websearch_to_tsquery('simple', :words)"
        " ORDER BY c.published_at DESC, c.id DESC LIMIT :limit"
    )
    return list(map(entry_maker(names), await database.fetch(query, {"words": words, "limit": limit})))


def names_of(columns: frozenset[str]) -> tuple[str, ...]:
    """The columns to name in a statement, in their order."""
    return tuple(sorted(columns | {"id"}))


async def _fetch(
    database: Database, features: Iterable[str], query: str, parameters: dict[str, Any], *, walled: bool
) -> Sequence[Row]:
    if walled:
        return await database.fetch_walled(features, query, parameters)
    return await database.fetch(query, parameters)


def _walled(where: Where, ordering: Ordering) -> bool:
    return where.body_contains is not None or bool(ordering.join)


def _shape(where: Where) -> Where:
    """`where` with its values replaced, so that one statement serves all values."""
    return Where(
        tag=None if where.tag is None else "",
        author_id=None if where.author_id is None else "",
        body_contains=None if where.body_contains is None else "",
        archived=where.archived,
        drafts=where.drafts,
    )


@lru_cache(256)
def _list_query(columns: tuple[str, ...], where: Where, ordering: Ordering, after: bool) -> str:
    names = ", ".join(f"c.{name}" for name in columns)
    direction, beyond = ("DESC", "<") if ordering.descending else ("ASC", ">")
    follows = f" AND ({ordering.key}, c.id) {beyond} (:after_key, :after_id)" if after else ""
    return (
        f"SELECT c.kind, {names}, {ordering.key} AS cursor_key FROM content c{ordering.join}"
        f" WHERE {_conditions(where)}{follows} ORDER BY {ordering.key} {direction}, c.id {direction} LIMIT :limit"
    )


def _conditions(where: Where) -> str:
    conditions = ["c.kind = ANY(:kinds)", f"c.published_at IS {'' if where.drafts else 'NOT '}NULL"]
    if not where.archived:
        conditions.append("c.archived_at IS NULL")
    if where.tag is not None:
        conditions.append("c.tags @> ARRAY[:tag]")
    if where.author_id is not None:
        conditions.append("c.author_id = :author_id")
    if where.body_contains is not None:
        conditions.append(
            "(c.open_body ILIKE :body_contains OR EXISTS"
            " (SELECT FROM content_body b WHERE b.content_id = c.id AND b.body ILIKE :body_contains))"
        )
    return " AND ".join(conditions)


def _values(where: Where) -> dict[str, Any]:
    values: dict[str, Any] = {"kinds": [kind.value for kind in where.kinds]}
    for name in ("tag", "author_id"):
        if (value := getattr(where, name)) is not None:
            values[name] = value
    if where.body_contains is not None:
        escaped = where.body_contains.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values["body_contains"] = f"%{escaped}%"
    return values

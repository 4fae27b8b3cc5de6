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
from content.selecting import Selected, fetch_rows, select
from storage.database import Database


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
class Ordering:
    """SQL of the sort key, its direction, and the type that a cursor's key must have. Keys are never null."""

    key: str
    descending: bool
    key_type: type[datetime] | type[str] | type[int]
    join: str = ""


LONGEST = 101
"""What no limit exceeds: by it the planner, who knows no parameters, knows how little is wanted."""

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
) -> Sequence[tuple[Any, Entry]]:
    """At most `limit` entries, which is at most `LONGEST`, with the key that orders them, after the (key, id) `after`.

    Ask for one more to learn whether more exist.
    """
    selected = select(columns)
    query = _list_query(selected, _shape(where), ordering, after is not None)
    parameters = {**_values(where), "limit": limit}
    if after is not None:
        parameters |= {"after_key": after[0], "after_id": after[1]}
    walled = selected.walled or _walled(where, ordering)
    return selected.entries(await fetch_rows(database, features, query, parameters, walled=walled))


async def count_content(database: Database, features: Iterable[str], where: Where, ordering: Ordering) -> int:
    """How many entries `list_content` would list without a limit."""
    query = f"SELECT count(*) AS total FROM content c{ordering.join} WHERE {_conditions(_shape(where))}"
    [row] = await fetch_rows(database, features, query, _values(where), walled=_walled(where, ordering))
    return row.total


async def search_content(
    database: Database, features: Iterable[str], columns: frozenset[str], words: str, *, limit: int
) -> Sequence[Entry]:
    """The newest entries, lessons among them, whose title or teaser has all of `words`, in websearch's syntax."""
    selected = select(columns)
    query = (
        f"SELECT {selected.columns}, c.published_at AS key FROM content c{selected.joins}"
        " WHERE c.published_at IS NOT NULL AND c.archived_at IS NULL"
        " AND to_tsvector('simple', c.title || ' ' || c.teaser) @@ websearch_to_tsquery('simple', :words)"
        " ORDER BY c.published_at DESC, c.id DESC LIMIT :limit"
    )
    rows = await fetch_rows(database, features, query, {"words": words, "limit": limit}, walled=selected.walled)
    return [entry for _, entry in selected.entries(rows)]


def _walled(where: Where, ordering: Ordering) -> bool:
    return where.body_contains is not None or bool(ordering.join)


def _shape(where: Where) -> Where:
    """`where` with its values replaced, so that one statement serves all values; kinds are few."""
    return Where(
        kinds=tuple(sorted(set(where.kinds))),
        tag=None if where.tag is None else "",
        author_id=None if where.author_id is None else "",
        body_contains=None if where.body_contains is None else "",
        archived=where.archived,
        drafts=where.drafts,
    )


@lru_cache(256)
@lru_cache(256)
def _list_query(selected: Selected, where: Where, ordering: Ordering, after: bool) -> str:
    direction, beyond = ("DESC", "<") if ordering.descending else ("ASC", ">")
    follows = f" AND ({ordering.key}, c.id) {beyond} (:after_key, :after_id)" if after else ""
    rows = (
        f"SELECT {selected.columns}, {ordering.key} AS key FROM content c{ordering.join}{selected.joins}"
        f" WHERE {_conditions(where)}{follows} ORDER BY {ordering.key} {direction}, c.id {direction} LIMIT {LONGEST}"
    )
    return f"SELECT * FROM ({rows}) AS c ORDER BY key {direction}, id {direction} LIMIT :limit"


def _conditions(where: Where) -> str:
    kinds = ", ".join(f"'{Kind(each).value}'" for each in where.kinds)
    conditions = [
        f"c.kind IN ({kinds})" if kinds else "false",
        f"c.published_at IS {'' if where.drafts else 'NOT '}NULL",
    ]
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
    values: dict[str, Any] = {}
    for name in ("tag", "author_id"):
        if (value := getattr(where, name)) is not None:
            values[name] = value
    if where.body_contains is not None:
        escaped = where.body_contains.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values["body_contains"] = f"%{escaped}%"
    return values

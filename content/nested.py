"""Lists of content within something else, for many of them in one statement: lessons of courses, courses of authors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from content.model import Entry
from content.selecting import fetch_rows, select
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Nested:
    """Lists of `kind` by the column `parent`, ordered by the column `key`, then id unless the key is `unique` in each.

    `where` is SQL over `content c`. Each order is an index's: a list within many is read without sorting.
    """

    kind: str
    parent: str
    key: str
    descending: bool
    key_type: type[datetime] | type[int]
    where: str
    unique: bool = False


LESSONS = Nested("lesson", "parent_id", "position", False, int, "c.published_at IS NOT NULL", unique=True)
COURSES = Nested(
    "course", "author_id", "published_at", True, datetime, "c.published_at IS NOT NULL AND c.archived_at IS NULL"
)


async def list_nested(
    database: Database,
    features: Iterable[str],
    columns: frozenset[str],
    nested: Nested,
    parent_ids: Sequence[str],
    *,
    after: tuple[Any, str] | None,
    limit: int,
) -> dict[str, list[tuple[Any, Entry]]]:
    """By parent, at most `limit` pairs of key and entry, those after the (key, id) `after`; a parent may be absent."""
    selected = select(columns | {nested.parent})
    own = ", ".join(f"c.{name}" for name in sorted(selected.own | {nested.key}))
    query = (
        f"SELECT {selected.columns}, c.{nested.key} AS key"
        " FROM unnest(CAST(:ids AS text[])) WITH ORDINALITY AS p(id, place) CROSS JOIN LATERAL"
        f" (SELECT {own} {_within(nested, bool(after))}) c{selected.joins} ORDER BY p.place, {_order(nested)}"
    )
    parameters = {"ids": parent_ids, "limit": limit, **_position(after)}
    found: dict[str, list[tuple[Any, Entry]]] = {}
    rows = await fetch_rows(database, features, query, parameters, walled=selected.walled)
    for key, entry in selected.entries(rows):
        found.setdefault(getattr(entry, nested.parent), []).append((key, entry))
    return found


def _within(nested: Nested, after: bool) -> str:
    """The end of a statement that lists the entries within `p`."""
    follows = f" AND (c.{nested.key}, c.id) {'<' if nested.descending else '>'} (:after_key, :after_id)"
    return (
        f"FROM content c WHERE c.{nested.parent} = p.id AND c.kind = '{nested.kind}' AND {nested.where}"
        f"{follows if after else ''} ORDER BY {_order(nested)} LIMIT :limit"
    )


def _position(after: tuple[Any, str] | None) -> dict[str, Any]:
    return {"after_key": after[0], "after_id": after[1]} if after else {}


def _order(nested: Nested) -> str:
    direction = "DESC" if nested.descending else "ASC"
    return f"c.{nested.key} {direction}" + ("" if nested.unique else f", c.id {direction}")


COLUMNS: Mapping[str, type[str] | type[int]] = {
    **dict.fromkeys(("id", "slug", "title", "teaser"), str),
    "position": int,
}
"""Those that `list_nested_json` can write. Every record has them, and integers are of 32 bits."""


async def list_nested_json(
    database: Database,
    nested: Nested,
    columns: Sequence[str],
    pieces: Sequence[str],
    between: str,
    parent_ids: Sequence[str],
    *,
    after: tuple[Any, str] | None,
    limit: int,
) -> dict[str, str] | None:
    """By parent, the values of `columns` as JSON with `pieces` around them, one more, and `between` two entries.

    In order and as many as `list_nested` would list; no text where there are none. None if a value is null. The pieces
    are parameters, so that there are as many statements as there are choices of columns, whatever clients call them.
    """
    texts = {f"piece_{place}": piece for place, piece in enumerate(pieces)}
    written = "CAST(:piece_0 AS text)" + "".join(
        f" || {_json(name)} || :piece_{place}" for place, name in enumerate(columns, 1)
    )
    query = (
        "SELECT p.id, (SELECT CASE WHEN count(entry) = count(*) THEN coalesce(string_agg(entry, :between), '') END"
        f" FROM (SELECT {written} AS entry {_within(nested, bool(after))}) listed)"
        " FROM unnest(CAST(:ids AS text[])) AS p(id)"
    )
    parameters = {"ids": parent_ids, "between": between, "limit": limit, **texts, **_position(after)}
    found: dict[str, str] = {row[0]: row[1] for row in await database.fetch(query, parameters)}
    return None if None in found.values() else found


def _json(column: str) -> str:
    return f"CAST(c.{column} AS text)" if COLUMNS.get(column) is int else f"to_json(c.{column})"


async def count_nested(database: Database, nested: Nested, parent_ids: Sequence[str]) -> dict[str, int]:
    """By parent; one without any is absent."""
    query = (
        f"SELECT c.{nested.parent} AS parent, count(*) AS total FROM content c WHERE c.{nested.parent} = ANY(:ids)"
        f" AND c.kind = '{nested.kind}' AND {nested.where} GROUP BY 1"
    )
    return {row.parent: row.total for row in await database.fetch(query, {"ids": parent_ids})}

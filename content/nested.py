"""Lists of content within something else, for many of them in one statement: lessons of courses, courses of authors."""

from collections.abc import Iterable, Sequence
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
    direction, beyond = ("DESC", "<") if nested.descending else ("ASC", ">")
    follows = f" AND (c.{nested.key}, c.id) {beyond} (:after_key, :after_id)" if after else ""
    order = f"c.{nested.key} {direction}" + ("" if nested.unique else f", c.id {direction}")
    own = ", ".join(f"c.{name}" for name in sorted(selected.own | {nested.key}))
    query = (
        f"SELECT {selected.columns}, c.{nested.key} AS key"
        " FROM unnest(CAST(:ids AS text[])) WITH ORDINALITY AS p(id, place) CROSS JOIN LATERAL"
        f" (SELECT {own} FROM content c WHERE c.{nested.parent} = p.id AND c.kind = '{nested.kind}'"
        f" AND {nested.where}{follows} ORDER BY {order} LIMIT :limit) c{selected.joins} ORDER BY p.place, {order}"
    )
    parameters = {"ids": parent_ids, "limit": limit, **({"after_key": after[0], "after_id": after[1]} if after else {})}
    found: dict[str, list[tuple[Any, Entry]]] = {}
    rows = await fetch_rows(database, features, query, parameters, walled=selected.walled)
    for key, entry in selected.entries(rows):
        found.setdefault(getattr(entry, nested.parent), []).append((key, entry))
    return found


async def count_nested(database: Database, nested: Nested, parent_ids: Sequence[str]) -> dict[str, int]:
    """By parent; one without any is absent."""
    query = (
        f"SELECT c.{nested.parent} AS parent, count(*) AS total FROM content c WHERE c.{nested.parent} = ANY(:ids)"
        f" AND c.kind = '{nested.kind}' AND {nested.where} GROUP BY 1"
    )
    return {row.parent: row.total for row in await database.fetch(query, {"ids": parent_ids})}

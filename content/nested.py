"""Lists of content within something else, for many of them in one statement: lessons of courses, courses of authors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

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
"""Those that `list_nested_json` writes. Every record has them, and integers are of 32 bits."""


ENTRY_MARK, PARENT_MARK = "\x1e", "\0"
COLUMN_MARKS = "\x01\x02\x03\x04\x05"


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

    In order and as many as `list_nested` would list; no text where there are none. None if a value is null, or if what
    marks the ends of values is in one.
    """
    entry = "".join(
        f"{f' || {_literal(mark)} || ' if mark else ''}{_text_of(name)}"
        for mark, name in zip(("", *COLUMN_MARKS), columns, strict=False)
    )
    query = (
        "SELECT p.id, listed.number, listed.entries FROM unnest(CAST(:ids AS text[])) AS p(id) CROSS JOIN LATERAL"
        f" (SELECT count(*) AS number, CASE WHEN count(entry) = count(*) THEN string_agg(entry, {_literal(ENTRY_MARK)})"
        f" END AS entries FROM (SELECT {entry} AS entry {_within(nested, bool(after))}) each) listed"
    )
    rows = await database.fetch(query, {"ids": parent_ids, "limit": limit, **_position(after)})
    if any(row[2] is None and row[1] for row in rows):
        return None
    quotes = ["" if COLUMNS.get(name) is int else '"' for name in columns]
    head, tail = pieces[0] + quotes[0], quotes[-1] + pieces[-1]
    inner = [before + piece + then for before, piece, then in zip(quotes[:-1], pieces[1:-1], quotes[1:], strict=True)]
    total, some = sum(row[1] for row in rows), sum(row[1] > 0 for row in rows)
    marks = [(mark, text, total) for mark, text in zip(COLUMN_MARKS, inner, strict=False)]
    marks.append((ENTRY_MARK, f"{tail}{between}{head}", total - some))
    found = _told([row[2] or "" for row in rows], marks)
    if found is None:
        return None
    return {row[0]: head + text + tail if row[1] else "" for row, text in zip(rows, found, strict=True)}


def _told(texts: Sequence[str], marks: Iterable[tuple[str, str, int]]) -> list[str] | None:
    """The texts as JSON writes them within quotes, each of the marks replaced by its text.

    The marks are control characters and have to come just as often as said: else a value has one in it, or what JSON
    writes for one, and the answer is None. All texts are one meanwhile, since each step costs more than its length.
    """
    written = orjson.dumps(PARENT_MARK.join(texts)).decode()[1:-1]
    for mark, text, number in marks:
        if written.count(escaped := _escaped(mark)) != number:
            return None
        written = written.replace(escaped, text)
    found = written.split(_escaped(PARENT_MARK))
    return found if len(found) == len(texts) else None


def _escaped(mark: str) -> str:
    return f"\\u{ord(mark):04x}"


def _literal(mark: str) -> str:
    return f"E'\\x{ord(mark):02x}'"


def _text_of(column: str) -> str:
    return f"CAST(c.{column} AS text)" if COLUMNS.get(column) is int else f"c.{column}"


async def count_nested(database: Database, nested: Nested, parent_ids: Sequence[str]) -> dict[str, int]:
    """By parent; one without any is absent."""
    query = (
        f"SELECT c.{nested.parent} AS parent, count(*) AS total FROM content c WHERE c.{nested.parent} = ANY(:ids)"
        f" AND c.kind = '{nested.kind}' AND {nested.where} GROUP BY 1"
    )
    return {row.parent: row.total for row in await database.fetch(query, {"ids": parent_ids})}

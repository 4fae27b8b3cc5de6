"""What a statement over `content` selects, and the records made of its rows.

A column is named as the attribute of `Entry` that it becomes, an author's as `author.name`. One statement reads them
all; what lies behind the wall is joined row by row and is null for whoever lacks the feature that the row requires.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from content.model import WALLED, Entry
from content.records import entry_maker, record_maker
from storage.database import Database
from storage.rows import Row

AUTHOR = "author."

Record = TypeVar("Record")

KeyedEntries = list[tuple[Any, Entry]]


@dataclass(frozen=True, slots=True)
class Selected:
    """`columns` and `joins` are SQL over `content c`, of which they need the columns `own`.

    A row is the kind, the columns, and one value more, its key. `entries(rows)` pairs each key with its record.
    """

    columns: str
    joins: str
    own: frozenset[str]
    walled: bool
    entries: Callable[[Iterable[Row]], KeyedEntries]


@lru_cache(512)
def select(columns: frozenset[str]) -> Selected:
    """The id is always among them."""
    own = tuple(sorted({name for name in columns if not name.startswith(AUTHOR)} | {"id"}))
    author = tuple(sorted(name.removeprefix(AUTHOR) for name in columns if name.startswith(AUTHOR)))
    # A look-up for each row: the planner thinks so few rows pass the wall that it would join by reading all of them.
    listed = [
        f"(SELECT w.{name} FROM {WALLED[name]} w WHERE w.content_id = c.id) AS {name}"
        if name in WALLED
        else f"c.{name}"
        for name in own
    ]
    listed += [f"a.{name} AS author_{name}" for name in author]
    joins = " JOIN author a ON a.id = c.author_id" if author else ""
    needed = frozenset({*own, "kind", *(("author_id",) if author else ())}).difference(WALLED)
    walled = not WALLED.keys().isdisjoint(own)
    return Selected(", ".join(["c.kind", *listed]), joins, needed, walled, entry_maker(own, author))


def select_of(record: type[Record], columns: frozenset[str]) -> tuple[str, Callable[[Iterable[Row]], list[Record]]]:
    """The same for a table of its own: the columns with the id, and what makes records of rows of just these."""
    names = tuple(sorted(columns | {"id"}))
    return ", ".join(names), record_maker(record, names)


async def fetch_rows(
    database: Database, features: Iterable[str], query: str, parameters: Mapping[str, Any], *, walled: bool
) -> Sequence[Row]:
    """Through the wall only where something behind it is read."""
    if walled:
        return await database.fetch_walled(features, query, parameters)
    return await database.fetch(query, parameters)

"""Makes records of rows, by code generated once for each list of columns: lists are long, and records frozen.

Each value goes into its slot; the slots of columns that were not asked for stay empty. Arrays become tuples.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any, TypeVar, get_origin

from content.model import RECORDS, Author, Entry
from storage.rows import Row

Record = TypeVar("Record")
Rows = Iterable[Row | tuple[Any, ...]]


@lru_cache(512)
def entry_maker(own: tuple[str, ...], author: tuple[str, ...]) -> Callable[[Rows], list[tuple[Any, Entry]]]:
    """Of rows of the kind, the columns `own`, those of the author, and a key: pairs of the key and the entry."""
    columns = ["kind", *(f"own_{name}" for name in own), *(f"author_{name}" for name in author), "key"]
    lines = [*_filled("entry", "records[kind]", Entry, "own", own)]
    if author:
        lines += [*_filled("writer", "author", Author, "author", author), "set_entry_author(entry, writer)"]
    known = {"records": {**RECORDS}, "author": Author, **_slots("entry", Entry, (*own, "author"))}
    return _compiled(columns, [*lines, "made.append((key, entry))"], known | _slots("writer", Author, author))


@lru_cache(512)
def record_maker(record: type[Record], names: tuple[str, ...]) -> Callable[[Rows], list[Record]]:
    """Of rows of just the columns `names`."""
    lines = [*_filled("one", "record", record, "own", names), "made.append(one)"]
    return _compiled([f"own_{name}" for name in names], lines, {"record": record, **_slots("one", record, names)})


def _filled(made: str, chosen: str, record: type[Any], prefix: str, names: Sequence[str]) -> Iterator[str]:
    arrays = {field.name for field in fields(record) if get_origin(field.type) is tuple}
    yield f"{made} = new({chosen})"
    for name in names:
        value = f"{prefix}_{name}"
        yield f"set_{made}_{name}({made}, {f'tuple({value})' if name in arrays else value})"


def _slots(made: str, record: type[Any], names: Sequence[str]) -> dict[str, Any]:
    """A name without a slot comes no further, so what is compiled is made of our own attributes' names."""
    return {f"set_{made}_{name}": getattr(record, name).__set__ for name in names}


def _compiled(columns: Sequence[str], lines: Sequence[str], known: dict[str, Any]) -> Callable[[Rows], list[Any]]:
    loop = "\n        ".join([f"for {', '.join(columns)}, in rows:", *lines])
    known = {"new": object.__new__, **known}
    source = f"def make(rows):\n    made = []\n    {loop}\n    return made"
    exec(source, known)  # noqa: S102 - see `_slots`
    return known["make"]

"""Makes records of rows, by code generated once for each list of columns: lists are long, and records frozen."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any, get_origin

from content.model import RECORDS, Author, Entry
from storage.rows import Row

Values = Row | tuple[Any, ...]


@lru_cache(4096)
def entry_maker(names: tuple[str, ...]) -> Callable[[Values], Entry]:
    """Makes entries of rows that begin with the kind and then have the columns `names`, whatever follows."""
    return _maker(Entry, "records[row[0]]", names, 1)


@lru_cache(4096)
def author_maker(names: tuple[str, ...], at: int = 0) -> Callable[[Values], Author]:
    """Makes authors of rows that have the columns `names` from position `at` on."""
    return _maker(Author, "record", names, at)


def _maker(record: type[Any], chosen: str, names: Sequence[str], at: int) -> Callable[[Values], Any]:
    """Each value goes into its slot; the slots of columns that were not asked for stay empty. Arrays become tuples."""
    known: dict[str, Any] = {f"set_{name}": getattr(record, name).__set__ for name in names}
    known |= {"new": object.__new__, "record": record, "records": {**RECORDS}}
    exec("\n    ".join(_lines(record, chosen, names, at)), known)  # noqa: S102 - a name without a slot came no further
    return known["make"]


def _lines(record: type[Any], chosen: str, names: Sequence[str], at: int) -> Iterator[str]:
    arrays = {field.name for field in fields(record) if get_origin(field.type) is tuple}
    values = {name: f"value{place}" for place, name in enumerate(names)}
    yield "def make(row):"
    yield f"{', '.join(values.values())}, = row[{at}:{at + len(names)}]"
    yield f"made = new({chosen})"
    for name, value in values.items():
        yield f"set_{name}(made, {f'tuple({value})' if name in arrays else value})"
    yield "return made"

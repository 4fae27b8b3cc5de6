"""SQL text with :named parameters made ready for the driver, once for each text, if it can only read.

Reading connections are handed on as they are. So a text may not do what outlives its statement: it must be one query,
and must not call what acts on the session. Anything else that writes is refused by the server, in whose eyes these
connections are read-only.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from storage.wall import walled

REMEMBERED = 1024
"""Texts; each distinct list of columns makes one."""

TOKEN = re.compile(
    r"""
    (?P<quiet> (?<!\w)[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*'      # strings
      | (?<![\w$])\$(?P<tag>\w*)\$.*?\$(?P=tag)\$                      # dollar quotes
      | --[^\n]* | /\*.*?\*/ )                                          # comments
    | "(?:[^"]|"")*" | ::                                               # quoted names, casts
    | (?<![\w\]]):(?P<name>[a-zA-Z_]\w*)                               # parameters; not the end of a slice
    """,
    re.VERBOSE | re.DOTALL,
)
QUERY = re.compile(r"[\s(]*(SELECT|WITH|VALUES|TABLE)\b", re.IGNORECASE)
LASTING = re.compile(r"\b(set_config|setseed|pg_(try_)?advisory_(un)?lock\w*|dblink\w*)\b", re.IGNORECASE)
"""Functions whose effect outlives the statement. `pg_advisory_xact_lock` is not one of them."""


@dataclass(frozen=True, slots=True)
class Statement:
    """`sql` with $1, $2 … for `names` in their order. It only reads, if it was made here."""

    sql: str
    names: tuple[str, ...]

    def arguments(self, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Those that the statement names; KeyError when one is missing."""
        return [parameters[name] for name in self.names]


@lru_cache(REMEMBERED)
def statement_of(query: str) -> Statement:
    """Raises ValueError for what might do more than read."""
    return translated(_read_only(query))


@lru_cache(REMEMBERED)
def walled_statement_of(query: str) -> Statement:
    """`query` behind the second wall. Raises ValueError for what might do more than read."""
    return translated(walled(_read_only(query)))


def translated(query: str) -> Statement:
    """A name that stands in several places is one parameter."""
    numbers: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        name = found["name"]
        return f"${numbers.setdefault(name, len(numbers) + 1)}" if name else found[0]

    return Statement(TOKEN.sub(numbered, query), tuple(numbers))


def _read_only(query: str) -> str:
    spoken = TOKEN.sub(lambda found: " " if found["quiet"] else found[0], query)
    if not QUERY.match(spoken) or ";" in spoken:
        raise ValueError("only one query (SELECT, WITH, VALUES, TABLE) can be read; use a transaction for the rest")
    if lasting := LASTING.search(spoken):
        raise ValueError(f"{lasting[0]} outlives its statement, and so would act on others: use a transaction")
    return query

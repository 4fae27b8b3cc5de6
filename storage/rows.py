"""A row of an answer."""

from typing import Any

import asyncpg


class Row(asyncpg.Record):
    """Its values by position, by unpacking, or as attributes named after the columns.

    Where thousands are read, read by position: an attribute costs ten times as much.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the row has no column {name!r}") from None

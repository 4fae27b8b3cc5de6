"""Connections for single reads, handed from one read to the next as they are.

No reset, no transaction of ours, no proxy: a read costs its one round trip. That is safe because no text that comes
here can change a session (`storage/statements.py`; `tests/flow/test_readers.py` compares them with a fresh one), and
because the server takes these sessions to be read-only. Only `storage/database.py` may import this module.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Protocol

import asyncpg
import orjson

from errors import Unavailable
from storage.faults import is_unreachable
from storage.liveness import Liveness, Wait, expire
from storage.rows import Row
from storage.statements import Statement

PREPARED = 256
"""Statements that each connection keeps prepared."""

LONGEST_SECONDS = 30
"""For a read that a living server works on, waiting for a connection included."""


class Connection(Protocol):
    """What is used of the driver's."""

    async def fetch(self, query: str, /, *args: Any) -> list[Row]: ...
    def terminate(self) -> None: ...
    def is_closed(self) -> bool: ...


class _Died(ConnectionError):
    """The connection broke before the answer came."""


class Readers:
    """At most `size` connections, made by `connect` when they are needed; the one used last is used next."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], size: int, liveness: Liveness) -> None:
        self._connect = connect
        self._free = size  # connections that may still be opened
        self._liveness = liveness
        self._idle: list[Connection] = []
        self._turns: deque[asyncio.Future[Connection | None]] = deque()
        self._closed = False

    @property
    def idle(self) -> int:
        """How many connections are open and not in use."""
        return len(self._idle)

    async def fetch(self, statement: Statement, arguments: Sequence[Any]) -> list[Row]:
        """All rows. Raises Unavailable, PostgresError. Tried once more when the connection turns out to be dead."""
        if self._closed:
            raise Unavailable("The connections to the database were closed.")
        wait = self._liveness.begin(_nothing, LONGEST_SECONDS)
        try:
            try:
                rows = await self._fetch(wait, statement.sql, arguments)
            except _Died:
                if wait.given_up:
                    raise
                self._drop_idle()  # which most likely died with it
                rows = await self._fetch(wait, statement.sql, arguments)
        except (OSError, asyncpg.PostgresError) as fault:
            if is_unreachable(fault):
                raise Unavailable("The database does not answer.") from fault
            raise
        finally:
            self._liveness.end(wait)
        self._liveness.note_answer()
        return rows

    def close(self) -> None:
        """Ends the connections, those in use when they are given back; there will be no others."""
        self._closed = True
        self._drop_idle()

    async def _fetch(self, wait: Wait, sql: str, arguments: Sequence[Any]) -> list[Row]:
        connection = self._idle.pop() if self._idle else await self._obtain(wait)
        wait.give_up = connection.terminate
        try:
            return await connection.fetch(sql, *arguments)
        except Exception as fault:
            if connection.is_closed():
                raise _Died("The connection broke before the answer came.") from fault
            raise
        except BaseException:
            connection.terminate()  # cancelled half-way: what the server still says is for nobody
            raise
        finally:
            self._give_back(connection)

    async def _obtain(self, wait: Wait) -> Connection:
        """A new connection or, when no more may be opened, the next that is given back."""
        async with asyncio.timeout(None) as deadline:
            wait.give_up = partial(expire, deadline)
            if self._free:
                self._free -= 1
            elif connection := await self._turn():
                return connection
            try:
                return await self._connect()
            except BaseException:
                self._give_back(None)
                raise

    async def _turn(self) -> Connection | None:
        """What is given back; None is the right to open a connection."""
        turn = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # both at once: it is the next one's
                self._give_back(turn.result())
            raise

    def _give_back(self, connection: Connection | None) -> None:
        """To whoever has waited longest."""
        if self._closed and connection is not None:
            connection.terminate()
        alive = None if self._closed or connection is None or connection.is_closed() else connection
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(alive)
                return
        if alive is None:
            self._free += 1
        else:
            self._idle.append(alive)

    def _drop_idle(self) -> None:
        while self._idle:
            connection = self._idle.pop()
            connection.terminate()
            self._give_back(connection)


async def open_reader(**options: Any) -> Connection:
    """A connection whose session the server takes to be read-only; JSON comes decoded. `options` are the driver's."""
    return await open_writer(**options, server_settings={"default_transaction_read_only": "on"})


async def open_writer(**options: Any) -> Connection:
    """As `open_reader`, but it may write."""
    connection = await asyncpg.connect(
        **options,
        record_class=Row,
        statement_cache_size=PREPARED,
        max_cached_statement_lifetime=0,
    )
    try:
        for name in ("json", "jsonb"):
            await connection.set_type_codec(name, schema="pg_catalog", encoder=str, decoder=orjson.loads)
    except BaseException:
        connection.terminate()
        raise
    return connection


def _nothing() -> None:
    """There is nothing to give up yet."""

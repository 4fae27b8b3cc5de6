"""One database handle: transactions, single reads, reads through the second wall, and notifications.

Whatever cannot reach the server in time is raised as `errors.Unavailable`.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import asyncpg
from sqlalchemy import ExceptionContext, event, make_url, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from errors import Unavailable
from storage.faults import is_unreachable
from storage.liveness import Liveness, addresses_of, any_answers
from storage.readers import LONGEST_SECONDS, Readers, open_reader, open_writer
from storage.rows import Row
from storage.statements import Statement, statement_of, walled_statement_of
from storage.wall import PARAMETER, SETTING, wall_value

NONE: Mapping[str, Any] = MappingProxyType({})

QueryLogger = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Database:
    """`engine` begins transactions; `readers` have connections of their own, and each read is one round trip.

    `writer` is one more connection of that kind, for statements that are a whole transaction.
    """

    engine: AsyncEngine
    readers: Readers
    writer: Readers
    dsn: str
    liveness: Liveness

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncConnection]:
        """BEGIN … COMMIT, rolled back on any exception. Not retried: the caller knows whether it is idempotent."""
        async with _unavailable_if_unreachable(), self.liveness.watch(), self.engine.begin() as connection:
            yield connection

    async def fetch(self, query: str, parameters: Mapping[str, Any] = NONE) -> Sequence[Row]:
        """All rows of one query (SQL text with :named parameters) that only reads; ValueError when it might not.

        Tried once more when a connection turns out to be dead. Raises asyncpg's errors, not SQLAlchemy's.
        """
        statement = statement_of(query)
        return await self.readers.fetch(statement, statement.arguments(parameters))

    async def fetch_walled(
        self, features: Iterable[str], query: str, parameters: Mapping[str, Any] = NONE
    ) -> Sequence[Row]:
        """All rows of `query` as seen by a holder of `features`; otherwise as `fetch`, and in one round trip too."""
        statement = walled_statement_of(query)
        arguments = statement.arguments({**parameters, PARAMETER: wall_value(features)})
        return await self.readers.fetch(statement, arguments)

    async def write(self, statement: Statement, parameters: Mapping[str, Any]) -> Sequence[Row]:
        """The rows that one writing statement returns, after its commit; in one round trip, in turn with all others.

        Begun again when the connection turns out to be dead, so twice must be as good as once. Faults as for `fetch`.
        """
        return await self.writer.fetch(statement, statement.arguments(parameters))

    async def ping(self) -> None:
        """Raises Unavailable when the database does not answer."""
        await self.fetch("SELECT 1")

    @asynccontextmanager
    async def walled_transaction(self, features: Iterable[str]) -> AsyncGenerator[AsyncConnection]:
        """The general path: a transaction that sees gated rows as a holder of `features` does."""
        async with self.transaction() as connection:
            await connection.execute(
                text("SELECT set_config(:name, :value, true)"), {"name": SETTING, "value": wall_value(features)}
            )
            yield connection

    async def listen(self, channel: str) -> AsyncGenerator[str | None, None]:
        """Payloads of NOTIFY on `channel`, on a connection of its own, for ever.

        Yields None first and after every reconnection: messages may have been lost, so look for yourself.
        """
        while True:
            try:
                async with asyncio.timeout(1):
                    connection = await asyncpg.connect(self.dsn)
            except (OSError, asyncpg.PostgresError, TimeoutError):
                await asyncio.sleep(0.2)
                continue
            try:
                queue = await _notifications(connection, channel)
                yield None
                while (payload := await queue.get()) is not None:
                    yield payload
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                continue
            finally:
                connection.terminate()

    async def close(self) -> None:
        self.readers.close()
        self.writer.close()
        await self.engine.dispose()


def connect(url: str, *, pool_size: int = 10, query_logger: QueryLogger | None = None) -> Database:
    """A handle on `url` (`postgresql://…`); opens no connection yet, later `pool_size` for each kind of use at most.

    A server that does not answer is noticed within a second; a statement it works on may take half a minute.
    `query_logger` receives the SQL of every statement as the driver is given it, each time it is run; for tests.
    """
    sqlalchemy_url = make_url(url).set(drivername="postgresql+asyncpg")
    logged: dict[str, Any] = {"connection_class": _logged_connection(query_logger)} if query_logger else {}
    options: dict[str, Any] = {"timeout": LONGEST_SECONDS, "command_timeout": LONGEST_SECONDS} | logged
    if query_logger is not None:
        # A statement found in the cache is not prepared again, and would not be seen.
        options |= {"prepared_statement_cache_size": 0}
    engine = create_async_engine(
        sqlalchemy_url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=LONGEST_SECONDS,
        connect_args=options,
        hide_parameters=True,  # a fault's text goes to the log
    )
    event.listen(engine.sync_engine, "handle_error", _hang_up)
    event.listen(engine.sync_engine, "checkout", _renew_closed)
    dsn = sqlalchemy_url.set(drivername="postgresql").render_as_string(hide_password=False)
    _, address = engine.dialect.create_connect_args(sqlalchemy_url)
    liveness = Liveness(partial(any_answers, addresses_of(sqlalchemy_url)))
    readers = Readers(partial(open_reader, **address, **logged), pool_size, liveness)
    writer = Readers(partial(open_writer, **address, **logged), 1, liveness)
    return Database(engine, readers, writer, dsn, liveness)


async def _notifications(connection: "asyncpg.Connection[asyncpg.Record]", channel: str) -> asyncio.Queue[str | None]:
    """A queue that receives each payload on `channel`, and None when the connection ends."""
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    connection.add_termination_listener(lambda _: queue.put_nowait(None))
    await connection.add_listener(channel, lambda _c, _p, _ch, payload: queue.put_nowait(str(payload)))
    return queue


def _hang_up(context: ExceptionContext) -> None:
    """On a statement that was given up: the driver would talk on for seconds to a server that does not answer."""
    if context.connection is None or not isinstance(context.original_exception, TimeoutError | asyncio.CancelledError):
        return
    driver: Any = context.connection.connection.driver_connection
    driver.terminate()
    context.is_disconnect = True


def _renew_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """Where the server has hung up meanwhile, as it does at a restart, all that wait in the pool are made anew."""
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError


def _logged_connection(logger: QueryLogger) -> type[asyncpg.Connection]:
    class Logged(asyncpg.Connection):
        """The driver's own log knows nothing of prepared statements, and SQLAlchemy prepares all that it runs."""

        async def prepare(self, query: str, **options: Any) -> Any:
            logger(query)
            return await super().prepare(query, **options)

        async def fetch(self, query: str, *arguments: Any, **options: Any) -> Any:
            logger(query)
            return await super().fetch(query, *arguments, **options)

    return Logged


@asynccontextmanager
async def _unavailable_if_unreachable() -> AsyncGenerator[None]:
    try:
        yield
    except (PoolTimeout, OSError, TimeoutError) as fault:
        raise Unavailable("The database does not answer.") from fault
    except DBAPIError as fault:
        if fault.connection_invalidated or is_unreachable(fault.orig):
            raise Unavailable("The database does not answer.") from fault
        raise

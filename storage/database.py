"""One database handle: transactions, single reads, reads through the second wall, and notifications.

The second wall: gated rows live in tables under FORCE ROW LEVEL SECURITY whose policies compare the row's
`required_feature` with the setting `gatehouse.features`; where it is unset, no row is visible.
Whatever cannot reach the server in time is raised as `errors.Unavailable`.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
from sqlalchemy import ExceptionContext, Executable, Row, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from errors import Unavailable
from storage.liveness import Liveness, addresses_of, any_answers

FEATURE_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")
"""What a feature key looks like: it must survive in a comma-separated setting."""

WALL_SETTING = "gatehouse.features"

NOT_SERVING = ("08", "57P", "53300")
"""SQLSTATEs of a server that starts, stops or has no connection left."""

LONGEST_SECONDS = 30
"""For anything asked of a server that is alive; also for a connection of the pool, which are all in use then."""

QueryLogger = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Database:
    """`engine` begins transactions; `reader` is the same pool in autocommit, one round trip for a statement."""

    engine: AsyncEngine
    reader: AsyncEngine
    dsn: str
    liveness: Liveness

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncConnection]:
        """BEGIN … COMMIT, rolled back on any exception. Not retried: the caller knows whether it is idempotent."""
        async with _unavailable_if_unreachable(), self.liveness.watch(), self.engine.begin() as connection:
            yield connection

    async def fetch(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """All rows of one read-only statement. Tried once more when a pooled connection turns out to be dead."""
        async with _unavailable_if_unreachable(), self.liveness.watch():
            return await self._fetch_again(statement, parameters)

    async def ping(self) -> None:
        """Raises Unavailable when the database does not answer."""
        await self.fetch(text("SELECT 1"))

    async def _fetch_again(self, statement: Executable, parameters: Mapping[str, Any] | None) -> Sequence[Row[Any]]:
        try:
            return await self._fetch(statement, parameters)
        except DBAPIError as fault:
            if not fault.connection_invalidated:
                raise
            return await self._fetch(statement, parameters)

    async def _fetch(self, statement: Executable, parameters: Mapping[str, Any] | None) -> Sequence[Row[Any]]:
        async with self.reader.connect() as connection:
            return (await connection.execute(statement, parameters)).all()

    async def fetch_walled(
        self, features: Iterable[str], query: str, parameters: Mapping[str, Any]
    ) -> Sequence[Row[Any]]:
        """All rows of `query` (SQL text with :named parameters) as seen by a holder of `features`, in one round trip.

        The setting is made inside the same statement. `OFFSET 0` and the reference to `wall` keep the planner from
        reading the tables first: the query can only be the inner side of a nested loop under `wall`
        (`tests/flow/test_second_wall.py` holds both the plan and the rows).
        """
        return await self.fetch(text(self.walled(query)), {**parameters, "wall_features": wall_value(features)})

    @staticmethod
    def walled(query: str) -> str:
        """The one statement: the setting, and `query` as the inner side of a loop that can only run after it."""
        return (
            f"SELECT q.* FROM set_config('{WALL_SETTING}', :wall_features, true) AS wall(features)"  # noqa: S608 - both parts are code's own text, values are bound
            f" CROSS JOIN LATERAL (SELECT i.* FROM ({query}) AS i WHERE wall.features IS NOT NULL OFFSET 0) AS q"
        )

    @asynccontextmanager
    async def walled_transaction(self, features: Iterable[str]) -> AsyncGenerator[AsyncConnection]:
        """The general path: a transaction that sees gated rows as a holder of `features` does."""
        async with self.transaction() as connection:
            await connection.execute(
                text("SELECT set_config(:name, :value, true)"), {"name": WALL_SETTING, "value": wall_value(features)}
            )
            yield connection

    async def listen(self, channel: str) -> AsyncGenerator[str | None, None]:
        """Payloads of NOTIFY on `channel`, on a connection of its own, for ever.

        Yields None first and after every reconnection: messages may have been lost, so look for yourself.
        """
        while True:
            try:
                connection = await asyncio.wait_for(asyncpg.connect(self.dsn), timeout=1)
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
        await self.engine.dispose()


def connect(url: str, *, pool_size: int = 10, query_logger: QueryLogger | None = None) -> Database:
    """A handle on `url` (`postgresql://…`); opens no connection yet.

    A server that does not answer is noticed within a second; a statement it works on may take half a minute.
    `query_logger` receives the SQL of every statement as the driver prepares it, each time it is run; for tests.
    """
    sqlalchemy_url = make_url(url).set(drivername="postgresql+asyncpg")
    options: dict[str, Any] = {"timeout": LONGEST_SECONDS, "command_timeout": LONGEST_SECONDS}
    if query_logger is not None:
        # A statement found in the cache is not prepared again, and would not be seen.
        options |= {"connection_class": _logged_connection(query_logger), "prepared_statement_cache_size": 0}
    engine = create_async_engine(
        sqlalchemy_url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=LONGEST_SECONDS,
        connect_args=options,
        hide_parameters=True,  # a fault's text goes to the log
    )
    event.listen(engine.sync_engine, "handle_error", _hang_up)
    dsn = sqlalchemy_url.set(drivername="postgresql").render_as_string(hide_password=False)
    liveness = Liveness(partial(any_answers, addresses_of(sqlalchemy_url)))
    return Database(engine, engine.execution_options(isolation_level="AUTOCOMMIT"), dsn, liveness)


def wall_value(features: Iterable[str]) -> str:
    """The setting's text: feature keys, sorted, comma-separated. Raises ValueError on a key that could break out."""
    keys = sorted(features)
    for key in keys:
        if not FEATURE_KEY.fullmatch(key):
            raise ValueError(f"feature key {key!r} is not of the form {FEATURE_KEY.pattern}")
    return ",".join(keys)


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


def _logged_connection(logger: QueryLogger) -> type[asyncpg.Connection]:
    class Logged(asyncpg.Connection):
        """The driver's own log knows nothing of prepared statements, and SQLAlchemy prepares all that it runs."""

        async def prepare(self, query: str, **options: Any) -> Any:
            logger(query)
            return await super().prepare(query, **options)

    return Logged


@asynccontextmanager
async def _unavailable_if_unreachable() -> AsyncGenerator[None]:
    try:
        yield
    except (PoolTimeout, OSError, TimeoutError) as fault:
        raise Unavailable("The database does not answer.") from fault
    except DBAPIError as fault:
        sqlstate: str = getattr(fault.orig, "sqlstate", None) or ""
        if (
            fault.connection_invalidated
            or isinstance(fault.orig, OSError | TimeoutError)
            or sqlstate.startswith(NOT_SERVING)
        ):
            raise Unavailable("The database does not answer.") from fault
        raise

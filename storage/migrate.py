"""Migrations: run by the owner's login, which then lets the application's login read and write the tables.

The files in `storage/migrations/versions` are plain SQL, linear and expand-only: the release before must still run
on what they leave. All that are pending run in one transaction, one process at a time.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from errors import Unavailable
from storage.login import refusal_of

_FOLDER = Path(__file__).with_name("migrations")
_LOCK = 4_846_150_627_316_021  # any number, ours alone: one migration at a time in one database

_T = TypeVar("_T")


async def migrate(owner_url: str, app_role: str) -> tuple[str, ...]:
    """Applies what is pending, oldest first, and grants `app_role` its rights; returns the revisions applied.

    Idempotent. Raises Unavailable when the database does not answer; a failing migration leaves nothing behind.
    """

    def upgrade(connection: Connection) -> tuple[str, ...]:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        revisions = _pending_on(connection)
        command.upgrade(_config(connection), "head")
        for statement in _grants(connection.dialect.identifier_preparer.quote(app_role)):
            connection.execute(text(statement))
        return revisions

    return await _on_connection(owner_url, upgrade)


async def pending(url: str) -> tuple[str, ...]:
    """The revisions not yet applied, oldest first. Either login will do; changes nothing."""
    return await _on_connection(url, _pending_on)


def role_of(url: str) -> str | None:
    """The login that a URL names."""
    return make_url(url).username


def _pending_on(connection: Connection) -> tuple[str, ...]:
    script = ScriptDirectory.from_config(_config(connection))
    applied = set(MigrationContext.configure(connection).get_current_heads())
    done = {step.revision for step in script.iterate_revisions(tuple(applied), "base")} if applied else set[str]()
    return tuple(step.revision for step in reversed(list(script.walk_revisions())) if step.revision not in done)


def _grants(app_role: str) -> tuple[str, ...]:
    return (
        f"GRANT USAGE ON SCHEMA public TO {app_role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app_role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {app_role}",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {app_role}",
    )


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


async def _on_connection(url: str, work: Callable[[Connection], _T]) -> _T:
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool, connect_args={"timeout": 5}
    )
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    except (OSError, TimeoutError) as fault:
        raise Unavailable("The database does not answer.") from fault
    except DBAPIError as fault:
        if fault.connection_invalidated or isinstance(fault.orig, OSError | TimeoutError):
            raise Unavailable("The database does not answer.") from fault
        raise refusal_of(fault.orig) or fault from fault
    finally:
        await engine.dispose()

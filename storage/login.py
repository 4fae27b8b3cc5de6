"""Whether the service's login can walk round the second wall, and whether the server is new enough."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from errors import NotConfigured
from storage.database import Database

OLDEST_SERVER = 15

# Membership counts as much as being: a member of a role may SET ROLE to it.
_QUESTION = """
WITH mine AS (SELECT oid, rolsuper, rolbypassrls FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER'))
SELECT current_user AS name, current_setting('server_version_num')::int / 10000 AS server_version, now() AS server_time,
  EXISTS (SELECT FROM mine WHERE rolsuper) AS is_superuser,
  EXISTS (SELECT FROM mine WHERE rolbypassrls) AS bypasses_row_security,
  EXISTS (
    SELECT FROM pg_class JOIN mine ON mine.oid = relowner JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema')
  ) AS owns_tables
"""


@dataclass(frozen=True, slots=True)
class Login:
    """What the server says of the login and itself; each of the last three also when it may become such a role."""

    name: str
    server_version: int
    server_time: datetime
    is_superuser: bool
    bypasses_row_security: bool
    owns_tables: bool


async def get_login(database: Database) -> Login:
    """Raises Unavailable when the server does not answer, NotConfigured when it does not let us in."""
    try:
        [row] = await database.fetch(_QUESTION)
    except asyncpg.PostgresError as fault:
        raise refusal_of(fault) or fault from fault
    return Login(*row)


def problems_of(login: Login) -> tuple[str, ...]:
    """Why the service must not run on this login, each with its remedy; empty when it may."""
    reasons = {
        "is a superuser or may become one": login.is_superuser,
        "has BYPASSRLS or may become a role that has": login.bypasses_row_security,
        "owns tables or may become their owner": login.owns_tables,
    }
    return (
        *(
            f"The login {login.name} {reason} and so walks round row-level security:"
            " give GATEHOUSE_DATABASE_URL a plain login, and keep the owner's for GATEHOUSE_DATABASE_OWNER_URL."
            for reason, holds in reasons.items()
            if holds
        ),
        *(
            (f"The server is PostgreSQL {login.server_version}: use {OLDEST_SERVER} or newer.",)
            if login.server_version < OLDEST_SERVER
            else ()
        ),
    )


def refusal_of(fault: BaseException | None) -> NotConfigured | None:
    """The error to raise instead when the server turned the login away or lacks the database; None for other faults."""
    state = getattr(fault, "sqlstate", None) or ""
    if not state.startswith(("28", "3D")) and state != "42501":
        return None
    return NotConfigured(
        f"The database refuses: {fault}. Check login, password and database in GATEHOUSE_DATABASE_URL"
        " (for migrations in GATEHOUSE_DATABASE_OWNER_URL)."
    )


async def require_walled_login(database: Database) -> None:
    """Raises NotConfigured when `problems_of` the login finds any. For every start of a server or worker."""
    problems = problems_of(await get_login(database))
    if problems:
        raise NotConfigured("\n".join(problems))

"""The embedded servers as an application meets them: two logins, neither above the law, and a clean schema to fill."""

from typing import Any

import asyncpg
import redis.asyncio

from storage.database import Database
from storage.migrate import migrate, pending
from tests.parts import DatabaseUrls


async def test_the_application_login_is_nobody_special(database: Database) -> None:
    [row] = await database.fetch(
        "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    assert tuple(row) == ("gatehouse_app", False, False, False, False)


async def test_the_owner_is_no_superuser_and_owns_the_database(database_urls: DatabaseUrls) -> None:
    owner = await asyncpg.connect(database_urls.owner)
    row = await owner.fetchrow(
        "SELECT rolname, rolsuper, rolbypassrls, datdba = pg_roles.oid AS owns FROM pg_roles"
        " JOIN pg_database ON datname = current_database() WHERE rolname = current_user"
    )
    await owner.close()
    assert row is not None
    assert tuple(row) == ("gatehouse_owner", False, False, True)


async def test_the_servers_listen_on_no_port(database: Database, redis_url: str) -> None:
    [row] = await database.fetch("SELECT current_setting('listen_addresses')")
    assert row[0] == ""
    client: Any = redis.asyncio.from_url(redis_url)
    assert await client.config_get("port") == {"port": "0"}
    await client.aclose()


async def test_each_test_has_a_database_of_its_own_that_is_migrated(database_urls: DatabaseUrls) -> None:
    assert await pending(database_urls.app) == ()
    assert await pending(database_urls.owner) == ()


async def test_migrating_again_changes_nothing(database_urls: DatabaseUrls) -> None:
    assert await migrate(database_urls.owner, "gatehouse_app") == ()

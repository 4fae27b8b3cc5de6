"""The service refuses a login that could walk round the second wall, on a real PostgreSQL."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import make_url

from errors import NotConfigured
from storage.database import connect
from storage.embedded import postgres
from storage.login import check_login
from tests import parts as embedded


@pytest.fixture
async def admin(parts: embedded.TestParts, database_urls: embedded.DatabaseUrls) -> AsyncIterator[asyncpg.Connection]:
    """The superuser, on the test's own database, which has a gated table."""
    name = str(make_url(database_urls.owner).database)
    connection = await asyncpg.connect(parts.running.addresses.postgres.url(postgres.SUPERUSER, name))
    await connection.execute(f"SET ROLE {postgres.OWNER}; CREATE TABLE gated_thing (required_feature text NOT NULL)")
    await connection.execute("ALTER TABLE gated_thing ENABLE ROW LEVEL SECURITY; RESET ROLE")
    yield connection
    await connection.close()


async def complaint(url: str) -> str:
    handle = connect(url)
    try:
        await check_login(handle)
    except NotConfigured as refusal:
        return refusal.message
    finally:
        await handle.close()
    return ""


async def test_the_service_s_own_login_is_accepted(
    admin: asyncpg.Connection, database_urls: embedded.DatabaseUrls
) -> None:
    assert await complaint(database_urls.app) == ""


async def test_the_owner_is_refused(admin: asyncpg.Connection, database_urls: embedded.DatabaseUrls) -> None:
    said = await complaint(database_urls.owner)
    assert "owns the gated table gated_thing" in said
    assert "GATEHOUSE_DATABASE_URL" in said
    assert "superuser" not in said


async def test_a_superuser_is_refused(admin: asyncpg.Connection, database_urls: embedded.DatabaseUrls) -> None:
    superuser = database_urls.owner.replace(postgres.OWNER, postgres.SUPERUSER)
    assert "is a superuser" in await complaint(superuser)


@pytest.mark.parametrize(
    ("grant", "revoke", "says"),
    [
        (f"ALTER ROLE {postgres.APP} BYPASSRLS", f"ALTER ROLE {postgres.APP} NOBYPASSRLS", "BYPASSRLS"),
        (
            f"GRANT {postgres.OWNER} TO {postgres.APP}",
            f"REVOKE {postgres.OWNER} FROM {postgres.APP}",
            "may become its owner",
        ),
    ],
)
async def test_a_login_that_was_given_too_much_is_refused(
    admin: asyncpg.Connection, database_urls: embedded.DatabaseUrls, grant: str, revoke: str, says: str
) -> None:
    await admin.execute(grant)
    try:
        assert says in await complaint(database_urls.app)
    finally:
        await admin.execute(revoke)
    assert await complaint(database_urls.app) == ""

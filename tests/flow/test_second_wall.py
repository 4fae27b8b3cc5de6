"""The second wall, alone: what PostgreSQL itself shows to a session, whatever the resolvers do."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from storage.database import Database, connect
from storage.wall import wall_value, walled
from tests.parts import DatabaseUrls

VAULT = """
CREATE TABLE vault (id text PRIMARY KEY, required_feature text NOT NULL, secret text NOT NULL);
INSERT INTO vault
  SELECT 'v' || i, CASE WHEN i % 2 = 0 THEN 'even' ELSE 'odd' END, 'secret ' || i FROM generate_series(1, 400) i;
ALTER TABLE vault ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault FORCE ROW LEVEL SECURITY;
CREATE POLICY holders ON vault FOR SELECT
  USING (required_feature = ANY(string_to_array(current_setting('gatehouse.features', true), ',')));
GRANT SELECT ON vault TO gatehouse_app;
ANALYZE vault
"""
SHAPES = {
    "by key": "SELECT id, secret FROM vault WHERE id = ANY(:ids)",
    "sorted and cut": "SELECT id, secret FROM vault WHERE id = ANY(:ids) ORDER BY secret LIMIT 10",
    "joined": "SELECT a.id, b.secret FROM vault a JOIN vault b USING (id) WHERE a.id = ANY(:ids)",
    "subquery": "SELECT id, (SELECT secret FROM vault i WHERE i.id = o.id) FROM unnest(CAST(:ids AS text[])) AS o(id)"
    " WHERE EXISTS (SELECT 1 FROM vault e WHERE e.id = o.id)",
    "common table": "WITH seen AS MATERIALIZED (SELECT * FROM vault) SELECT id, secret FROM seen WHERE id = ANY(:ids)",
}
IDS = {"ids": ["v1", "v2", "v3", "v4"]}


@pytest.fixture
async def vault(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    owner = connect(database_urls.owner)
    async with owner.transaction() as connection:
        for statement in VAULT.split(";\n"):
            await connection.execute(text(statement))
    await owner.close()
    service = connect(database_urls.app, pool_size=1)
    yield service
    await service.close()


@pytest.mark.parametrize("shape", SHAPES)
async def test_only_the_rows_of_held_features_come(vault: Database, shape: str) -> None:
    for _ in range(7):  # past the five custom plans after which a prepared statement may get a generic one
        for features, expected in (
            (["even"], ["v2", "v4"]),
            (["odd"], ["v1", "v3"]),
            ([], []),
            (["even", "odd"], IDS["ids"]),
        ):
            rows = await vault.fetch_walled(features, SHAPES[shape], IDS)
            assert sorted(found for found, secret in map(tuple, rows) if secret is not None) == expected, (
                shape,
                features,
            )


@pytest.mark.parametrize("shape", SHAPES)
async def test_the_setting_is_made_before_any_table_is_read(vault: Database, shape: str) -> None:
    """The plan: `set_config` is the outer side of the nested loop, and each scan stands below its inner side."""
    query = SHAPES[shape].replace(":ids", "ARRAY['v1','v2']")
    async with vault.transaction() as connection:
        plan = (await connection.execute(text(f"EXPLAIN {walled_sql(query)}"))).all()
    lines = [str(row[0]) for row in plan]
    assert lines[0].startswith("Nested Loop")
    setting = next(i for i, line in enumerate(lines) if "Function Scan on set_config" in line)
    scans = [i for i, line in enumerate(lines) if " on vault" in line or "vault_pkey" in line]
    assert scans
    assert all(scan > setting for scan in scans), "\n".join(lines)


def walled_sql(query: str) -> str:
    """The text that `fetch_walled` sends, with its one parameter filled in."""
    return walled(query).replace(":wall_features", "'even'")


async def test_without_the_setting_no_row_comes_and_none_stays_behind(vault: Database) -> None:
    everything = "SELECT * FROM vault"
    assert await vault.fetch(everything) == []
    await vault.fetch_walled(["even", "odd"], SHAPES["by key"], IDS)
    assert await vault.fetch(everything) == []  # the same pooled connection: the setting died with its statement
    async with vault.walled_transaction(["odd"]) as connection:
        assert len((await connection.execute(text(everything))).all()) == 200
    assert await vault.fetch(everything) == []


async def test_counting_and_probing_see_only_the_visible_rows(vault: Database) -> None:
    assert (await vault.fetch_walled(["even"], "SELECT count(*) FROM vault", {}))[0][0] == 200
    probe = "SELECT id FROM vault WHERE secret LIKE '%secret 1%'"
    assert all(int(row[0][1:]) % 2 == 0 for row in await vault.fetch_walled(["even"], probe, {}))


def test_a_feature_key_cannot_break_out_of_the_setting() -> None:
    assert wall_value({"b", "a"}) == "a,b"
    for hostile in ("a,b", "a' --", "", "A", "é"):
        with pytest.raises(ValueError, match="feature key"):
            wall_value([hostile])

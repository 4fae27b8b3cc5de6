"""The authority: every member's grants, read in one statement, so always at one committed revision."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import sqlalchemy
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gating.codec import canonical
from gating.model import Grant, LevelGrant, LimitGrant, Snapshot, Source
from gating.seats import BOUGHT, SEATS, SEATS_LIMIT
from gating.values import Override, ValueKind
from storage.database import Database
from storage.rows import Row as ReadRow

CONTENT = f"""
    SELECT e.member_id, e.revision, e.changed_at, g.*
    FROM member_entitlement AS e LEFT JOIN LATERAL (
        WITH seat AS ({SEATS})
        SELECT 'grant' AS part, feature AS name, NULL::bigint AS number, plan AS word,
               source, source_id, starts_at, ends_at, NULL AS organization
        FROM entitlement_grant WHERE member_id = e.member_id
        UNION ALL
        SELECT 'limit', name, value, NULL, source, source_id, starts_at, ends_at, NULL
        FROM limit_grant WHERE member_id = e.member_id
        UNION ALL
        SELECT 'level', name, NULL, value, source, source_id, starts_at, ends_at, NULL
        FROM level_grant WHERE member_id = e.member_id
        UNION ALL
        SELECT 'grant', feature, NULL, plan, 'seat', organization_id, starts_at, ends_at, NULL
        FROM seat JOIN entitlement_grant ON member_id = payer_id WHERE source {BOUGHT}
        UNION ALL
        SELECT 'limit', name, value, NULL, 'seat', organization_id, starts_at, ends_at, NULL
        FROM seat JOIN limit_grant ON member_id = payer_id WHERE source {BOUGHT} AND name <> '{SEATS_LIMIT}'
        UNION ALL
        SELECT 'level', name, NULL, value, 'seat', organization_id, starts_at, ends_at, NULL
        FROM seat JOIN level_grant ON member_id = payer_id WHERE source {BOUGHT}
        UNION ALL
        SELECT 'override', key, NULL, value::text, kind, source_id, starts_at, ends_at, organization
        FROM entitlement_override WHERE member_id = e.member_id
        UNION ALL
        SELECT 'override', key, NULL, value::text, kind, source_id, starts_at, ends_at, organization_id
        FROM organization_member JOIN organization_override USING (organization_id) WHERE member_id = e.member_id
        UNION ALL
        SELECT 'country', country, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM entitlement_country WHERE member_id = e.member_id
    ) AS g ON true
    WHERE e.member_id = ANY(:member_ids)
"""  # noqa: S608 - constants
"""One row for each thing held; a member who holds nothing has one row whose `part` is null; an unknown one has none."""

Row = ReadRow | sqlalchemy.Row[Any]


class PostgresSnapshots:
    """A SnapshotSource. Reads the primary; a member nobody has heard of has revision 0 and no grants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_snapshot(self, member_id: str) -> Snapshot:
        rows = await self._database.fetch(CONTENT, {"member_ids": [member_id]})
        return snapshot_from(member_id, rows)


async def read_snapshot(connection: AsyncConnection, member_id: str) -> Snapshot:
    """As this transaction sees it."""
    return snapshot_from(member_id, (await connection.execute(text(CONTENT), {"member_ids": [member_id]})).all())


def snapshot_from(member_id: str, rows: Iterable[Row]) -> Snapshot:
    """The snapshot in those rows of CONTENT that are the member's, in canonical order."""
    own: Sequence[Row] = [row for row in rows if row.member_id == member_id]
    revision = own[0].revision if own else 0
    return canonical(
        Snapshot(
            member_id,
            revision,
            tuple(_grant(row) for row in own if row.part == "grant"),
            tuple(_limit(row) for row in own if row.part == "limit"),
            tuple(_level(row) for row in own if row.part == "level"),
            tuple(_override(row) for row in own if row.part == "override"),
            own[0].changed_at if own else None,
            tuple(row.name for row in own if row.part == "country"),
        )
    )


def _grant(row: Row) -> Grant:
    return Grant(row.name, Source(row.source), row.source_id, row.word, row.starts_at, row.ends_at)


def _limit(row: Row) -> LimitGrant:
    return LimitGrant(row.name, row.number, Source(row.source), row.source_id, row.starts_at, row.ends_at)


def _level(row: Row) -> LevelGrant:
    return LevelGrant(row.name, row.word, Source(row.source), row.source_id, row.starts_at, row.ends_at)


def _override(row: Row) -> Override:
    kind, value = ValueKind(row.source), orjson.loads(row.word)
    return Override(kind, row.name, value, row.source_id, row.organization, row.starts_at, row.ends_at)

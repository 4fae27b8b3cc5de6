"""Recording usage: each event counts once."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from metering.model import DAILY_FEATURE, UsageEvent
from storage.database import Database

INSERT_NEW = text("""
    INSERT INTO usage_event (member_id, key, meter, quantity, subject_id, occurred_at)
    SELECT * FROM unnest(CAST(:members AS text[]), CAST(:keys AS text[]), CAST(:meters AS text[]),
                         CAST(:quantities AS bigint[]), CAST(:subjects AS text[]), CAST(:instants AS timestamptz[]))
    ON CONFLICT (member_id, key) DO NOTHING
    RETURNING member_id, key
""")

COUNT_MONTH = text("""
    INSERT INTO usage_counter (member_id, month, meter, used)
    SELECT member_id, date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date, meter, sum(quantity)
    FROM usage_event WHERE (member_id, key) IN (SELECT * FROM unnest(CAST(:members AS text[]), CAST(:keys AS text[])))
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (member_id, month, meter) DO UPDATE SET used = usage_counter.used + excluded.used
""")

COUNT_DAY = text("""
    INSERT INTO usage_daily (member_id, day, meter, used)
    SELECT member_id, (occurred_at AT TIME ZONE 'UTC')::date, meter, sum(quantity)
    FROM usage_event WHERE (member_id, key) IN (SELECT * FROM unnest(CAST(:members AS text[]), CAST(:keys AS text[])))
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (member_id, day, meter) DO UPDATE SET used = usage_daily.used + excluded.used
""")


async def record_usage(database: Database, events: Sequence[UsageEvent]) -> frozenset[tuple[str, str]]:
    """Counts those of `events` not seen before, in one transaction; answers their (member id, key) pairs.

    An event whose key the member has used before changes nothing, whatever else it says. Safe to repeat.
    """
    # To add to a daily total is to read it, so this transaction holds the wall's feature whoever the member is.
    async with database.walled_transaction({DAILY_FEATURE}) as connection:
        return await record_usage_in(connection, events)


async def record_usage_in(connection: AsyncConnection, events: Sequence[UsageEvent]) -> frozenset[tuple[str, str]]:
    """`record_usage` as part of a transaction of the caller, which must see behind the wall of daily totals."""
    inserted = await connection.execute(
        INSERT_NEW,
        {
            "members": [event.member_id for event in events],
            "keys": [event.key for event in events],
            "meters": [event.meter for event in events],
            "quantities": [event.quantity for event in events],
            "subjects": [event.subject_id for event in events],
            "instants": [event.occurred_at for event in events],
        },
    )
    new = [(row.member_id, row.key) for row in inserted]
    if new:
        counted = {"members": [member_id for member_id, _ in new], "keys": [key for _, key in new]}
        await connection.execute(COUNT_MONTH, counted)
        await connection.execute(COUNT_DAY, counted)
    return frozenset(new)

"""Setting right a cache that claims a revision which the database never had."""

from datetime import datetime

from sqlalchemy import text

from gating.record import CHANNEL, LEAVE_TO_PUBLISH, NOTIFY
from storage.database import Database

OUTRUN = text(
    "UPDATE member_entitlement SET revision = GREATEST(revision, :revision) + 1, changed_at = :now"
    " WHERE member_id = :member_id RETURNING revision"
)


async def outrun(database: Database, member_id: str, revision: int, now: datetime) -> int:
    """Raises the member's revision above `revision`, with what it holds as it is, and leaves it to publish.

    A cache never takes a lower revision than it has, so this is the way past an entry that should not be there.
    """
    async with database.transaction() as connection:
        raised: int = (
            await connection.execute(OUTRUN, {"member_id": member_id, "revision": revision, "now": now})
        ).scalar_one()
        await connection.execute(LEAVE_TO_PUBLISH, {"member_id": member_id, "revision": raised})
        await connection.execute(NOTIFY, {"channel": CHANNEL, "member_id": member_id})
    return raised

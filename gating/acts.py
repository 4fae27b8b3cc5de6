"""Who set what by hand, and why: kept for ever, and named in the log of entitlements."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

RECORD = text(
    "INSERT INTO operator_act (actor, what, subject, case_id, reason, detail, recorded_at)"
    " VALUES (:actor, :what, :subject, :case_id, :reason, CAST(:detail AS jsonb), :now)"
)


@dataclass(frozen=True, slots=True)
class Act:
    """`actor` is an operator's name; `case` what it is filed under, such as a ticket; `reason` may be empty."""

    actor: str
    case: str
    reason: str = ""

    def cause(self, what: str) -> str:
        """In words, for the log of entitlements."""
        return f"{what} by {self.actor} for {self.case}" + (f": {self.reason}" if self.reason else "")


async def record_act(
    connection: AsyncConnection, act: Act, what: str, subject: str, detail: Mapping[str, Any], now: datetime
) -> None:
    """In the transaction of what was done. `subject` is the id or key of what it was done to."""
    row = {"actor": act.actor, "what": what, "subject": subject, "case_id": act.case, "reason": act.reason, "now": now}
    await connection.execute(RECORD, {**row, "detail": orjson.dumps(detail).decode()})

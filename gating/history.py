"""What a member held at a past instant, from the append-only log; and since when it holds each thing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from gating.codec import decode_content
from gating.explain import Reason
from gating.model import Snapshot
from storage.database import Database

LONGEST = 500
"""Changes looked at, the latest first: what is older was then always there."""

HISTORY = (
    "SELECT revision, cause, recorded_at, after FROM entitlement_log"
    " WHERE member_id = :member_id AND recorded_at <= :at ORDER BY revision DESC LIMIT :longest"
)


RECENT = "SELECT member_id, revision FROM member_entitlement WHERE changed_at > :since ORDER BY member_id"


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log: `snapshot` is what was held from `recorded_at` on."""

    snapshot: Snapshot
    cause: str
    recorded_at: datetime


async def list_changes(database: Database, member_id: str, at: datetime) -> Sequence[Change]:
    """Those recorded until `at`, inclusive, the latest first; without any the member held nothing of its own."""
    rows = await database.fetch(HISTORY, {"member_id": member_id, "at": at, "longest": LONGEST})
    return [Change(decode_content(member_id, row.revision, row.after), row.cause, row.recorded_at) for row in rows]


async def list_recent_revisions(database: Database, since: datetime) -> Sequence[tuple[str, int]]:
    """The members whose entitlements have changed since, each with its present revision."""
    return [(row.member_id, row.revision) for row in await database.fetch(RECENT, {"since": since})]


def origin_of(reason: Reason, changes: Sequence[Change]) -> Change | None:
    """The change that brought `reason`: the oldest of the unbroken run of changes that have it, back from the latest.

    None when the latest has it not: it is then everybody's and nobody stores it.
    """
    origin = None
    for change in changes:
        if reason not in _reasons(change.snapshot):
            break
        origin = change
    return origin


def _reasons(snapshot: Snapshot) -> Iterator[Reason]:
    yield from snapshot.grants
    yield from snapshot.limits
    yield from snapshot.levels
    yield from snapshot.overrides

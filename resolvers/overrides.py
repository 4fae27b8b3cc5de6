"""Setting by hand what members hold, as operators do it."""

from dataclasses import dataclass
from datetime import datetime

from billing.by_hand import kinds_of, setting_of
from errors import BadInput
from gating.acts import Act
from gating.organizations import find_organizations
from gating.overrides import (
    remove_organization_override,
    remove_override,
    set_organization_override,
    set_override,
)
from gating.values import Override, ValueKind
from identity.members import find_member
from resolvers.context import Info
from resolvers.explained import in_words
from resolvers.inputs import is_id, text_of
from resolvers.outcome import Outcome, not_found

LONGEST_REASON = 1000


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom something is set for: `member_id` or `organization_id`."""

    member_id: str | None
    organization_id: str | None


@dataclass(frozen=True, slots=True)
class Setting:
    """What was set or removed; `changed` is how many members now hold something else."""

    kind: ValueKind
    key: str
    value: str | None
    case: str
    ends_at: datetime | None
    changed: int


async def set_by_hand(
    info: Info, holder: Holder, key: str, value: str, ends_at: datetime | None, case: str, reason: str
) -> Outcome[Setting]:
    services, act = info.context.services, act_of(info, case, reason)
    if ends_at is not None and ends_at.tzinfo is None:
        raise BadInput("`endsAt` has no time zone: end it with Z, or with an offset such as +01:00.")
    kind, setting = setting_of(services.catalogue, key, text_of("value", value))
    wanted = Override(kind, key, setting, act.case, ends_at=ends_at)
    missing = await _missing(info, holder)
    if missing:
        return missing
    now, changed = services.clock.now(), 0
    async with services.database.transaction() as connection:
        if holder.member_id is not None:
            revision = await set_override(connection, holder.member_id, wanted, act=act, now=now)
            changed = 0 if revision is None else 1
        if holder.organization_id is not None:
            revisions = await set_organization_override(connection, holder.organization_id, wanted, act=act, now=now)
            changed = len(revisions)
    return Outcome(Setting(kind, key, in_words(setting), act.case, ends_at, changed))


async def remove_by_hand(info: Info, holder: Holder, key: str, case: str, reason: str) -> Outcome[Setting]:
    """Every override of the key; nothing there is not found."""
    services, act = info.context.services, act_of(info, case, reason)
    kinds_of(services.catalogue, key)
    missing = await _missing(info, holder)
    if missing:
        return missing
    now, removed = services.clock.now(), list[ValueKind]()
    async with services.database.transaction() as connection:
        for kind in ValueKind:
            if holder.member_id is not None:
                gone = await remove_override(connection, holder.member_id, kind, key, act=act, now=now) is not None
            else:
                id = holder.organization_id or ""
                gone = await remove_organization_override(connection, id, kind, key, act=act, now=now)
            removed += [kind] if gone else []
    if not removed:
        return not_found("override of this key", "key")
    return Outcome(Setting(removed[0], key, None, act.case, None, len(removed)))


def act_of(info: Info, case: str, reason: str) -> Act:
    why = text_of("reason", reason, longest=LONGEST_REASON) if reason.strip() else ""
    return Act(info.context.principal.subject, text_of("case", case), why)


async def _missing(info: Info, holder: Holder) -> Outcome[Setting] | None:
    database = info.context.services.database
    if (holder.member_id is None) == (holder.organization_id is None):
        raise BadInput("Name either `memberId` or `organizationId`: whom it is for.")
    if holder.member_id is not None:
        known = is_id(holder.member_id) and await find_member(database, holder.member_id)
        return None if known else not_found("member", "memberId")
    id = holder.organization_id or ""
    known = is_id(id) and await find_organizations(database, [id])
    return None if known else not_found("organisation", "organizationId")

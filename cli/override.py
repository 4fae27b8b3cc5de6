"""Set by hand what a member holds, whatever was bought, and take that back.

    gatehouse override set mem_… api_access on --case TICKET-7 --until 2026-12-31
    gatehouse override set mem_… projects 200 --case TICKET-8        a number, or `unlimited`
    gatehouse override set mem_… support_level priority --case TICKET-9
    gatehouse override remove mem_… projects                          every override of that key

`on` and `off` set a feature, numbers a limit or quota, words a level. It stands until it ends or is removed, shows in
`explainAccess` with its case, and reaches every process by a running worker.
"""

import argparse
import asyncio
import os
from datetime import UTC, datetime

from billing.catalogue import load_catalogue
from billing.model import Catalogue
from cli.parts import complete_settings, service_database
from cli.progress import Progress
from clock import SystemClock
from errors import BadInput
from gating.model import Override, Value, ValueKind
from gating.overrides import remove_override, set_override
from identity.members import find_member
from settings import Settings, load_settings

SWITCH = {"on": True, "off": False}
UNLIMITED = "unlimited"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="set|remove")
    setting, removing = actions.add_parser("set"), actions.add_parser("remove")
    for action in (setting, removing):
        action.add_argument("member", help="the id of the member")
        action.add_argument("key", help="the key of a feature, limit, quota or level of the catalogue")
    setting.add_argument("value", help="on, off, a number, unlimited, or a word of the level's scale")
    setting.add_argument("--case", required=True, help="what it is for, such as a ticket; it shows in explanations")
    setting.add_argument("--until", help="when it ends, as 2026-12-31 or with a time and zone; never when not given")


def main(arguments: argparse.Namespace) -> int:
    settings, progress = load_settings(os.environ), Progress()
    catalogue = load_catalogue(settings.catalog)
    wanted = override_of(catalogue, arguments) if arguments.action == "set" else None
    if wanted is None:
        kinds_of(catalogue, arguments.key)
    with complete_settings(settings, progress) as complete:
        revision = asyncio.run(_record(complete, arguments.member, arguments.key, wanted))
    print("Nothing changed." if revision is None else f"{arguments.member} is at revision {revision} now.")
    return 0


def override_of(catalogue: Catalogue, arguments: argparse.Namespace) -> Override:
    """Raises BadInput with the remedy."""
    kind, value = setting_of(catalogue, arguments.key, arguments.value)
    return Override(kind, arguments.key, value, arguments.case, ends_at=_instant(arguments.until))


def setting_of(catalogue: Catalogue, key: str, word: str) -> tuple[ValueKind, Value]:
    """What sort of thing `word` sets, by its form and by what goes by `key`. Raises BadInput."""
    kinds = kinds_of(catalogue, key)
    if ValueKind.FEATURE in kinds and word in SWITCH:
        return ValueKind.FEATURE, SWITCH[word]
    if ValueKind.LIMIT in kinds and (word == UNLIMITED or word.isdecimal()):
        return ValueKind.LIMIT, None if word == UNLIMITED else int(word)
    if ValueKind.LEVEL in kinds and word in catalogue.levels[key].scale:
        return ValueKind.LEVEL, word
    forms = {
        ValueKind.FEATURE: "on or off",
        ValueKind.LIMIT: f"a number or {UNLIMITED}",
        ValueKind.LEVEL: "one of " + ", ".join(catalogue.levels[key].scale if key in catalogue.levels else ()),
    }
    raise BadInput(f"`{word}` cannot be set for {key}: give {'; or '.join(forms[kind] for kind in kinds)}.")


def kinds_of(catalogue: Catalogue, key: str) -> list[ValueKind]:
    """All that goes by `key`. Raises BadInput when nothing does."""
    known = {
        ValueKind.FEATURE: catalogue.features,
        ValueKind.LIMIT: catalogue.limits,
        ValueKind.LEVEL: catalogue.levels,
    }
    kinds = [kind for kind, keys in known.items() if key in keys]
    if not kinds:
        every = sorted({key for keys in known.values() for key in keys})
        raise BadInput(f"The catalogue has no `{key}`: name one of {', '.join(every)}.")
    return kinds


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--until: `{text}` is no date: write it as 2026-12-31 or 2026-12-31T18:00:00Z.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def _record(settings: Settings, member_id: str, key: str, wanted: Override | None) -> int | None:
    now, revision = SystemClock().now(), None
    async with service_database(settings) as database:
        if await find_member(database, member_id) is None:
            raise BadInput(f"There is no member `{member_id}`: check the id.")
        async with database.transaction() as connection:
            if wanted is not None:
                return await set_override(connection, member_id, wanted, cause=f"override: {wanted.source_id}", now=now)
            for kind in ValueKind:
                gone = await remove_override(connection, member_id, kind, key, cause="override removed", now=now)
                revision = gone or revision
    return revision

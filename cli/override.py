"""Set by hand what a member holds, or all members of an organisation, whatever was bought; and take that back.

    gatehouse override set mem_… api_access on --case TICKET-7 --until 2026-12-31
    gatehouse override set mem_… projects 200 --case TICKET-8        a number, or `unlimited`
    gatehouse override set org_… support_level priority --organization --case TICKET-9
    gatehouse override remove mem_… projects --case TICKET-8          every override of that key

`on` and `off` set a feature, numbers a limit or quota, words a level. It stands until it ends or is removed, shows in
`explainAccess` with who, why and the case, and reaches every process by a running worker. A member's own stands over
those of its organisations.
"""

import argparse
import asyncio
import os

from billing.by_hand import kinds_of, setting_of
from billing.catalogue import load_catalogue
from cli.acting import act_of, add_act_arguments, instant_of
from cli.announced import clock_of
from cli.parts import complete_settings, service_database
from cli.progress import Progress
from errors import BadInput
from gating.overrides import (
    remove_organization_override,
    remove_override,
    set_organization_override,
    set_override,
)
from gating.values import Override, ValueKind
from identity.members import find_member
from settings import Settings, load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="set|remove")
    setting, removing = actions.add_parser("set"), actions.add_parser("remove")
    for action in (setting, removing):
        action.add_argument("holder", help="the id of the member, or of the organisation")
        action.add_argument("key", help="the key of a feature, limit, quota or level of the catalogue")
        action.add_argument("--organization", action="store_true", help="for all members of an organisation")
        add_act_arguments(action)
    setting.add_argument("value", help="on, off, a number, unlimited, or a word of the level's scale")
    setting.add_argument("--until", help="when it ends, as 2026-12-31 or with a time and zone; never when not given")


def main(arguments: argparse.Namespace) -> int:
    settings, progress = load_settings(os.environ), Progress()
    catalogue = load_catalogue(settings.catalog)
    kinds_of(catalogue, arguments.key)
    wanted = None
    if arguments.action == "set":
        kind, value = setting_of(catalogue, arguments.key, arguments.value)
        ends_at = instant_of("--until", arguments.until)
        wanted = Override(kind, arguments.key, value, arguments.case, ends_at=ends_at)
    with complete_settings(settings, progress) as complete:
        record = _record_for_all if arguments.organization else _record
        print(asyncio.run(record(complete, arguments, wanted)))
    return 0


async def _record(settings: Settings, arguments: argparse.Namespace, wanted: Override | None) -> str:
    """For one member."""
    now, member_id, act, revision = clock_of(settings).now(), arguments.holder, act_of(arguments), None
    async with service_database(settings) as database:
        if await find_member(database, member_id) is None:
            raise BadInput(f"There is no member `{member_id}`: check the id.")
        async with database.transaction() as connection:
            if wanted is not None:
                revision = await set_override(connection, member_id, wanted, act=act, now=now)
            for kind in ValueKind if wanted is None else ():
                gone = await remove_override(connection, member_id, kind, arguments.key, act=act, now=now)
                revision = gone or revision
    return "Nothing changed." if revision is None else f"{member_id} is at revision {revision} now."


async def _record_for_all(settings: Settings, arguments: argparse.Namespace, wanted: Override | None) -> str:
    """For an organisation."""
    now, id, act = clock_of(settings).now(), arguments.holder, act_of(arguments)
    async with service_database(settings) as database, database.transaction() as connection:
        if wanted is not None:
            changed = await set_organization_override(connection, id, wanted, act=act, now=now)
            return f"Set for {id}: {len(changed)} of its members now hold something else."
        kinds = [
            kind
            for kind in ValueKind
            if await remove_organization_override(connection, id, kind, arguments.key, act=act, now=now)
        ]
    return f"Removed from {id}." if kinds else "Nothing changed."

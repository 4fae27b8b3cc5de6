"""Organisations: who belongs to them, and who has the seats that one of them pays for.

    gatehouse organization create org_… "The Daily" --payer mem_… --case TICKET-1
    gatehouse organization join org_… mem_… --seat --case TICKET-2     again without --seat to free the seat
    gatehouse organization leave org_… mem_… --case TICKET-3

A seat gives what the payer's subscriptions give the payer, as long as they do; there are as many as the payer's limit
`seats`. What is set for an organisation (`gatehouse override … --organization`) holds for all who belong to it.
"""

import argparse
import asyncio
import os

from cli.acting import act_of, add_act_arguments
from cli.announced import clock_of
from cli.parts import complete_settings, service_database
from cli.progress import Progress
from errors import BadInput
from gating.organizations import create_organization, join_organization, leave_organization
from identity.members import find_member
from settings import Settings, load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="create|join|leave")
    creating, joining, leaving = (actions.add_parser(name) for name in ("create", "join", "leave"))
    for action in (creating, joining, leaving):
        action.add_argument("organization", help="the id of the organisation")
    creating.add_argument("name", help="what it is called")
    creating.add_argument("--payer", metavar="MEMBER", help="the member whose subscriptions give its seats")
    for action in (joining, leaving):
        action.add_argument("member", help="the id of the member")
    joining.add_argument("--seat", action="store_true", help="with a seat")
    for action in (creating, joining, leaving):
        add_act_arguments(action)


def main(arguments: argparse.Namespace) -> int:
    settings, progress = load_settings(os.environ), Progress()
    with complete_settings(settings, progress) as complete:
        print(asyncio.run(_act(complete, arguments)))
    return 0


async def _act(settings: Settings, arguments: argparse.Namespace) -> str:
    now, id, act = clock_of(settings).now(), arguments.organization, act_of(arguments)
    creating = arguments.action == "create"
    member_id: str = (arguments.payer if creating else arguments.member) or ""
    async with service_database(settings) as database:
        if member_id and await find_member(database, member_id) is None:
            raise BadInput(f"There is no member `{member_id}`: check the id.")
        async with database.transaction() as connection:
            if creating:
                if await create_organization(connection, id, arguments.name, member_id or None, act=act, now=now):
                    return f"{id} is there."
                raise BadInput(f"There is an organisation `{id}` already, or `{member_id}` pays for another.")
            if arguments.action == "join":
                revision = await join_organization(connection, id, member_id, seat=arguments.seat, act=act, now=now)
                return f"{member_id} belongs to {id}." + (f" It is at revision {revision} now." if revision else "")
            gone = await leave_organization(connection, id, member_id, act=act, now=now)
    return f"{member_id} has left {id}." if gone else "Nothing changed."

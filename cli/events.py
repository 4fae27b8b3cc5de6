"""List, show and replay the events that Stripe has sent, and the dead letters: what could not be done with them.

    gatehouse events list [--type TYPE] [--customer cus_…]     the latest arrival first
    gatehouse events show evt_…                                all that is known of one, with its body
    gatehouse events dead                                      what failed time and again, and why
    gatehouse events replay evt_… | cus_… | du_…               once more, by today's code

A replay reads the stored event anew and has its customer synced with Stripe; it never applies what the event says, so
any number of replays in any order do no harm. The work itself is done by a worker.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence

import orjson

from app import Tools, build_tools
from billing.dead_letters import list_dead_letters, revive
from billing.events import StripeEvent, find_event, find_event_body, list_events
from cli.announced import clock_of
from cli.parts import complete_settings
from cli.progress import Progress
from errors import BadInput
from settings import Settings, load_settings

ACTIONS = ("list", "show", "dead", "replay")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("ids", nargs="*", metavar="id", help="of an event, or of a dead letter")
    parser.add_argument("--type", help="only events of this type, such as invoice.paid")
    parser.add_argument("--customer", help="only events that name this customer")
    parser.add_argument("--limit", type=int, default=50, help="how many at most (default: %(default)s)")


def main(arguments: argparse.Namespace) -> int:
    if arguments.action in ("show", "replay") and not arguments.ids:
        raise BadInput(f"{arguments.action}: say which; `gatehouse events list` and `events dead` show the ids.")
    progress = Progress()
    with complete_settings(load_settings(os.environ), progress) as settings:
        progress.done()
        return asyncio.run(_act(arguments, settings))


async def _act(arguments: argparse.Namespace, settings: Settings) -> int:
    tools = build_tools(settings, clock=clock_of(settings))
    try:
        match arguments.action:
            case "list":
                return await _list(arguments, tools)
            case "dead":
                return await _dead(arguments, tools)
            case "show":
                return await _show(arguments.ids, tools)
            case _:
                return await _replay(arguments.ids, tools)
    finally:
        await tools.parts.close()


async def _list(arguments: argparse.Namespace, tools: Tools) -> int:
    found = await list_events(
        tools.parts.database, type=arguments.type, customer_id=arguments.customer, limit=arguments.limit
    )
    for event in found:
        print(_line(event))
    if not found:
        print("No event is kept that fits.")
    return 0


async def _dead(arguments: argparse.Namespace, tools: Tools) -> int:
    """1 when there are any, so that a monitor may ask."""
    letters = await list_dead_letters(tools.parts.database, limit=arguments.limit)
    for letter in letters:
        print(f"{letter.since:%Y-%m-%d %H:%M:%S}  {letter.id:30}  {letter.attempts:4} times  {letter.reason}")
    if not letters:
        print("There are no dead letters.")
    return 1 if letters else 0


async def _show(ids: Sequence[str], tools: Tools) -> int:
    for id in ids:
        event = await find_event(tools.parts.database, id)
        body = await find_event_body(tools.parts.database, id)
        if event is None or body is None:
            raise BadInput(f"{id}: there is no such event; `gatehouse events list` shows those kept.")
        print(_line(event))
        print(orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode())
    return 0


async def _replay(ids: Sequence[str], tools: Tools) -> int:
    """All that can be; 1 when there was one that cannot."""
    failed = 0
    for id in ids:
        body = await find_event_body(tools.parts.database, id)
        if body is not None:
            await tools.inbox.replay(body.encode())
            print(f"{id}: read again; a worker syncs its customer.")
        elif await _revived(id, tools):
            print(f"{id}: due again; a worker takes it up.")
        else:
            print(f"{id}: neither an event that is kept nor a dead letter.")
            failed = 1
    return failed


async def _revived(id: str, tools: Tools) -> bool:
    async with tools.parts.database.transaction() as connection:
        return await revive(connection, id)


def _line(event: StripeEvent) -> str:
    about = event.customer_id or event.object_id or ""
    return f"{event.received_at:%Y-%m-%d %H:%M:%S}  {event.id:30}  {event.state:8} {event.type:40} {about}"

"""Show what the catalogue file would change, or make it so.

    gatehouse catalog plan     what would change at Stripe, and which members would gain or lose which feature or limit
    gatehouse catalog apply    makes it so

`plan` changes nothing. `apply` refuses to change what was sold unless the file says that it means to (a new `version`
of the plan that keeps the old one under `earlier` or names it in `replaces`); it may be killed at any point and run
again. Restart the servers with the same file afterwards: until then workers save nothing, so that they cannot undo
it. Without a Stripe key only the members are looked at.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence

from app import Tools, build_tools
from billing.offers import Action, OfferChange, changes_between, offers_for
from billing.rollout import MemberChange, apply_to_members, list_member_changes
from billing.versions import find_broken_promises, get_applied
from cli.announced import clock_of
from cli.parts import complete_settings
from cli.progress import Progress
from errors import NotConfigured
from settings import Settings, load_settings

SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.REPLACE: "±"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("plan", "apply"))


def main(arguments: argparse.Namespace) -> int:
    progress = Progress()
    with complete_settings(load_settings(os.environ), progress) as settings:
        asyncio.run(_act(arguments.action, settings, progress))
        progress.done()
    return 0


async def _act(action: str, settings: Settings, progress: Progress) -> None:
    tools = build_tools(settings, clock=clock_of(settings))
    try:
        progress("comparing the catalogue with what was sold")
        async with tools.parts.database.transaction() as connection:
            applied = await get_applied(connection)
        problems = find_broken_promises(tools.parts.catalogue, applied)
        if problems:
            raise NotConfigured("\n".join(f"{settings.catalog}: {problem}" for problem in problems))
        progress("comparing with Stripe")
        changes = await _at_stripe(tools)
        progress("comparing members")
        former, now = applied.baseline, tools.parts.clock.now()
        batches = list_member_changes(tools.parts.database, tools.parts.catalogue, former, now)
        members = [change async for batch in batches for change in batch]
        if action == "apply":
            await _apply(tools, changes, progress)
        _tell(changes, members, said="were" if action == "apply" else "would be")
    finally:
        await tools.parts.close()


async def _at_stripe(tools: Tools) -> Sequence[OfferChange]:
    if tools.offers is None:
        return ()
    wanted = offers_for(tools.parts.catalogue)
    return changes_between(wanted, await tools.offers.fetch_offers(wanted))


async def _apply(tools: Tools, changes: Sequence[OfferChange], progress: Progress) -> None:
    for change in changes:
        if tools.offers:
            progress(f"{change.action} {change.offer.kind} {change.offer.key}")
            await tools.offers.make(change)
    parts = tools.parts
    await apply_to_members(
        parts.database, parts.catalogue, parts.clock.now(), lambda seen: progress(f"{seen} members gone through")
    )


def _tell(changes: Sequence[OfferChange], members: Sequence[MemberChange], *, said: str) -> None:
    for change in changes:
        differs = f": {', '.join(change.differs)}" if change.differs else ""
        print(f"{SIGNS[change.action]} {change.offer.kind} {change.offer.key}{differs}")
    for member in members:
        parts = [f"gains {', '.join(member.gains)}"] if member.gains else []
        parts += [f"loses {', '.join(member.loses)}"] if member.loses else []
        print(f"  {member.member_id} {'; '.join(parts)}")
    print(f"{len(changes)} objects at Stripe {said} changed, {len(members)} members {said} affected.")

"""The smallest story that still goes wrong: one life alone, and without every act that it can do without."""

from collections.abc import Mapping
from dataclasses import replace

from tests.chaos.crowd import Plan, acts_of
from tests.chaos.house import Variant
from tests.chaos.live import Report, live
from tests.parts import SessionParts

ROUNDS = 7
TRIES = 12


async def told(plan: Plan, report: Report, parts: SessionParts, variant: Variant) -> str:
    """What was wrong with the first member that anything was wrong with, and its life, as short as it could be made.

    Races do not always come out the same: a life that does not fail alone is told whole.
    """
    faults: Mapping[str, list[str]] = report.rest or report.decisions
    member = min((each for each in faults if each in report.stories), default=min(faults))
    found = await smallest(plan, member, parts, variant)
    idle, story, wrong = found or (plan.idle, report.stories.get(member, []), faults[member])
    only = "" if member not in report.stories else f" --only {member}"
    without = "".join(f" --without {name}" for name in idle) if found else ""
    again = f"python -m tests.chaos --seed {plan.seed} --people {plan.people}{only if found else ''}{without}"
    others = f"{len(report.rest)} wrong at rest, {len(report.decisions)} on the way"
    return "\n".join([f"{member} of seed {plan.seed} ({others}):", *wrong[:3], again, *story])


async def smallest(
    plan: Plan, member: str, parts: SessionParts, variant: Variant
) -> tuple[list[str], list[str], list[str]] | None:
    """The acts that it does without, its story, and what is wrong then; None when alone nothing is."""
    alone = replace(plan, only=[member])
    report = await live(alone, parts, variant)
    if not report.faulty:
        return None
    idle: list[str] = []
    names = [name for number in range(ROUNDS, 0, -1) for name in reversed(acts_of(plan, member, number))]
    for name in names[:TRIES]:
        shorter = await live(replace(alone, idle=[*idle, name]), parts, variant)
        if shorter.faulty:
            idle, report = [*idle, name], shorter
    wrong = [fault for faults in (*report.rest.values(), *report.decisions.values()) for fault in faults]
    return idle, report.stories[member], wrong

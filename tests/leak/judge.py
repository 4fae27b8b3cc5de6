"""The verdict on one case for one caller."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from execution.contract import Contract
from execution.model import Answer
from gating.model import Denied
from tests.leak.cases import Case
from tests.leak.oracle import Position, denials_of, denied_resolvers, differences, expected_answer
from tests.leak.planted import BARE_OPERATOR, MEMBERS, PLANTED
from tests.leak.world import World

FOR_MEMBERS = "entitlementsChanged"
"""The one root that refuses callers who are no member by itself, whatever they hold."""

NODES_OF_MEMBERS = re.compile(r'nodes?\(ids?: \[?"mem_')
"""What `node` and `nodes` answer with null, as if it did not exist, to operators who may not read members."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wrong` is empty when all is well; `told` all that the client received; `read` the planted tables touched."""

    wrong: list[str]
    told: str
    read: set[str]


async def judge(world: World, caller: str, case: Case, contract: Contract | None = None) -> Verdict:
    """One case for one caller, on its own contract unless another is given."""
    ungated = await world.ungated(caller, case)
    positions = list(world.log.resolved)
    answers = await world.ask(caller, case, contract)
    resolved, read = list(world.log.resolved), touched(world, case)
    # Twice: a plan is completed carefully at first, and by generated code from then on.
    served = [await world.ask(caller, case, contract or world.shipped[caller]) for _ in range(2)]
    read |= touched(world, case)
    denials = denials_of(world.contracts[caller].rules, await world.access_of(caller))
    told = tell(answers) + "".join(map(tell, served))
    wrong = [f"resolved {name}" for name in denied_resolvers(resolved, denials)]
    if caller not in PLANTED[case.coordinate].held_by:
        wrong += [f"told {value}" for value in PLANTED[case.coordinate].values if value in told]
        wrong += [f"touched {table}" for table in sorted(read)]
    for each in (answers, *served):
        wrong += deviations(caller, case, each, (ungated, positions), denials)
    return Verdict(wrong, told, read)


def tell(answers: Sequence[Answer]) -> str:
    """All that a client receives: data, errors, extensions."""
    return json.dumps([answer.payload() for answer in answers], default=str)


def touched(world: World, case: Case) -> set[str]:
    """The tables planted for the case's coordinate that statements read; that they write, too, if it is a mutation.

    A mutation that is allowed may write what its answer may not show.
    """
    verbs = "FROM|JOIN|INTO|UPDATE" if case.coordinate.startswith("Mutation.") else "FROM|JOIN"
    tables = PLANTED[case.coordinate].tables
    return {table for table in tables for sql in world.log.statements if re.search(rf"\b({verbs})\s+{table}\b", sql)}


def deviations(
    caller: str,
    case: Case,
    answers: Sequence[Answer],
    reference: tuple[Sequence[Answer], Sequence[Position]],
    denials: Mapping[tuple[str, str], Denied],
) -> list[str]:
    """Where the answers are not the ungated ones with the denied positions nulled."""
    ungated, positions = reference
    expected = [expected_answer(case.arrival.operation, answer.data, positions, denials) for answer in ungated]
    if expected[0].rejected:
        return differences(answers[0], expected[0])
    if caller == BARE_OPERATOR and NODES_OF_MEMBERS.search(case.query):
        [nothing] = [answer.data and answer.data.get(case.arrival.steps[0].field) for answer in answers]
        return [] if nothing in (None, [None, None]) and not answers[0].errors else ["`node` told of a member"]
    if any(answer.errors for answer in ungated):
        foreseen = FOR_MEMBERS in case.query and caller not in MEMBERS and list(answers) == list(ungated)
        return [] if foreseen else [f"the ungated answer has errors: {ungated}"]
    if len(answers) != len(expected):
        return [f"{len(answers)} answers, should be {len(expected)}"]
    return [one for answer, should in zip(answers, expected, strict=True) for one in differences(answer, should)]

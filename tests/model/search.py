"""Breadth first through every state that can be, so that the first fault found has a shortest way to it."""

from collections import deque
from dataclasses import dataclass
from itertools import chain

from tests.model.cache_side import cache_side
from tests.model.faults import faults
from tests.model.invariants import fault_in, is_stuck
from tests.model.stripe_side import stripe_side
from tests.model.world import NOTHING, Design, Setup, State, Step, initial


@dataclass(frozen=True)
class Outcome:
    """What a search has found: how many states there are, and the first fault with the steps that lead to it."""

    states: int
    fault: str | None = None
    trace: tuple[str, ...] = ()

    def __str__(self) -> str:
        steps = "".join(f"\n  {number:2}. {step}" for number, step in enumerate(self.trace, 1))
        return f"{self.states} states; {self.fault or 'nothing wrong'}{steps}"


def search(setup: Setup, design: Design) -> Outcome:
    """Ends at the first fault, or when every state has been seen."""
    start = initial(setup)
    came_from: dict[State, tuple[str, State | None]] = {start: ("", None)}
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        following = list(steps(state, setup, design))
        if is_stuck(state, setup, design, [name for name, _ in following]):
            return Outcome(len(came_from), "stuck: work is left that nobody will do", trace_to(state, came_from))
        for name, after in following:
            fault = fault_in(after, setup, design)
            if fault:
                return Outcome(len(came_from), fault, (*trace_to(state, came_from), name))
            seen = after if after.answer == NOTHING else after._replace(answer=NOTHING)
            if seen not in came_from:
                came_from[seen] = name, state
                waiting.append(seen)
    return Outcome(len(came_from))


def steps(state: State, setup: Setup, design: Design) -> chain[Step]:
    return chain(stripe_side(state, setup, design), cache_side(state, setup, design), faults(state, setup, design))


def trace_to(state: State, came_from: dict[State, tuple[str, State | None]]) -> tuple[str, ...]:
    names: list[str] = []
    place: State | None = state
    while place is not None:
        name, place = came_from[place]
        names.append(name)
    return tuple(reversed(names[:-1]))

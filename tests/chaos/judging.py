"""Whether a decision was right for a state that the twin was in, and that was at most two seconds old.

The rule. The twin's log says what is demanded of a member from each of its lines on; when a line was written is known
by the machine's clock. A decision asked at `a` and answered at `b` has to be what is demanded by a state that was the
true one at some moment of [a - 2 s, b], by a clock between that of the question and that of the answer: dates that
have come are never served past, however new the state is.

Stripe has no one answer for all of it: customers are fetched apart, and so are a customer's subscriptions and disputes.
So the two seconds are each of these parts' own, and an answer may join parts that are right for different moments.

Where news can be lost (drop, refusals, timeouts, an endpoint away), two seconds cannot hold until a backfill has run:
PROTOCOL.md has it each minute, and serves what it knows while Stripe does not answer. Then the window begins two
seconds before the loss did, and ends two seconds after all was fetched again. Such decisions are counted apart.
"""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from typing import TypeVar

from tests.chaos.watch import Decision
from twin.demands import held_at, left_of
from twin.reading import Told

State = TypeVar("State")

STALE_SECONDS = 2.0
NEVER_RIGHT = "never right"


@dataclass
class Written:
    """When lines of the log were written: at `moments[i]` there were `counts[i]` of them."""

    moments: list[float] = field(default_factory=list[float])
    counts: list[int] = field(default_factory=list[int])

    def note(self, moment: float, count: int) -> None:
        self.moments.append(moment)
        self.counts.append(count)

    def of(self, number: int) -> tuple[float, float]:
        """The earliest and the latest moment at which that line may have been written."""
        after = bisect_right(self.counts, number)
        return self.moments[after - 1], self.moments[after]


def fault_in(decision: Decision, customers: Collection[Told], written: Written) -> str | None:
    """What is wrong with it; None when it was right. `customers` are all that ever were the member's."""
    oldest = min(decision.asked, decision.lossy_since or decision.asked) - STALE_SECONDS
    right = right_since(oldest, decision, customers, written)
    if decision.held in right:
        return None
    wanted = " or ".join(sorted(str(sorted(each)) for each in right))
    asked, *_, answered = (f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}" for at in decision.by_clock)
    age = _age(decision, customers, written)
    return f"by {decision.by}, {asked} to {answered}: {sorted(decision.held)}, {age}, where {wanted} was right"


def _age(decision: Decision, customers: Collection[Told], written: Written) -> str:
    """How old a state it would have been right for."""
    for age in (2.2, 2.5, 3, 4, 5, 7, 10, 20):
        if decision.held in right_since(decision.asked - age, decision, customers, written):
            return f"right less than {age} s before"
    return NEVER_RIGHT


def right_since(
    oldest: float, decision: Decision, customers: Collection[Told], written: Written
) -> set[frozenset[str]]:
    """Every answer that was right at some moment since then, until it was given."""
    found: set[frozenset[str]] = set()
    for moment in decision.by_clock:
        parts: list[set[frozenset[str]]] = []
        for told in customers:
            given = standing(told.given, written, oldest, decision.answered)
            suspended = standing(told.suspended, written, oldest, decision.answered)
            parts.append({held_at(left_of(*each), moment) & decision.about for each in product(given, suspended)})
        found.update(frozenset[str]().union(*each) for each in product(*parts))
    return found


def standing(states: Sequence[tuple[int, State]], written: Written, since: float, until: float) -> list[State]:
    """What was true at some moment of [since, until]."""
    found: list[State] = []
    for place, (number, state) in enumerate(states):
        began = written.of(number)[0] if number >= 0 else float("-inf")
        ended = written.of(states[place + 1][0])[1] if place + 1 < len(states) else float("inf")
        if began <= until and ended >= since:
            found.append(state)
    return found

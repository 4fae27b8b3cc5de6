"""What must hold, in the numbers of PROTOCOL 3.3: I1, I2 and what is under way at rest; I3, I4 and I6 at every step."""

from tests.model.world import ANSWERED, NOTHING, STORED, Design, Setup, State

AT_REST = ("remembers", "is asked", "a second passes", "the replica follows", "doubled", "evicted", "failover", "dies")
"""Steps, by a part of their names, that do not show that anything is still to be done."""


def fault_in(state: State, setup: Setup, design: Design) -> str | None:
    """The invariant that this state breaks. A failover suspends the second of I4 until it has healed."""
    if state.broken:
        return state.broken
    if any(event & ANSWERED and not event & STORED for event in state.events):
        return "I6: answered with 2xx, and not stored"
    if state.answer != NOTHING:
        if state.answer > state.row:
            return "I4: the answer was never committed"
        if not state.healing and state.answer < state.row and state.ages[state.answer] > 0:
            return "I4: the answer was superseded before the last second began"
    if not at_rest(state, setup, design):
        return None
    if state.contents[-1] != setup.holds[state.truth]:
        return "I1: at rest, the row is not what follows from Stripe's state"
    if state.entry not in (NOTHING, state.row):
        return "I2: at rest, the cache has neither nothing nor the row"
    return None


def at_rest(state: State, setup: Setup, design: Design) -> bool:
    """Nothing is left to do: every event is answered, synced and published, and nobody is at it."""
    return (
        all(event & ANSWERED for event in state.events)
        and state.truth + 1 == len(setup.holds)
        and state.dirty == state.clean
        and all(each.step == "claim" for each in state.workers)
        and (state.outbox == NOTHING or not setup.publishers)
        and all(each.step == "select" for each in state.publishers)
        and all(each.step == "idle" and not each.messages for each in state.readers)
        and (state.seen == state.incarnation or not design.republish)
    )


def is_stuck(state: State, setup: Setup, design: Design, names: list[str]) -> bool:
    """Work is left and nobody would ever do it: what was lost, was lost for good."""
    return not at_rest(state, setup, design) and all(any(part in name for part in AT_REST) for name in names)

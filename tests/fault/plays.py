"""What is to happen when in a member's turn. All racers read it off one clock, so that nobody has to tell anybody.

Most of what goes wrong in a lesser design needs several things in one order, seldom enough by chance that it would be
waited for in vain. So some turns are plays: whoever comes to a named point waits there for the others to pass.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

TURN_SECONDS = 0.14

Play = Literal["free", "late fill", "lost token"]
"""`free`: everybody as fast as he can, held up by chance.

`late fill`: the entry is evicted; somebody reads the row and is held up; a change is committed and published; the entry
is evicted again; what was read is put. The readers rest, since they would mend it.
`lost token`: a change is committed; a publisher takes the token, reads and is held up; the token is evicted; the
publisher puts.
"""
PLAYS: Sequence[Play] = ("free", "late fill", "lost token")

WRITES, EVICTS, PUTS = 0.2, 0.7, 0.85
"""Shares of a turn."""


@dataclass(frozen=True)
class Turn:
    number: int
    member_id: str
    play: Play

    def at(self, share: float) -> float:
        """On the machine's monotonic clock."""
        return (self.number + share) * TURN_SECONDS

    def seconds_until(self, share: float) -> float:
        return max(0.0, self.at(share) - time.monotonic())


def turn_of(members: Sequence[str]) -> Turn:
    """The present one. Each member's comes once in as many turns as there are members."""
    number = int(time.monotonic() / TURN_SECONDS)
    return Turn(number, members[number % len(members)], random.Random(number).choice(PLAYS))


def features_in(turn: Turn, features: Sequence[str]) -> list[str]:
    """What a play's change gives, whoever makes it: the second to record it changes nothing."""
    chosen = random.Random(turn.number)
    return chosen.sample(features, chosen.randrange(len(features)))

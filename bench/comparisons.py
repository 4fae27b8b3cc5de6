"""What Gatehouse is compared with itself for, and the bar each comparison is held to. Pure."""

from dataclasses import dataclass

from bench.figures import Change

OFF, ON = "gates off", "gates on, allowed"
DENIED, BY_ERROR = "denied", "denied by error"
AGAIN = "the same once more"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `measured` costs more than `base`. `most` is what is accepted, 0.05 for 5 %; the aim is no cost at all."""

    measured: str
    base: str
    most: float

    def verdict(self, change: Change) -> str:
        if change.upper > self.most:
            return "missed" if change.lower > self.most else "not shown"
        return "met" if change.median > 0 else "aim met"


GATING = Comparison(ON, OFF, most=0.01)
DENYING = Comparison(DENIED, ON, most=0.15)
DENYING_BY_ERROR = Comparison(BY_ERROR, ON, most=0.15)
NOTHING = Comparison(AGAIN, ON, most=0.01)
"""Two applications built alike: what is found between them is the method's own error."""
COMPARISONS = (GATING, NOTHING, DENYING, DENYING_BY_ERROR)

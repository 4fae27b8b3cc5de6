"""What Gatehouse is compared with itself for, and the bar each comparison is held to. Pure."""

from dataclasses import dataclass

from bench.figures import Change

OFF, ON = "gates off", "gates on, allowed"
DENIED, BY_ERROR = "denied", "denied by error"
OFF_UNASKED = "gates off, body not asked for"
UNWALLED = "gates and wall off"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `measured` costs more than `base`. `bar` is the most that is accepted, 0.05 for 5 %, if any."""

    measured: str
    base: str
    bar: float | None = None

    def verdict(self, change: Change) -> str:
        if self.bar is None:
            return "-"
        if change.upper <= self.bar:
            return "held"
        return "missed" if change.lower > self.bar else "not shown"


COMPARISONS = (
    Comparison(ON, OFF, bar=0.05),
    Comparison(DENIED, OFF, bar=0.10),
    Comparison(BY_ERROR, OFF, bar=0.10),
    Comparison(DENIED, OFF_UNASKED),
    Comparison(BY_ERROR, OFF_UNASKED),
    Comparison(DENIED, ON),
    Comparison(BY_ERROR, ON),
    Comparison(OFF, UNWALLED),
)

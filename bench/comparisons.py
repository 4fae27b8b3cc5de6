"""Which pairs are reported, and the bar each is held to. Pure."""

from dataclasses import dataclass

from bench.figures import Change


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `measured` costs more than `base`. `bar` is the most that is accepted, 0.05 for 5 %, if any."""

    name: str
    base: str
    measured: str
    bar: float | None = None

    def verdict(self, change: Change) -> str:
        if self.bar is None:
            return "-"
        if change.upper <= self.bar:
            return "held"
        return "missed" if change.lower > self.bar else "not shown"

"""The one clock of a run: the twin's and the service's. It runs as the machine's does, and leaps when told."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

START = 1_767_225_600


@dataclass
class LeapingClock:
    """`leapt`: seconds by which it is ahead of how long it has run. `landings`: what it showed after each leap."""

    began: float = 0.0
    leapt: float = 0.0
    landings: list[float] = field(default_factory=list[float])

    def __post_init__(self) -> None:
        self.began = time.monotonic()

    def seconds(self) -> float:
        return START + time.monotonic() - self.began + self.leapt

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds(), UTC)

    def leap(self, seconds: float) -> None:
        self.leapt += seconds
        self.landings.append(self.seconds())

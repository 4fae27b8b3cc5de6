"""The one clock of a run: the twin's and the service's. It runs as the machine's does, and leaps when told."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

START = 1_767_225_600


@dataclass
class LeapingClock:
    """`leapt`: seconds by which it is ahead of how long it has run."""

    began: float = 0.0
    leapt: float = 0.0

    def __post_init__(self) -> None:
        self.began = time.monotonic()

    def seconds(self) -> float:
        return START + time.monotonic() - self.began + self.leapt

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds(), UTC)

    def leap(self, seconds: float) -> None:
        self.leapt += seconds

"""How long to wait for a part: one that has just failed to answer gets little, until it answers again."""


class Patience:
    """`seconds` is what the next call may take."""

    def __init__(self, seconds: float = 0.9, *, little_seconds: float = 0.2) -> None:
        self._full = seconds
        self._little = min(little_seconds, seconds)
        self.seconds = seconds

    def answered(self) -> None:
        self.seconds = self._full

    def failed(self) -> None:
        self.seconds = self._little

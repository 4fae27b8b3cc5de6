"""Showing what is being done: one line for each step that takes a while, moving on a terminal."""

import itertools
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TextIO

_SIGNS = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_TICK_SECONDS = 0.1
_PATIENCE_SECONDS = 0.8
"""What takes less is not worth a line."""


@dataclass(slots=True)
class Progress:
    """Call it with what begins, `done()` when all has ended. Off a terminal each step is one plain line."""

    out: TextIO = field(default_factory=lambda: sys.stderr)
    _end: threading.Event | None = None
    _teller: threading.Thread | None = None

    def __call__(self, step: str) -> None:
        self.done()
        self._end = threading.Event()
        tell = self._move if self.out.isatty() else self._say
        self._teller = threading.Thread(target=tell, args=(step, self._end), daemon=True)
        self._teller.start()

    def done(self) -> None:
        if self._end and self._teller:
            self._end.set()
            self._teller.join()
        self._end = self._teller = None

    def _say(self, step: str, end: threading.Event) -> None:
        if not end.wait(_PATIENCE_SECONDS):
            print(f"  {step} …", file=self.out, flush=True)

    def _move(self, step: str, end: threading.Event) -> None:
        started = time.monotonic()
        if end.wait(_PATIENCE_SECONDS):
            return
        for sign in itertools.cycle(_SIGNS):
            ended = end.wait(_TICK_SECONDS)
            line = f"\r\033[K  {'✓' if ended else sign} {step} ({time.monotonic() - started:.1f} s)"
            print(line, end="\n" if ended else "", file=self.out, flush=True)
            if ended:
                return

"""Showing what is being done: one line for each step, with a moving sign and the seconds on a terminal."""

import itertools
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TextIO

_SIGNS = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_TICK_SECONDS = 0.1


@dataclass(slots=True)
class Progress:
    """Call it with what begins; `done()` when all has ended. Elsewhere than on a terminal it prints plain lines."""

    out: TextIO = field(default_factory=lambda: sys.stderr)
    _end: threading.Event | None = None
    _ticker: threading.Thread | None = None

    def __call__(self, step: str) -> None:
        self.done()
        if not self.out.isatty():
            print(f"  {step} …", file=self.out, flush=True)
            return
        self._end = threading.Event()
        self._ticker = threading.Thread(target=self._tick, args=(step, self._end), daemon=True)
        self._ticker.start()

    def done(self) -> None:
        if self._end and self._ticker:
            self._end.set()
            self._ticker.join()
        self._end = self._ticker = None

    def _tick(self, step: str, end: threading.Event) -> None:
        started = time.monotonic()
        for sign in itertools.cycle(_SIGNS):
            ended = end.wait(_TICK_SECONDS)
            line = f"\r\033[K  {'✓' if ended else sign} {step} ({time.monotonic() - started:.1f} s)"
            print(line, end="\n" if ended else "", file=self.out, flush=True)
            if ended:
                return

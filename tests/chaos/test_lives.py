"""A thousand random lives through chaos: every decision on the way was right, and all that is held at rest is true.

Each process lives some of the crowds, with a database, a cache, a twin and a clock of its own. What failed is told
with its seed and its story: `tests/chaos/telling.py`.
"""

import subprocess
import sys
from collections import Counter

import pytest

from tests.fault.processes import without_settings

pytestmark = pytest.mark.alone

PEOPLE = 50
PROCESSES = 2
COMMAND = [sys.executable, "-m", "tests.chaos", "--people", str(PEOPLE)]


def live(lives: int, first_seed: int) -> Counter[str]:
    """What happened in so many lives, counted; fails with the first story that went wrong."""
    crowds = lives // PEOPLE // PROCESSES
    started = [
        subprocess.Popen(
            [*COMMAND, "--seed", str(first_seed + number * crowds), "--crowds", str(crowds)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=without_settings(),
        )
        for number in range(PROCESSES)
    ]
    outputs = [process.communicate()[0] for process in started]
    counts = Counter[str]()
    for process, output in zip(started, outputs, strict=True):
        assert process.returncode == 0, output
        lines = (line.partition(" ") for line in output.splitlines())
        counts.update({what: int(count) for count, _, what in lines if count.isdecimal()})
    return counts


def check(counts: Counter[str], lives: int) -> None:
    """That there was something to see."""
    assert counts["lives"] == lives
    assert counts["free lives"] * 5 <= lives
    assert counts["decisions"] > lives


def test_a_thousand_lives() -> None:
    check(live(1_000, first_seed=1), 1_000)


@pytest.mark.soak
def test_ten_thousand_lives() -> None:
    check(live(10_000, first_seed=1_001), 10_000)

"""The long runs: a step that fails or does not end is told of, and nothing of it goes on."""

import sys
from pathlib import Path

from tests.fault.processes import eventually, lives
from tests.soak import Step, run

ENDLESS = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"


def test_a_step_that_ends_in_time_went_well() -> None:
    assert run("short", Step(60, [sys.executable, "-c", ""])).well


def test_a_step_that_fails_is_told_of() -> None:
    outcome = run("failing", Step(60, [sys.executable, "-c", "raise SystemExit(3)"]))
    assert (outcome.well, outcome.said) == (False, "failed, status 3")


def test_a_step_that_does_not_end_is_broken_off_with_all_that_it_began(tmp_path: Path) -> None:
    place = tmp_path / "pid"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ENDLESS!r}, {str(place)!r}])"
    outcome = run("endless", Step(3, [sys.executable, "-c", parent]))
    assert (outcome.well, outcome.said) == (False, "broken off at its limit")
    child = int(place.read_text())
    assert eventually(lambda: not lives(child))

"""`./dev soak [STEP ...]`: the long runs, one after the other, then the figures of the fault bars in full.

Each step is a process of its own with a time limit. Whatever becomes of one, the next follows, and all are told of at
the end. The figures are in `docs/fault-report.md`, as far as they have come.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

HOUR = 3600.0
FAREWELL_SECONDS = 20.0
"""For a step that is told to end."""
NONE_CHOSEN = 5
"""pytest's status when there is nothing to run."""

TOGETHER = ("-n", "2")


@dataclass(frozen=True)
class Step:
    """`seconds` is several times what it took when it was tried."""

    seconds: float
    command: Sequence[str]


@dataclass(frozen=True)
class Outcome:
    name: str
    said: str
    seconds: float
    well: bool


def pytest_in(*paths: str, hours: float, options: Sequence[str] = ()) -> Step:
    return Step(hours * HOUR, [sys.executable, "-m", "pytest", "-m", "soak", "--durations=3", *options, *paths])


PLACES: Mapping[str, Step] = {
    "model": pytest_in("tests/model", hours=2),
    "faults": pytest_in("tests/fault", hours=2),
    "differential": pytest_in("tests/differential", hours=4, options=TOGETHER),
    "leaks": pytest_in("tests/leak", hours=4, options=TOGETHER),
    "shuffles": pytest_in("tests/flow/test_shuffled_histories.py", hours=6, options=TOGETHER),
    "drifts": pytest_in("tests/flow/test_reconcile.py", hours=1, options=TOGETHER),
    "lives": pytest_in("tests/chaos", hours=2),
}
ELSEWHERE = [f"--ignore={step.command[-1]}" for step in PLACES.values()]
STEPS: Mapping[str, Step] = {
    **PLACES,
    "others": pytest_in("tests", hours=4, options=(*TOGETHER, *ELSEWHERE)),
    "figures": Step(30 * HOUR, [sys.executable, "-m", "tests.fault.figures", "full"]),
}


def main(*names: str) -> int:
    """0 when every step went well."""
    if unknown := [name for name in names if name not in STEPS]:
        say(f"./dev soak knows no step {unknown[0]!r}; it knows {', '.join(STEPS)}.")
        return 2
    outcomes: list[Outcome] = []
    for name in names or STEPS:
        say(f"== {name}: at most {STEPS[name].seconds / HOUR:g} h")
        outcomes.append(run(name, STEPS[name]))
    say("\n".join(f"{each.name:14} {each.seconds:8.0f} s  {each.said}" for each in outcomes))
    return 0 if all(each.well for each in outcomes) else 1


def run(name: str, step: Step) -> Outcome:
    """In a process group of its own, so that all of it ends at the limit."""
    began = time.monotonic()
    process = subprocess.Popen(step.command, start_new_session=True)
    try:
        status = process.wait(step.seconds)
    except subprocess.TimeoutExpired:
        return Outcome(name, "broken off at its limit", time.monotonic() - began, well=False)
    finally:
        end(process)
    well = status in (0, NONE_CHOSEN)
    return Outcome(name, "well" if well else f"failed, status {status}", time.monotonic() - began, well)


def end(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(FAREWELL_SECONDS)
            return


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - its purpose


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Load on one server by wrk: one thread, connections kept alive, every answer compared."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.faults import RunFailed, Unanswered
from bench.processor import processor_seconds

_SCRIPT = Path(__file__).with_name("wrk.lua")
_LONGEST_ANSWER_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Shot:
    """What is sent to `url`, and the file with what must come back byte for byte.

    `variables` tell `wrk.lua` what to send: by environment, for a token never stands in a command.
    """

    url: str
    expected: Path
    variables: Mapping[str, str]
    connections: int


def repeating(body: str, token: str) -> dict[str, str]:
    """The variables of a shot that sends the same request again and again."""
    return {"BENCH_BODY": body, "BENCH_TOKEN": token}


def each_once(requests: Path) -> dict[str, str]:
    """The variables of a shot that sends each request of a file once."""
    return {"BENCH_REQUESTS": str(requests)}


@dataclass(frozen=True, slots=True)
class Sample:
    """One row in one round. Latencies in milliseconds, processor time in microseconds for each request."""

    requests: int
    per_second: float
    p50: float
    p99: float
    server_cpu: float
    postgres_cpu: float


def load(shot: Shot, seconds: float, *, server: int, postgres: int) -> Sample:
    """Sends `shot` for `seconds` (whole ones, at least 1). `server` and `postgres` are process ids.

    Raises RunFailed when any answer is not 200, differs from the expected one, or does not come, and
    when requests that are to be sent once ran out; Unanswered when none came at all.
    """
    command = ["wrk", "-t1", f"-c{shot.connections}", f"-d{max(1, round(seconds))}s"]
    command += [f"--timeout={_LONGEST_ANSWER_SECONDS}s", "-s", str(_SCRIPT), shot.url]
    variables = {"BENCH_EXPECTED": str(shot.expected), **shot.variables}
    server_before, postgres_before = processor_seconds(server), processor_seconds(postgres)
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=False)
    server_after, postgres_after = processor_seconds(server), processor_seconds(postgres)
    if done.returncode:
        raise RunFailed(f"wrk ended with {done.returncode} on {shot.url}: {done.stderr.strip()}")
    counted = counts_of(done.stdout, shot.url)
    requests = counted["requests"]
    return Sample(
        requests,
        requests * 1e6 / counted["microseconds"],
        counted["p50"] / 1e3,
        counted["p99"] / 1e3,
        (server_after - server_before) * 1e6 / requests,
        (postgres_after - postgres_before) * 1e6 / requests,
    )


def counts_of(output: str, url: str) -> dict[str, Any]:
    """What `wrk.lua` counted, from its last line. Raises RunFailed when any answer was not the expected one.

    The line before begins the first answer that was not.
    """
    *_, example, last = output.splitlines()
    counted = json.loads(last)
    for what in ("refused", "different", "repeated", "broken"):
        if counted[what]:
            raise RunFailed(f"{counted[what]} of {counted['requests']} answers of {url} were {what}: {example}")
    if not counted["requests"]:
        raise Unanswered(f"{url} answered nothing: take longer samples, `--seconds`")
    return counted

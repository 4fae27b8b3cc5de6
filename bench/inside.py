"""Processor time of whole requests inside one process, without HTTP: far less noise than under load.

Run by `measure_inside` as a process of its own, with the environment of a server: every variant of Gatehouse in one
interpreter, asked in turn through ASGI. In each round every arm has twenty turns, in another order each time, so that
whatever comes and goes within a second meets all arms alike.
"""

import gc
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median
from typing import Any

import uvloop
from starlette.applications import Starlette

from bench import gatehouse
from bench.answers import check_answer, graphql_data
from bench.cases import LIST
from bench.comparisons import AGAIN, BY_ERROR, DENIED, OFF, ON
from bench.faults import RunFailed
from bench.ground import Ground
from bench.rows import GATEHOUSE, POSITIONS
from bench.run import HEADERS
from bench.servers import environment

WARM_UP_REQUESTS = 100
TURNS = 20
TURN_REQUESTS = 20


@dataclass(frozen=True, slots=True)
class Arm:
    """A variant of Gatehouse, by whom it is asked (`pro` or `free`), and how many errors it answers with."""

    build: Callable[[], Starlette]
    caller: str
    errors: int = 0


ARMS = {
    OFF: Arm(gatehouse.ungated, "pro"),
    ON: Arm(gatehouse.shipped, "pro"),
    AGAIN: Arm(gatehouse.shipped, "pro"),
    DENIED: Arm(gatehouse.shipped, "free"),
    BY_ERROR: Arm(gatehouse.denying_by_error, "free", errors=POSITIONS),
}


def measure_inside(ground: Ground, tokens: Mapping[str, str], rounds: int) -> dict[str, list[float]]:
    """CPU microseconds for each request, by arm, one figure for each round. `tokens` by caller. Raises RunFailed."""
    order = json.dumps({"tokens": dict(tokens), "rounds": rounds})
    command = [sys.executable, "-m", "bench.inside"]
    environ = environment(ground, os.environ)
    done = subprocess.run(command, input=order, capture_output=True, text=True, env=environ, check=False)
    if done.returncode:
        raise RunFailed(f"measuring inside one process failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


async def main() -> None:
    order = json.loads(sys.stdin.read())
    async with AsyncExitStack() as stack:
        asks: dict[str, Callable[[], Any]] = {}
        for name, arm in ARMS.items():
            app = arm.build()
            await stack.enter_async_context(app.router.lifespan_context(app))
            asks[name] = await _asking(app, order["tokens"][arm.caller], arm.errors)
        for ask in asks.values():
            await _block(ask, WARM_UP_REQUESTS)
        gc.collect()
        gc.freeze()  # several applications stand in this heap, where a server has one
        chance = random.Random(1)
        rounds = [await _round(asks, chance) for _ in range(order["rounds"])]
    json.dump({name: [taken[name] for taken in rounds] for name in asks}, sys.stdout)


async def _round(asks: Mapping[str, Callable[[], Any]], chance: random.Random) -> dict[str, float]:
    """CPU microseconds for each request, by arm: the median of its turns, since what disturbs one is no arm's."""
    spent: dict[str, list[float]] = {name: [] for name in asks}
    for _ in range(TURNS):
        for name in chance.sample(list(asks), len(asks)):
            spent[name].append(await _block(asks[name], TURN_REQUESTS))
    return {name: median(seconds) * 1e6 / TURN_REQUESTS for name, seconds in spent.items()}


async def _block(ask: Callable[[], Any], requests: int) -> float:
    """CPU seconds of `requests` requests, one after the other."""
    before = time.process_time()
    for _ in range(requests):
        await ask()
    return time.process_time() - before


async def _asking(app: Starlette, token: str, errors: int) -> Callable[[], Any]:
    """A request through ASGI. Raises RunFailed when an answer has another number of errors, or is not the first one."""
    request = {"type": "http.request", "body": json.dumps({"query": LIST.query}).encode(), "more_body": False}
    scope = _scope({**HEADERS, "authorization": f"Bearer {token}"})
    answered: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return request

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            answered.append(message["body"])

    async def ask() -> bytes:
        answered.clear()
        await app(dict(scope), receive, send)
        return b"".join(answered)

    expected = await ask()
    check_answer("Gatehouse inside one process", expected, expected, graphql_data, errors)

    async def ask_again() -> None:
        if await ask() != expected:
            raise RunFailed(f"another answer inside one process: {answered[0][:300]!r}")

    return ask_again


def _scope(headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": GATEHOUSE.path,
        "raw_path": GATEHOUSE.path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }


if __name__ == "__main__":
    uvloop.run(main())

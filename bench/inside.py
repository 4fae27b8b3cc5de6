"""Processor time of whole requests inside one process, without HTTP: far less noise than under load.

Run by `measure_inside` as a process of its own, with the environment of a server: every variant of Gatehouse in one
interpreter, asked in turn through ASGI. Each round asks every arm in another order.
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
from typing import Any

import uvloop
from starlette.applications import Starlette

from bench import gatehouse
from bench.comparisons import BY_ERROR, DENIED, OFF, OFF_UNASKED, ON, UNWALLED
from bench.faults import RunFailed
from bench.ground import Ground
from bench.rows import GATEHOUSE, LIST
from bench.run import HEADERS
from bench.servers import environment

WARM_UP_REQUESTS = 50
BLOCK_REQUESTS = 20


@dataclass(frozen=True, slots=True)
class Arm:
    """A variant of Gatehouse, what it is asked and by whom (`pro` or `free`)."""

    build: Callable[[], Starlette]
    caller: str
    query: str = LIST.query


ARMS = {
    OFF: Arm(gatehouse.ungated, "pro"),
    ON: Arm(gatehouse.shipped, "pro"),
    DENIED: Arm(gatehouse.shipped, "free"),
    BY_ERROR: Arm(gatehouse.denying_by_error, "free"),
    OFF_UNASKED: Arm(gatehouse.ungated, "free", LIST.query.replace(" body ", " ")),
    UNWALLED: Arm(gatehouse.unwalled, "pro"),
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
            asks[name] = _asking(app, arm.query, order["tokens"][arm.caller])
        for ask in asks.values():
            await _block(ask, WARM_UP_REQUESTS)
        gc.collect()
        gc.freeze()  # six applications stand in this heap, where a server has one
        taken: dict[str, list[float]] = {name: [] for name in asks}
        chance = random.Random(1)
        for _ in range(order["rounds"]):
            for name in chance.sample(list(asks), len(asks)):
                taken[name].append(await _block(asks[name], BLOCK_REQUESTS))
    json.dump(taken, sys.stdout)


async def _block(ask: Callable[[], Any], requests: int) -> float:
    """CPU microseconds for each of `requests` requests, one after the other."""
    gc.collect()
    before = time.process_time()
    for _ in range(requests):
        await ask()
    return (time.process_time() - before) * 1e6 / requests


def _asking(app: Starlette, query: str, token: str) -> Callable[[], Any]:
    """A request through ASGI. Fails on any other status than 200."""
    body = json.dumps({"query": query}).encode()
    scope = _scope({**HEADERS, "authorization": f"Bearer {token}"})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise RunFailed(f"{message['status']} inside one process")

    async def ask() -> None:
        await app(dict(scope), receive, send)

    return ask


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

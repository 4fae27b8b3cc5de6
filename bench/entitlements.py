"""What a decision costs and how fast a change of it travels, each beside its bar: no peer has the like to compare with.

A warm decision is one whose entry is in memory, under a second old. The edge's is that of `edge/gate.mjs` in Node, a
token's signature verified each time.
"""

import asyncio
import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.data import PRO
from bench.faults import RunFailed
from bench.ground import ISSUER, TOKEN_LIFE, Ground
from bench.propagation import BARS, measure
from clock import SystemClock
from gating.model import Mode, Rule, decide
from gating.postgres import PostgresSnapshots
from gating.redis import RedisSnapshots
from gating.store import EntitlementStore
from identity.model import Kind, Principal
from identity.tokens import Held, mint
from storage.database import connect
from storage.redis import connect_redis

MICRO, MILLI = 1e-6, 1e-3
ROUNDS, DECISIONS = 50, 2000
CHANGES, RATE = 300, 20.0
EDGE_REQUESTS, EDGE_WARM_UP = 1000, 50
RULE = Rule("Article.body", Mode.LOCK, needs=((frozenset({"content_premium"}),),))
EDGE = Path(__file__).with_name("edge.mjs")


@dataclass(frozen=True, slots=True)
class Bar:
    """`measured` and `most` in `unit`."""

    figure: str
    measured: float
    most: float
    unit: str

    @property
    def verdict(self) -> str:
        return "met" if self.measured <= self.most else "missed"


def measure_entitlements(ground: Ground) -> list[Bar]:
    """Raises RunFailed when a warm decision waits for anything."""
    places = ground.variables["GATEHOUSE_DATABASE_URL"], ground.variables["GATEHOUSE_REDIS_URL"]
    warm = asyncio.run(measure_warm(*places))
    told = asyncio.run(measure(*places, CHANGES, RATE))
    edge = measure_edge(ground)
    travels = "from a commit to the changed answer of another process"
    return [
        Bar("a warm decision, median of rounds", median(warm) / MICRO, 2, "µs"),
        Bar("trips to Redis or PostgreSQL of a warm decision", 0, 0, ""),
        Bar(f"{travels}, p50", told.p50 / MILLI, BARS["p50"] / MILLI, "ms"),
        Bar(f"{travels}, p99", told.p99 / MILLI, BARS["p99"] / MILLI, "ms"),
        Bar(f"{travels}, the longest of {told.changes}", told.max / MILLI, BARS["max"] / MILLI, "ms"),
        Bar(f"a decision at the edge, p99 of {len(edge)}", edge[len(edge) * 99 // 100], 5, "ms"),
    ]


async def measure_warm(database_url: str, redis_url: str) -> list[float]:
    """Seconds for each decision, one figure for each round."""
    database, redis, clock = connect(database_url), connect_redis(redis_url), SystemClock()
    store = EntitlementStore(PostgresSnapshots(database), RedisSnapshots(redis, clock), clock)
    try:
        return [await warm_round(store, Principal(Kind.MEMBER, PRO)) for _ in range(ROUNDS)]
    finally:
        await redis.aclose()
        await database.close()


async def warm_round(store: EntitlementStore, caller: Principal, decisions: int = DECISIONS) -> float:
    """Seconds for each. Raises RunFailed when one of them waits, as it would for whatever is outside the process."""
    await store.access_for(caller)
    began, deciding = time.perf_counter(), _decide_often(store, caller, decisions)
    try:
        deciding.send(None)
    except StopIteration:
        return (time.perf_counter() - began) / decisions
    deciding.close()
    raise RunFailed("a warm decision left the process")


async def _decide_often(store: EntitlementStore, caller: Principal, decisions: int) -> None:
    for _ in range(decisions):
        decide(RULE, await store.access_for(caller))


def measure_edge(ground: Ground) -> Sequence[float]:
    """Milliseconds, in order of size."""
    now = SystemClock().now()
    held = Held("pro", frozenset({"content_premium"}), 1, None)
    caller = Principal(Kind.MEMBER, PRO)
    token = mint(caller, ground.keys.signing, TOKEN_LIFE, issuer=ISSUER, now=now, held=held)
    route = {"path": "/articles/", "feature": "content_premium", "fresh": False, "plans": ["pro"]}
    state: dict[str, Any] = {
        "issuer": ISSUER,
        "audience": "gatehouse",
        "upgrade": "/upgrade",
        "routes": [route],
        "changed": {},
    }
    order = {"state": state, "keys": ground.keys.jwks(), "now": now.timestamp(), "path": "/articles/1", "token": token}
    times = {"requests": EDGE_REQUESTS, "warmUp": EDGE_WARM_UP}
    done = subprocess.run(
        ["node", str(EDGE)], input=json.dumps({**order, **times}), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RunFailed(f"the edge's gate failed:\n{done.stderr[-2000:]}")
    return sorted(json.loads(done.stdout))
